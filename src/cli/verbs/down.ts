/**
 * `hsu down [--timeout TIME]`
 */
import * as Effect from "effect/Effect";
import { DeadlineExceeded } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { print, say, withMaster } from "../Invocation.ts";
import { count } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = (invocation) => {
  const millis = typeof invocation.flags["timeout"] === "number" ? invocation.flags["timeout"] : 60_000;
  const late = new DeadlineExceeded({
    what: "the shutdown",
    millis,
    hint: "it goes on: `hsu status` shows what is left, `hsu down` waits again",
  });
  return withMaster(invocation, ({ call, closed }) =>
    Effect.gen(function* () {
      const { pid, units } = yield* call.Status(undefined);
      const alive = units.filter((unit) => unit.pid !== null).length;
      yield* say(invocation, `stopping ${count(alive, "unit")} of master ${pid}`);
      // The answer may be overtaken by the end of the master: then the connection is closed, which is what we wait for.
      yield* Effect.raceFirst(call.Shutdown(undefined), closed).pipe(Effect.catchTag("RpcClientError", () => Effect.void));
      yield* closed;
      return pid;
    }).pipe(Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.fail(late) })),
  ).pipe(
    Effect.flatMap((pid) => print(invocation, `master ${pid} has ended\n`)),
    Effect.as(ExitCode.ok),
  );
};
