/**
 * Units whose sockets the master holds (`listen`), and those that the first connection starts (`on_demand`): what a state means for the sockets, when a
 * unit is idle, and when an end with success is none.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Driver } from "../driver/index.ts";
import { formatAddress, type HeldSockets, type NotListening, type Passing } from "../platform/index.ts";
import type { Known } from "./Order.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** What is known of the sockets of a unit. */
export interface SocketSlot {
  /** Those that are held for it. */
  sockets: HeldSockets | null;
  /** Its last runs that have ended at once, in a row, with success and with somebody still waiting. */
  unanswered: number;
  /** Where the process listens that connections are passed on to, if that was chosen for it. */
  behind: number | null;
  /** What passes them on. */
  passing: Passing | null;
}

export const noSockets = (): SocketSlot => ({ sockets: null, unanswered: 0, behind: null, passing: null });

/** Where its sockets are, for people. */
export const listensOn = ({ listen = [] }: UnitSpec): string =>
  `listens on ${listen.map(({ address }) => formatAddress(address)).join(", ")}`;

export const startedByConnection = "started by a connection";

/** How far its start is for those that wait for it: where its sockets are open, they can be connected to. */
export const phaseOf = ({ phase, sockets }: Pick<Slot, "phase" | "sockets">): Known["phase"] => (sockets === null ? phase : "up");

/** Whether it starts only when somebody connects. */
export const waitsForConnection = ({ onDemand }: UnitSpec, { recovered, requested }: Slot): boolean =>
  onDemand !== undefined && !requested && recovered === null;

/** Has the unit's sockets, where it listens and does not have them yet. Those that cannot be had from a process that goes on are left to it. */
export const hold = (
  { driver, slot, spec }: { readonly driver: Driver; readonly slot: Slot; readonly spec: UnitSpec },
  notice: (message: string) => void,
): Effect.Effect<void, NotListening> => {
  if (spec.listen === undefined || slot.sockets !== null) return Effect.void;
  const holder = slot.recovered?.identity ?? null;
  const holding = Effect.map(driver.holdSockets(spec.listen, holder), (sockets) => {
    slot.sockets = sockets;
    slot.onPhase?.();
  });
  if (holder === null) return holding;
  return Effect.catchTag(holding, "NotListening", (error) => Effect.sync(() => notice(`${error.message}; ${error.hint}`)));
};

/** Who connects is refused from now on. */
export const release = (slot: Slot): void => {
  slot.sockets?.close();
  slot.sockets = null;
};

/** A run that ends with success sooner than this, and leaves somebody waiting, may have ended without a look at its sockets. */
const quickMillis = 2_000;
/** How many of them in a row are taken for chance: a connection may come just when a program decides to end. */
const quickInARow = 5;

/** It ends again and again without taking the connection that it was started for. */
export class Unanswered extends Schema.TaggedError<Unanswered>()("Unanswered", { times: Schema.Int }) {
  readonly code = "HSU-UNIT-025";
  override get message(): string {
    return `has ended ${this.times} times in a row as soon as it was started, and a connection still waits`;
  }
}

/** How many such ends there are in a row with this one. */
export const unansweredWith = (before: number, isAwaited: boolean, ranMillis: number): number =>
  isAwaited && ranMillis < quickMillis ? before + 1 : 0;

/** What an end with success is taken for, if not for one. */
export const unanswered = ({ onDemand }: UnitSpec, slot: Slot, now: number): Unanswered | null => {
  if (onDemand === undefined) return null;
  slot.unanswered = unansweredWith(slot.unanswered, slot.sockets?.isAwaited() ?? false, now - (slot.startedAt ?? now));
  return slot.unanswered > quickInARow ? new Unanswered({ times: slot.unanswered }) : null;
};

/** How often the connections of a unit that may be idle are counted. */
export const lookMillis = (idleMillis: number): number => Math.min(Math.max(idleMillis / 4, 50), 30_000);

/** Since when nobody has been seen, after a look. Null: somebody is there. */
export const quietSince = (before: number | null, connections: number, now: number): number | null =>
  connections > 0 ? null : (before ?? now);

export const isIdle = (idleMillis: number, since: number | null, now: number): boolean => since !== null && now - since >= idleMillis;

/** Whoever has them instead of us cannot be asked who is there. */
export const connectionsOf = (sockets: HeldSockets | null): number => sockets?.connections() ?? 1;
