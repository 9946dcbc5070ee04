/**
 * A supervisor's children: by id, by cell, and in start order. A removed child leaves a gap in the order until a compaction, so that removing
 * one costs the same among ten and among a million.
 */
import type { Cell } from "./cell.ts";
import { Child, type ErasedSpec } from "./child.ts";

/** Compaction moves positions, so it waits for gaps to be worth it. */
const fewGaps = 32;

export class Children {
  /** By id; one without an id by its cell. */
  readonly byKey = new Map<string | Cell, Child>();
  private order: Array<Child | null> = [];
  private gaps = 0;

  /** Positions that are in use, gaps included. */
  get length(): number {
    return this.order.length;
  }

  /** The child at a position of the start order; undefined at a gap. */
  at(position: number): Child | undefined {
    return this.order[position] ?? undefined;
  }

  /** All of them, in start order. */
  list(): ReadonlyArray<Child> {
    return this.order.filter((child) => child !== null);
  }

  of(cell: Cell): Child | undefined {
    const named = this.byKey.get(cell.id);
    return named !== undefined && named.cell === cell ? named : this.byKey.get(cell);
  }

  add(id: string, spec: ErasedSpec, cell: Cell): Child {
    return this.put(id, new Child(id, spec, cell));
  }

  /** One that is known by its cell only. */
  addNameless(spec: ErasedSpec, cell: Cell): Child {
    return this.put(cell, new Child(spec.id, spec, cell));
  }

  private put(key: string | Cell, child: Child): Child {
    child.position = this.order.length;
    this.order.push(child);
    this.byKey.set(key, child);
    return child;
  }

  remove(child: Child): void {
    this.byKey.delete(this.byKey.get(child.id) === child ? child.id : child.cell);
    this.order[child.position] = null;
    this.gaps++;
  }

  /** Closes the gaps when they are many. Not while somebody holds positions. */
  compact(): void {
    if (this.gaps <= fewGaps || this.gaps * 2 <= this.order.length) return;
    this.order = this.order.filter((child) => child !== null);
    for (let i = 0; i < this.order.length; i++) this.order[i]!.position = i;
    this.gaps = 0;
  }

  /** Puts the children with these ids first, in this order; the others follow in theirs. Not while somebody holds positions. */
  arrange(ids: ReadonlyArray<string>): void {
    const first = ids.flatMap((id) => this.byKey.get(id) ?? []);
    const listed = new Set(ids);
    const rest = this.list().filter((child) => !listed.has(child.id));
    this.order = [...first, ...rest];
    for (let i = 0; i < this.order.length; i++) this.order[i]!.position = i;
    this.gaps = 0;
  }

  clear(): void {
    this.byKey.clear();
    this.order = [];
    this.gaps = 0;
  }
}
