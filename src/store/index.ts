/**
 * store/: what a master must still know after it was killed.
 *
 * For: which process each unit has, and what has become of each unit, in one file that only one master has open.
 * May import: platform/, protocol/. No other room.
 * Never changes: a start is written down before it happens; what cannot be written is said, and never stops a unit.
 */
export { type FailureRow, type ProcessRecord, StateInUse, type Store, StoreUnusable, type UnitMemory } from "./Store.ts";
export * as MemoryStore from "./MemoryStore.ts";
export * as PidFiles from "./PidFiles.ts";
export * as SqliteStore from "./SqliteStore.ts";
