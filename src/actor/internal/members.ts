/**
 * Who is where under which key, for registries and groups: by key and by member, so that each change costs the same among ten
 * and among a million. What a member has here ends with its incarnation, before anybody hears of that end.
 */
import type { ActorRef } from "../ActorRef.ts";
import type { Cell } from "./cell.ts";
import { MultiMap } from "./multiMap.ts";

/** Never changes: a new value is a new entry, so that who holds the old one keeps what was looked up. */
export interface Entry<Key, Value> {
  readonly key: Key;
  readonly ref: ActorRef<any>;
  readonly value: Value;
}

/** What one incarnation has. */
interface Member<Key, Value> {
  readonly entries: MultiMap<Key, Entry<Key, Value>>;
  readonly release: () => void;
}

export class Members<Key, Value> {
  readonly byKey = new MultiMap<Key, Entry<Key, Value>>();
  private readonly byCell = new Map<Cell, Member<Key, Value>>();
  /** Entries. */
  size = 0;
  private readonly changed: (added: boolean, entry: Entry<Key, Value>) => void;

  constructor(changed: (added: boolean, entry: Entry<Key, Value>) => void) {
    this.changed = changed;
  }

  /** False when the actor has ended: nothing would ever take the entry away again. */
  add(ref: ActorRef<any>, key: Key, value: Value): boolean {
    const cell = cellOf(ref);
    if (!cell.alive) return false;
    let member = this.byCell.get(cell);
    if (member === undefined) {
      member = { entries: new MultiMap(), release: () => this.ended(cell) };
      this.byCell.set(cell, member);
      cell.more.releases.add(member.release);
    }
    const entry: Entry<Key, Value> = { key, ref, value };
    member.entries.add(key, entry);
    this.byKey.add(key, entry);
    this.size++;
    this.changed(true, entry);
    return true;
  }

  /** False when it is not there any more: a listener to another change may have removed it. */
  remove(entry: Entry<Key, Value>): boolean {
    const cell = cellOf(entry.ref);
    const member = this.byCell.get(cell);
    if (member === undefined || !member.entries.delete(entry.key, entry)) return false;
    if (member.entries.size === 0) {
      this.byCell.delete(cell);
      cell.more.releases.delete(member.release);
    }
    this.forget(entry);
    this.changed(false, entry);
    return true;
  }

  /** Gives the only entry of its key another value. False when it is not there any more. */
  replace(entry: Entry<Key, Value>, value: Value): boolean {
    const { key, ref } = entry;
    const next = { key, ref, value };
    if (!this.byKey.replaceOnly(key, entry, next)) return false;
    return this.byCell.get(cellOf(ref))!.entries.replaceOnly(key, entry, next);
  }

  /** A member's entries under a key, in the order in which they came. */
  of(ref: ActorRef<any>, key: Key): ReadonlyArray<Entry<Key, Value>> {
    return this.byCell.get(cellOf(ref))?.entries.get(key) ?? [];
  }

  /** All of a member's entries, those of one key together. */
  all(ref: ActorRef<any>): ReadonlyArray<Entry<Key, Value>> {
    const member = this.byCell.get(cellOf(ref));
    return member === undefined ? [] : [...member.entries];
  }

  private ended(cell: Cell): void {
    const member = this.byCell.get(cell)!;
    this.byCell.delete(cell);
    for (const entry of member.entries) this.forget(entry);
    // All of it is gone when the first is told.
    for (const entry of member.entries) this.changed(false, entry);
  }

  private forget(entry: Entry<Key, Value>): void {
    this.byKey.delete(entry.key, entry);
    this.size--;
  }
}

const cellOf = (ref: ActorRef<any>): Cell => ref as unknown as Cell;
