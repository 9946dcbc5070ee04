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
  readonly after: ReadonlyMap<string, ReadonlyArray<string>>;
  /** Units that have to run before this one can, each behind what it needs itself. */
  readonly neededBy: (unit: string) => ReadonlyArray<string>;
  /** Units that cannot run without this one, each before what it needs. */
  readonly dependentsOf: (unit: string) => ReadonlyArray<string>;
}

/** `open` hears of a unit that waited and need not any more. */
export const make = (root: GroupSpec, entries: ReadonlyMap<string, Entry>, open: (entry: Entry) => void): LiveOrder => {
  const needs = Order.needsOf(root);
  const siblings = Order.siblingOrder(root.children);
  const waitsFor = (id: string): ReadonlyArray<string> => {
    const own = needs.get(id);
    if (own === undefined) return [];
    return Order.waitsFor(own, (other) => {
      const { slot } = entries.get(other)!;
      // Who has sockets can be connected to, whether it runs or not.
      return { phase: Demand.phaseOf(slot), ready: slot.sockets !== null || slot.readiness.isReady() };
    });
  };
  const waiters = new Map<string, Set<string>>();
  for (const [id, { after, requires }] of needs) {
    for (const other of [...after, ...requires]) waiters.set(other, (waiters.get(other) ?? new Set()).add(id));
  }
  for (const [id, others] of waiters) {
    const { slot } = entries.get(id)!;
    const look = (): void => {
      for (const other of others) {
        const entry = entries.get(other)!;
        if (entry.slot.phase === "blocked" && waitsFor(other).length === 0) open(entry);
      }
    };
    slot.onPhase = look;
    slot.readiness.subscribe(look);
  }
  return {
    waitsFor,
    after: siblings,
    neededBy: (unit) => Order.neededBy(needs, unit),
    dependentsOf: (unit) => Order.dependentsOf(needs, unit),
  };
};

/** Does something to each of these units in their order; one that refuses, as it is so already, does not keep the next from its turn. */
export const inTurn = (units: ReadonlyArray<string>, act: (unit: string) => Effect.Effect<unknown, unknown>): Effect.Effect<void> =>
  Effect.forEach(units, (unit) => Effect.ignore(act(unit)), { discard: true });
