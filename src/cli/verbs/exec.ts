/**
 * `hsu exec [-t] [--standalone] [--no-stdin] UNIT -- COMMAND…`
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { ExecInput } from "../../protocol/ExecRpc.ts";
import { ConnectionLost } from "../Errors.ts";
import { type ExitCode, exitCodeLike } from "../ExitCode.ts";
import { complain, withMaster } from "../Invocation.ts";
import type { Output } from "../Io.ts";
import type { Verb } from "../Verbs.ts";

/** As shells say that a program is not there, or cannot be run. */
const notStarted = { missing: 127, other: 126 } as const;
/** What is told to the program instead of ending this one. */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

const sizeOf = ({ columns, rows }: Output) => ({ columns, rows });

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, operands } = invocation;
  const [unit = "", program = "", ...args] = operands;
  const tty = flags["tty"] === true ? { term: io.env["TERM"] || "xterm", size: sizeOf(io.stdout) } : null;
  const request = { unit, command: [program, ...args] as const, tty, standalone: flags["standalone"] === true };
  const talk = withMaster(invocation, ({ call }) =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<string>();
      // One that has just ended is told in vain.
      const tell = (input: ExecInput) =>
        Effect.ignore(Effect.flatMap(Deferred.await(started), (session) => call.ExecInput({ session, input })));
      const context = yield* Effect.context();
      const tellSoon = (input: ExecInput): void => void Effect.runForkWith(context)(tell(input));
      yield* Effect.acquireRelease(
        Effect.sync(() => [
          io.hear(passedOn, (signal) => tellSoon({ _tag: "Signal", signal })),
          ...(tty === null ? [] : [io.hear(["SIGWINCH"], () => tellSoon({ _tag: "Resize", size: sizeOf(io.stdout) }))]),
        ]),
        (off) => Effect.sync(() => off.forEach((each) => each())),
      );
      if (tty !== null && io.stdin.isTTY) {
        yield* Effect.acquireRelease(
          Effect.sync(() => io.stdin.raw(true)),
          () => Effect.sync(() => io.stdin.raw(false)),
        );
      }
      if (flags["no-stdin"] === true) yield* Effect.forkScoped(tell({ _tag: "End" }));
      else {
        // Who writes to us waits for it as it waits for us.
        yield* Stream.fromAsyncIterable(io.stdin.bytes(), (cause) => cause).pipe(
          Stream.runForEach((data) => tell({ _tag: "Data", data })),
          Effect.ignore,
          Effect.andThen(tell({ _tag: "End" })),
          Effect.forkScoped,
        );
      }
      let exitCode: ExitCode | undefined;
      yield* Stream.runForEach(call.Exec(request), (event) => {
        if (event._tag === "Started") return Deferred.succeed(started, event.session);
        if (event._tag === "Output") return io[event.stream].write(event.data);
        exitCode = exitCodeLike(event);
        return Effect.void;
      });
      if (exitCode === undefined) return yield* new ConnectionLost({ reason: "it has ended, and the command with it" });
      return exitCode;
    }),
  );
  return yield* Effect.catchTag(talk, "CommandNotStarted", (error) =>
    Effect.as(complain(invocation, error), notStarted[error.isMissing ? "missing" : "other"] as ExitCode),
  );
});
