/**
 * `<state>/pids/<unit>.pid`, for what looks for a process by such a file: the pid and a newline, as long as the process runs.
 */
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Paths } from "../platform/index.ts";
import { type Store, StoreUnusable } from "./Store.ts";

/** The store, with a file for each process that it knows of. `unwritable` hears of each that cannot be written. The folder must be private. */
export const beside = (store: Store, directory: string, unwritable: (error: StoreUnusable) => void): Store => {
  const nameOf = (unit: string): string => `${Paths.fileName(unit)}.pid`;
  const attempt = (name: string, act: (file: string) => void): void => {
    const file = join(directory, name);
    try {
      act(file);
    } catch (cause) {
      unwritable(new StoreUnusable({ file, reason: cause instanceof Error ? cause.message : String(cause) }));
    }
  };
  const known = new Set(store.processes.map(({ unit }) => nameOf(unit)));
  // Of an earlier boot, or of what has ended since.
  for (const name of readdirSync(directory)) if (!known.has(name)) attempt(name, (file) => rmSync(file, { force: true }));
  return {
    ...store,
    get processes() {
      return store.processes;
    },
    putProcess: (record) => {
      store.putProcess(record);
      const { identity, unit } = record;
      if (identity === null) return;
      attempt(nameOf(unit), (file) => {
        // Whoever reads it finds a whole one.
        writeFileSync(`${file}.new`, `${identity.pid}\n`, { mode: 0o644 });
        renameSync(`${file}.new`, file);
      });
    },
    removeProcess: (unit) => {
      store.removeProcess(unit);
      attempt(nameOf(unit), (file) => rmSync(file, { force: true }));
    },
  };
};
