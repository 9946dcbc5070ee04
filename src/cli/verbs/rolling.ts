/**
 * `hsu restart --rolling`: each unit is back before the next one that is like it goes.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { ExitCode } from "../ExitCode.ts";
import { complain, say, withMaster } from "../Invocation.ts";
import { select } from "../Selection.ts";
import type { Verb } from "../Verbs.ts";
import { statusLine } from "./each.ts";
import { printAll } from "./follow.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  return yield* withMaster(invocation, ({ call }) =>
    Effect.gen(function* () {
      const { units } = yield* call.Status(undefined);
      // A name that is no unit's may be that of several: the master knows.
      const chosen = select("restart", invocation.operands, units).map((one) => (typeof one === "string" ? one : one.unit));
      if (chosen.length === 0) {
        yield* say(invocation, "there is nothing to restart");
        return ExitCode.ok;
      }
      const rolled: Stream.Stream<(typeof units)[number], Effect.Error<ReturnType<typeof call.Restart>>> = call.Roll({ units: chosen });
      return yield* printAll(invocation, rolled, (status) => statusLine(invocation, status)).pipe(
        Effect.as<ExitCode>(ExitCode.ok),
        Effect.catchTag("UnitNotFound", (error) => Effect.as(complain(invocation, error), ExitCode.unknownUnit)),
        Effect.catchTag(["InvalidTransition", "NotAllowed", "StartFailed"], (error) =>
          Effect.andThen(
            complain(invocation, error),
            Effect.as(say(invocation, "the units behind it are left as they are"), ExitCode.failed),
          ),
        ),
      );
    }),
  );
});
