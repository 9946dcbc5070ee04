/**
 * Units behind a socket that is held, which cannot be handed it (`proxy`): they listen on a port of their own, and the master passes connections on.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { NoPort, Ports } from "../platform/index.ts";
import { reserve, take } from "./Port.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** Whether its port is chosen for it, and told as `PORT`: an integrated unit has one already. */
const isTold = ({ kind, proxy }: UnitSpec): boolean => proxy !== undefined && proxy.port === undefined && kind !== "integrated";

/** For a new process: a free port, held until the scope closes; null where it needs none. */
export const newPort = (spec: UnitSpec, slot: Slot, ports: Ports): Effect.Effect<number | null, NoPort, Scope.Scope> =>
  isTold(spec) ? Effect.tap(take(ports), (port) => Effect.sync(() => void (slot.behind = port))) : Effect.succeed(null);

/** For a process that goes on: the one that was written down. */
export const keepPort = (
  spec: UnitSpec,
  slot: Slot,
  ports: Ports,
  recorded: number | undefined,
): Effect.Effect<void, never, Scope.Scope> => {
  if (!isTold(spec) || recorded === undefined) return Effect.void;
  return Effect.map(reserve(ports, recorded), (port) => void (slot.behind = port));
};

/** What its process finds in its environment. */
export const environmentOf = (port: number | null): Readonly<Record<string, string>> => (port === null ? {} : { PORT: String(port) });

/** Passes connections on, until it is stopped or the scope closes. */
export const begin = ({ proxy }: UnitSpec, slot: Slot, notice: (message: string) => void): Effect.Effect<void, never, Scope.Scope> => {
  if (proxy === undefined) return Effect.void;
  const forward = Effect.sync(() => {
    const port = proxy.port ?? slot.port ?? slot.behind;
    // It may have ended before it was up.
    if (slot.task !== null && port !== null) slot.passing = slot.sockets?.forward(port, notice) ?? null;
  });
  return Effect.acquireRelease(forward, () =>
    Effect.sync(() => {
      stop(slot);
      slot.passing = null;
    }),
  );
};

/** Who connects from now on waits for the next process. */
export const stop = (slot: Slot): void => slot.passing?.stop();

/** Between two looks, and for how long one that hangs is looked at. */
const [lookMillis, mostLooks] = [5, 100];

/** Before its process is asked to end, which will accept nobody more: who was passed on is accepted first. */
export const settled = (slot: Slot, looks = mostLooks): Effect.Effect<void> =>
  Effect.suspend(() =>
    looks === 0 || slot.passing === null || slot.passing.isSettled() ? Effect.void : Effect.delay(settled(slot, looks - 1), lookMillis),
  );
