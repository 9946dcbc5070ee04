/**
 * Following over masters: where one ends, or is replaced by another version, the next one is waited for, and followed from where the one before was left.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Client } from "../Client.ts";
import { ConnectionLost } from "../Errors.ts";
import { type Invocation, say, withMaster } from "../Invocation.ts";

/** How long the next master is waited for: after one that has vanished, and after one that has ended in good order. */
const [vanishedMillis, endedMillis] = [30_000, 3000];

/** Between two tries. */
const [firstPauseMillis, lastPauseMillis] = [50, 1000];

/** One that is found again as it ends is not told of once more, and has ended in good order, however the second try ends. */
const sameMillis = 1000;

/** So long what was asked for may take to say itself how it has ended, once the connection is closed: it may have been just about to write. */
const graceMillis = 500;

const absent: ReadonlySet<string> = new Set(["ConnectionLost", "NotRunning", "CannotReach"]);

/** Whether it says that nobody is there just now, and no more than that. */
const isAbsent = ({ _tag }: { readonly _tag: string }): boolean => absent.has(_tag);

/**
 * Runs `session` on the master, and again on each that comes after it, until it completes. It ends well when a master has ended in good order and none has
 * come in its place, and with the error of the last try when one has vanished. `--reconnect` is for both how long the next one is waited for.
 */
export const overMasters = <E extends { readonly _tag: string }>(
  invocation: Invocation,
  session: (client: Client) => Effect.Effect<void, E, Scope.Scope>,
) =>
  Effect.gen(function* () {
    const given = invocation.flags["reconnect"];
    /** When this try, or the last one that found a master, has found it. */
    let connectedAt: number | null = null;
    let toldAt = -Infinity;
    let isOrderly = false;
    let until = 0;
    const once = withMaster(invocation, (client) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        connectedAt = now;
        const lost = Effect.andThen(client.closed, Effect.sleep(graceMillis)).pipe(
          Effect.andThen(Effect.fail(new ConnectionLost({ reason: "it closed the connection" }))),
        );
        return Effect.raceFirst(session(client), lost);
      }),
    ).pipe(
      Effect.scoped,
      Effect.as("over" as const),
      // A master that ends in good order ends what it was asked for by interrupting it.
      Effect.catchCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.succeed("ended" as const) : Effect.failCause(cause))),
    );
    for (let pause = firstPauseMillis, isFirst = true; ; isFirst = false, pause = Math.min(pause * 2, lastPauseMillis)) {
      connectedAt = null;
      const how = yield* Effect.catch(once, (error) =>
        isAbsent(error) && !(isFirst && connectedAt === null) ? Effect.succeed(error) : Effect.fail(error),
      );
      if (how === "over") return;
      const now = yield* Clock.currentTimeMillis;
      const isSame = isOrderly && now - toldAt < sameMillis;
      if (connectedAt !== null && !isSame) {
        isOrderly = how === "ended";
        const millis = typeof given === "number" ? given : isOrderly ? endedMillis : vanishedMillis;
        until = now + millis;
        pause = firstPauseMillis;
        toldAt = now;
        yield* say(invocation, isOrderly ? "the master has ended" : `the master is gone; waiting ${millis / 1000} s for the next one`);
      }
      if (now + pause > until) return isOrderly || how === "ended" ? undefined : yield* Effect.fail(how);
      yield* Effect.sleep(pause);
    }
  });
