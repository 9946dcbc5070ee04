/**
 * `hsu upgrade [--timeout TIME]`
 */
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import { connect } from "../Client.ts";
import { DeadlineExceeded, UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { isRemote, places, print, withMaster } from "../Invocation.ts";
import { count } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

/** How often the new master is asked whether it is there. */
const everyMillis = 50;

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io } = invocation;
  if (isRemote(invocation)) {
    return yield* new UsageError({
      message: "`hsu upgrade` puts a program of this machine in place",
      hint: "run it on the machine of that master",
    });
  }
  const millis = typeof flags["timeout"] === "number" ? flags["timeout"] : 30_000;
  const before = yield* withMaster(invocation, ({ call }) => call.Status(undefined));
  yield* Effect.scoped(withMaster(invocation, ({ call }) => call.Upgrade({ command: [...io.self] })));
  const { socketPath } = yield* places(invocation);
  const answering = connect(socketPath).pipe(
    Effect.flatMap(({ call }) => call.Status(undefined)),
    Effect.scoped,
    // In between nobody answers, or one who is about to go.
    Effect.option,
  );
  const after = yield* answering.pipe(
    Effect.repeat({
      until: (seen) => seen._tag === "Some" && seen.value.startedAt > before.startedAt && seen.value.phase === "running",
      schedule: Schedule.spaced(everyMillis),
    }),
    Effect.timeoutOrElse({
      duration: millis,
      orElse: () =>
        Effect.fail(
          new DeadlineExceeded({
            what: "the new master",
            millis,
            hint: `the units run on: \`hsu status\` shows whether it is there, \`hsu up -d ${before.source}\` starts one that goes on with them`,
          }),
        ),
    }),
  );
  if (after._tag === "None") return ExitCode.failed;
  const { pid, units, version } = after.value;
  const pids = new Set(before.units.map((unit) => unit.pid));
  const kept = units.filter((unit) => unit.pid !== null && pids.has(unit.pid)).length;
  yield* print(invocation, `master ${pid} is version ${version} now, was ${before.version}; ${count(kept, "unit")} went on\n`);
  return ExitCode.ok;
});
