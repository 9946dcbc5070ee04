/**
 * Writes to the rows of processes and units that go to the disk together: one transaction, and of each row the last state only.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ProcessRecord, UnitMemory } from "./Store.ts";

export interface Batch {
  /** Null: removed. */
  readonly processes: Map<string, ProcessRecord | null>;
  readonly units: Map<string, UnitMemory>;
  readonly isEmpty: boolean;
  /** All or nothing; what fails is given up. */
  readonly flush: () => void;
}

export const batched = (db: DatabaseSync): Batch => {
  const putProcess = db.prepare("INSERT OR REPLACE INTO processes VALUES (?, ?)");
  const removeProcess = db.prepare("DELETE FROM processes WHERE unit = ?");
  const putUnit = db.prepare("INSERT OR REPLACE INTO units VALUES (?, ?)");
  const [begin, commit, rollback] = [db.prepare("BEGIN"), db.prepare("COMMIT"), db.prepare("ROLLBACK")];
  const processes = new Map<string, ProcessRecord | null>();
  const units = new Map<string, UnitMemory>();
  const write = (): void => {
    for (const [unit, record] of processes) {
      if (record === null) removeProcess.run(unit);
      else putProcess.run(unit, JSON.stringify(record));
    }
    for (const [unit, memory] of units) putUnit.run(unit, JSON.stringify(memory));
  };
  return {
    processes,
    units,
    get isEmpty() {
      return processes.size === 0 && units.size === 0;
    },
    flush: () => {
      const count = processes.size + units.size;
      if (count === 0) return;
      try {
        // One write is a transaction of its own.
        if (count > 1) begin.run();
        write();
        if (count > 1) commit.run();
      } catch (cause) {
        if (db.isTransaction) rollback.run();
        throw cause;
      } finally {
        processes.clear();
        units.clear();
      }
    },
  };
};
