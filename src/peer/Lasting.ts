/**
 * How long a connection lasts, and how it comes back: one policy for all that is reached over a network.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Client } from "./Client.ts";

/** What a connection ends with that was there. */
export class NodeDown extends Schema.TaggedError<NodeDown>()("NodeDown", { peer: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-PEER-006";
  override get message(): string {
    return this.reason;
  }
  get hint(): string {
    return "it is tried again by itself";
  }
}

/** A try again, and what comes after many. */
export const backoff = { initialMillis: 250, factor: 2, maxMillis: 5_000, jitter: 0.2, resetAfterMillis: 10_000 };
export const breaker = { intensity: 10, periodMillis: 60_000, whenExceeded: { cooldownMillis: 10_000, stableMillis: 10_000 } };

const usualHeartbeatMillis = 5_000;
/** Signs of life that may be missing, one after the other. */
const missing = 2;

/** What is asked of the other side, and the end of its silence. */
export const watched = (name: string, heartbeatMillis = usualHeartbeatMillis) => {
  const silence = Deferred.makeUnsafe<void>();
  const down = (reason: string) => new NodeDown({ peer: name, reason });
  return {
    heartbeat: { everyMillis: heartbeatMillis, patienceMillis: heartbeatMillis * (missing - 1) },
    silent: Effect.asVoid(Deferred.succeed(silence, undefined)),
    /** Fails when the connection has ended, or gives no sign of life. */
    lasts: ({ closed }: Pick<Client, "closed">): Effect.Effect<never, NodeDown> =>
      Effect.raceFirst(
        Effect.andThen(closed, Effect.fail(down("it has closed the connection"))),
        Effect.andThen(Deferred.await(silence), Effect.fail(down(`no sign of life for ${(heartbeatMillis * missing) / 1000} s`))),
      ),
  };
};
