/**
 * The driver of what somebody else has started: it finds a task instead of starting one, and owns none of it. When its scope closes nothing is killed.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import {
  type DiscoveryQuery,
  type ForeignProcess,
  notHeld,
  type ProcessExit,
  type ProcessIdentity,
  type Processes,
  type ServiceManagerError,
  type Undiscovered,
} from "../../platform/index.ts";
import type { Task } from "../Driver.ts";

/** A task that was found. */
export interface FoundTask extends Task {
  readonly running: () => boolean;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** A way to find tasks. */
export interface Finder {
  /** Who answers the query now; `current` stays the answer as long as it does answer it. */
  readonly find: (query: DiscoveryQuery, current: ProcessIdentity | null) => Effect.Effect<FoundTask, Undiscovered>;
  readonly restartService: (service: string) => Effect.Effect<void, ServiceManagerError>;
}

/** Only its parent hears how it ended. */
const unheard: ProcessExit = { code: null, signal: null };

const goneSoon = (found: ForeignProcess): Effect.Effect<void> =>
  Effect.suspend(() => (found.running() ? Effect.delay(goneSoon(found), 10) : Effect.void));

export const make = (processes: Processes["Service"]): Finder => {
  const taskOf = (found: ForeignProcess): FoundTask => ({
    identity: found.identity,
    running: found.running,
    startedAt: found.startedAt,
    wait: Effect.as(found.exit, unheard),
    // Its descendants are not ours. Who waits has just asked it to end, so it is looked at closely.
    waitForAll: goneSoon(found),
    signal: found.signal,
    held: null,
    recap: () => Effect.succeed(notHeld),
    meter: () => processes.meter(found.identity),
    memory: Effect.map(processes.stats(found.identity), Option.match({ onNone: () => null, onSome: ({ rssBytes }) => rssBytes })),
  });
  return {
    find: (query, current) => Effect.map(processes.foreign.discover(query, current), taskOf),
    restartService: processes.foreign.restartService,
  };
};
