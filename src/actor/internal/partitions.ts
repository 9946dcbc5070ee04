/**
 * The partitions of a supervisor: which one a key belongs to, and how many of them are in use.
 */
import * as Hash from "effect/Hash";
import * as Semaphore from "effect/Semaphore";
import type { Cell } from "./cell.ts";
import type { SupervisorCell } from "./supervisorCell.ts";

/** An integer goes to its remainder, anything else to that of its hash: equal keys go to the same partition. */
export const partitionOf = (key: unknown, partitions: number): number => {
  if (Number.isSafeInteger(key)) return Math.abs(key as number) % partitions;
  if (typeof key === "bigint") return Number((key < 0n ? -key : key) % BigInt(partitions));
  return Math.abs(Hash.hash(key)) % partitions;
};

/** What the refs of one supervisor share. */
export class Table {
  /** Resizes are done one after the other. */
  readonly lock = Semaphore.makeUnsafe(1);
  private readonly supervisor: SupervisorCell;
  private incarnation = 0;
  private inUse = 0;
  private cells: ReadonlyArray<Cell> = [];

  constructor(supervisor: SupervisorCell) {
    this.supervisor = supervisor;
  }

  get max(): number {
    return this.supervisor.spec.children.length;
  }

  /** Partitions that keys go to: all of them after each start. */
  get active(): number {
    const { incarnation } = this.supervisor;
    if (this.incarnation !== incarnation) {
      this.incarnation = incarnation;
      this.cells = this.supervisor.spec.children.flatMap(({ id }) => this.supervisor.cellOf(id) ?? []);
      this.inUse = this.cells.length;
    }
    return this.inUse;
  }

  set active(partitions: number) {
    this.inUse = partitions;
  }

  at(partition: number): Cell | undefined {
    return partition < this.active ? this.cells[partition] : undefined;
  }
}

const tables = new WeakMap<SupervisorCell, Table>();

/** The table of a supervisor, the same for all its refs. */
export const tableOf = (supervisor: SupervisorCell): Table => {
  const known = tables.get(supervisor);
  if (known !== undefined) return known;
  const table = new Table(supervisor);
  tables.set(supervisor, table);
  return table;
};
