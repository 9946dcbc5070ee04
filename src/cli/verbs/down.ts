/**
 * `hsu down [--timeout TIME]`
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { Processes, type ProcessIdentity } from "../../platform/index.ts";
import { layer as processes } from "../../platform/Systems.ts";
import { DeadlineExceeded } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { isRemote, print, say, withMaster } from "../Invocation.ts";
import { whileWaiting } from "../Progress.ts";
import { count } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

const identify = (pid: number) => Effect.flatMap(Processes, (os) => os.identify(pid)).pipe(Effect.provide(processes));

/** The connection closes a moment before the process has ended. It is no child of ours, so it is looked at. */
const ended = (master: Option.Option<ProcessIdentity>): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (Option.isNone(master)) return Effect.void;
    const isAlive = Effect.flatMap(Processes, (os) => os.isAlive(master.value)).pipe(Effect.provide(processes));
    return Effect.flatMap(isAlive, (alive) => (alive ? Effect.delay(ended(master), 5) : Effect.void));
  });

/** How long a master may take to hear that it is to end, at least. */
const askMillis = 5000;

export const run: Verb = (invocation) => {
  const millis = typeof invocation.flags["timeout"] === "number" ? invocation.flags["timeout"] : 60_000;
  const late = new DeadlineExceeded({
    what: "the shutdown",
    millis,
    hint: "it goes on: `hsu status` shows what is left, `hsu down` waits again",
  });
  const unasked = new DeadlineExceeded({
    what: "asking the master to end",
    millis: Math.max(millis, askMillis),
    hint: "nothing was stopped: `hsu status` tells whether it answers",
  });
  return withMaster(invocation, ({ call, closed }) => {
    const ask = Effect.gen(function* () {
      const { pid, units } = yield* call.Status(undefined);
      // Of a master elsewhere the end of the connection has to be enough: its pid is of another machine.
      const master = isRemote(invocation) ? Option.none<ProcessIdentity>() : yield* identify(pid);
      const alive = units.filter((unit) => unit.pid !== null).length;
      yield* say(invocation, `stopping ${count(alive, "unit")} of master ${pid}`);
      // The answer may be overtaken by the end of the master: then the connection is closed, which is what we wait for.
      // One that has nothing to stop may end before it has answered, which interrupts the call.
      yield* Effect.raceFirst(call.Shutdown(undefined), closed).pipe(
        Effect.catchTag("RpcClientError", () => Effect.void),
        Effect.catchCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.failCause(cause))),
      );
      return { master, pid };
    });
    // However short the wait may be: it begins when the shutdown has.
    const end = Effect.flatMap(
      Effect.timeoutOrElse(ask, { duration: unasked.millis, orElse: () => Effect.fail(unasked) }),
      ({ master, pid }) =>
        Effect.andThen(closed, ended(master)).pipe(
          Effect.as(pid),
          Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.fail(late) }),
        ),
    );
    return whileWaiting(
      invocation,
      () => "down: waiting for the master to end",
      () => end,
    );
  }).pipe(
    Effect.flatMap((pid) => print(invocation, `master ${pid} has ended\n`)),
    Effect.as(ExitCode.ok),
  );
};
