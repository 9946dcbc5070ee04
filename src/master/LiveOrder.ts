/**
 * Order at work: whom a unit's start waits for, and who is told when that has changed. Order.ts of unit/ decides.
 */
import * as Effect from "effect/Effect";
import { Demand, type GroupSpec, Order } from "../unit/index.ts";
import type { Entry } from "./Entry.ts";

/** The order of a tree that runs. */
export interface LiveOrder {
  /** Whom the unit has to wait for just now; nobody: it may start. */
  readonly waitsFor: (unit: string) => ReadonlyArray<string>;
  /** Siblings that a unit or a group starts after, and so stops before. */
  readonly after: () => ReadonlyMap<string, ReadonlyArray<string>>;
  /** Units that have to run before this one can, each behind what it needs itself. */
  readonly neededBy: (unit: string) => ReadonlyArray<string>;
  /** Units that cannot run without this one, each before what it needs. */
  readonly dependentsOf: (unit: string) => ReadonlyArray<string>;
  /** The tree is another one now, and so are the entries. */
  readonly rebuild: (root: GroupSpec) => void;
  /** Tells those that waited and need not any more. */
  readonly recheck: () => void;
}

/** `open` hears of a unit that waited and need not any more. */
export const make = (root: GroupSpec, entries: ReadonlyMap<string, Entry>, open: (entry: Entry) => void): LiveOrder => {
  let needs: ReadonlyMap<string, Order.Needs> = new Map();
  let siblings: ReadonlyMap<string, ReadonlyArray<string>> = new Map();
  let hearing: ReadonlyArray<() => void> = [];
  const waitsFor = (id: string): ReadonlyArray<string> => {
    const own = needs.get(id);
    if (own === undefined) return [];
    return Order.waitsFor(own, (other) => {
      const { slot } = entries.get(other)!;
      // Who has sockets can be connected to, whether it runs or not.
      return { phase: Demand.phaseOf(slot), ready: slot.sockets !== null || slot.readiness.isReady() };
    });
  };
  const rebuild = (tree: GroupSpec): void => {
    for (const end of hearing) end();
    needs = Order.needsOf(tree);
    siblings = Order.siblingOrder(tree.children);
    const waiters = new Map<string, Set<string>>();
    for (const [id, { after, requires }] of needs) {
      for (const other of [...after, ...requires]) waiters.set(other, (waiters.get(other) ?? new Set()).add(id));
    }
    hearing = Array.from(waiters, ([id, others]) => {
      const { slot } = entries.get(id)!;
      const look = (): void => {
        for (const other of others) {
          const entry = entries.get(other);
          if (entry?.slot.phase === "blocked" && waitsFor(other).length === 0) open(entry);
        }
      };
      slot.onPhase = look;
      const end = slot.readiness.subscribe(look);
      return () => {
        slot.onPhase = null;
        end();
      };
    });
  };
  rebuild(root);
  return {
    waitsFor,
    after: () => siblings,
    rebuild,
    recheck: () => {
      for (const [id, entry] of entries) if (entry.slot.phase === "blocked" && waitsFor(id).length === 0) open(entry);
    },
    neededBy: (unit) => Order.neededBy(needs, unit),
    dependentsOf: (unit) => Order.dependentsOf(needs, unit),
  };
};

/** Does something to each of these units in their order; one that refuses, as it is so already, does not keep the next from its turn. */
export const inTurn = (units: ReadonlyArray<string>, act: (unit: string) => Effect.Effect<unknown, unknown>): Effect.Effect<void> =>
  Effect.forEach(units, (unit) => Effect.ignore(act(unit)), { discard: true });
