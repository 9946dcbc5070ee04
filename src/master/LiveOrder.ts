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
  const known = (id: string): Order.Known => {
    const { slot } = entries.get(id)!;
    // Who has sockets can be connected to, whether it runs or not.
    return { phase: Demand.phaseOf(slot), ready: slot.sockets !== null || slot.readiness.isReady() };
  };
  const waitsFor = (id: string): ReadonlyArray<string> => {
    const own = needs.get(id);
    return own === undefined ? [] : Order.waitsFor(own, known);
  };
  /** Of needs, where the one is that had to be waited for last: those before it have been looked at. */
  const openAt = new WeakMap<Order.Needs, number>();
  const isFree = (own: Order.Needs): boolean => {
    const at = Order.firstOpen(own, known, openAt.get(own));
    openAt.set(own, Math.max(0, at));
    return at === -1;
  };
  const rebuild = (tree: GroupSpec): void => {
    for (const end of hearing) end();
    needs = Order.needsOf(tree);
    siblings = Order.siblingOrder(tree.children);
    // Units with the very same needs wait together.
    const alike = Order.alike(needs);
    const waiters = new Map<string, Set<Order.Needs>>();
    for (const own of alike.keys()) {
      for (const other of [...own.after, ...own.requires]) waiters.set(other, (waiters.get(other) ?? new Set()).add(own));
    }
    hearing = Array.from(waiters, ([id, all]) => {
      const { slot } = entries.get(id)!;
      const look = (): void => {
        for (const own of all) {
          const blocked = alike.get(own)!.flatMap((other) => {
            const entry = entries.get(other);
            return entry?.slot.phase === "blocked" ? [entry] : [];
          });
          if (blocked.length > 0 && isFree(own)) for (const entry of blocked) if (entry.slot.phase === "blocked") open(entry);
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
      for (const [id, entry] of entries) {
        const own = needs.get(id);
        if (entry.slot.phase === "blocked" && (own === undefined || isFree(own))) open(entry);
      }
    },
    neededBy: (unit) => Order.neededBy(needs, unit),
    dependentsOf: (unit) => Order.dependentsOf(needs, unit),
  };
};

/** Does something to each of these units in their order; one that refuses, as it is so already, does not keep the next from its turn. */
export const inTurn = (units: ReadonlyArray<string>, act: (unit: string) => Effect.Effect<unknown, unknown>): Effect.Effect<void> =>
  Effect.forEach(units, (unit) => Effect.ignore(act(unit)), { discard: true });
