/**
 * From the words of a command line to its exit code.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import { parse } from "./Args.ts";
import { type Explained, OutputClosed, UsageError } from "./Errors.ts";
import { ExitCode, exitCodeOf } from "./ExitCode.ts";
import * as Invocation from "./Invocation.ts";
import type { Io } from "./Io.ts";
import { errorText } from "./render/error.ts";
import { paintFor } from "./render/paint.ts";
import { verbNamed } from "./Verbs.ts";

/**
 * Runs a command line (without `node` and the program). It never fails: whatever goes wrong has been shown on stderr and is in the exit code.
 * SIGINT and SIGTERM end every verb at once (130, 143), but for `up`, which stops its units first.
 */
export const run = (argv: ReadonlyArray<string>, io: Io): Effect.Effect<ExitCode> => {
  const parsed = parse(argv);
  if (parsed instanceof UsageError) return showError(io, argv, parsed);
  const [verb, operands, flags] =
    parsed._tag === "Run"
      ? [parsed.verb, parsed.operands, parsed.flags]
      : parsed._tag === "Version"
        ? [verbNamed("version"), [], {}]
        : [verbNamed("help"), parsed.verb === undefined ? [] : [parsed.verb.name], {}];
  if (verb === undefined) return Effect.succeed(ExitCode.failed);
  const invocation = Invocation.make(io, operands, flags);
  const done = Effect.flatMap(Effect.promise(verb.load), (loaded) => loaded.run(invocation)).pipe(
    Effect.catch((error) => (error instanceof OutputClosed ? Effect.succeed(ExitCode.ok) : showError(io, argv, error))),
    Effect.scoped,
    Effect.catchDefect((defect) => showError(io, argv, explainDefect(defect, io))),
  );
  return verb.ownsSignals === true ? done : Effect.raceFirst(done, Effect.map(Invocation.nextSignal(io), exitCodeOf));
};

/** The exit code that an error stands for. */
const exitCodeFor = (error: { readonly _tag?: string }): ExitCode => {
  switch (error._tag) {
    case "UsageError":
    case "ConfigError":
    case "NoConfig":
      return ExitCode.usage;
    case "NotRunning":
    case "CannotReach":
      return ExitCode.notRunning;
    case "UnitNotFound":
      return ExitCode.unknownUnit;
    case "DeadlineExceeded":
      return ExitCode.deadline;
    default:
      return ExitCode.failed;
  }
};

const showError = (io: Io, argv: ReadonlyArray<string>, error: Explained & { readonly _tag?: string }): Effect.Effect<ExitCode> => {
  const paint = paintFor({ isTTY: io.stderr.isTTY, env: io.env, noColor: argv.includes("--no-color") });
  return Effect.as(Effect.ignore(io.stderr.write(errorText(error, paint))), exitCodeFor(error));
};

/** A mistake of ours. `$HSU_DEBUG` shows where. */
const explainDefect = (defect: unknown, io: Io): Explained => ({
  message: `internal error: ${io.env["HSU_DEBUG"] ? Cause.pretty(Cause.die(defect)) : defect instanceof Error ? defect.message : String(defect)}`,
  code: "HSU-CLI-099",
  hint: "this is a bug in hsu: please report it, with what HSU_DEBUG=1 shows",
});
