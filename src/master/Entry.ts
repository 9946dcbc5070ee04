/**
 * What the master keeps of each unit.
 */
import * as Effect from "effect/Effect";
import { ActorDown, type CallError, CallingSelf, CallTimeout, MailboxFull, NotEncodable } from "../actor/index.ts";
import { emptySlot, type GroupSpec, Recovered, type Slot, type UnitRef, type UnitSpec } from "../unit/index.ts";

export interface Entry {
  /** A change of the config may put another one into its place. */
  spec: UnitSpec;
  /** Ids from the root group to the unit's own. */
  readonly groups: ReadonlyArray<string>;
  /** The process that runs just now. */
  readonly slot: Slot;
  /** What an earlier master has left of it; set before anything is started. */
  recovered: Recovered.Recovered;
  /** The unit's mailbox; null until the master has started it. */
  ref: UnitRef | null;
  /** It is started by hand when its group is there, and not with it: a change of the config waits for its start. */
  late?: boolean;
}

/** Arguments of an actor of the unit, which always sees the spec of now. */
export const withSpec = <Args extends object>(entry: Entry, args: Args): Args & { readonly spec: UnitSpec } =>
  Object.defineProperty(args, "spec", { get: () => entry.spec, enumerable: true }) as Args & { readonly spec: UnitSpec };

/** The units of a tree by id, in the order of the file. */
export const entriesOf = (group: GroupSpec, above: ReadonlyArray<string>): Map<string, Entry> => {
  const groups = [...above, group.id];
  const entries = new Map<string, Entry>();
  for (const child of group.children) {
    if (child._tag === "Unit") entries.set(child.id, { spec: child, groups, slot: emptySlot(), recovered: Recovered.nothing, ref: null });
    else for (const [id, entry] of entriesOf(child, groups)) entries.set(id, entry);
  }
  return entries;
};

/** A call to a unit's mailbox has no deadline of its own: a start and a stop each have one below it. */
export const commandTimeout = { timeout: "infinity" } as const;

const isCallError = (error: unknown): error is CallError =>
  error instanceof CallTimeout ||
  error instanceof ActorDown ||
  error instanceof CallingSelf ||
  error instanceof MailboxFull ||
  error instanceof NotEncodable;

/** A mailbox that is down is a defect of ours, not an answer. */
export const asked = <A, E>(call: Effect.Effect<A, E | CallError>): Effect.Effect<A, Exclude<E, CallError>> =>
  Effect.catchIf(call, isCallError, Effect.die) as Effect.Effect<A, Exclude<E, CallError>>;

/** The mailbox of a unit. */
export const refOf = (entry: Entry): UnitRef => {
  if (entry.ref === null) throw new Error(`the mailbox of ${entry.spec.id} is not up yet`);
  return entry.ref;
};
