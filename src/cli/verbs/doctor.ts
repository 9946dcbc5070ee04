/**
 * `hsu doctor [-o text|json] [FILE]`
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { checkup, type Finding, type Found } from "../Checkup.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, places, print, withMaster } from "../Invocation.ts";
import type { Paint } from "../render/paint.ts";
import { json } from "../render/structured.ts";
import { count } from "../render/text.ts";
import { isAsWanted } from "../render/units.ts";
import type { Verb } from "../Verbs.ts";

interface Master {
  readonly found: Found["master"];
  readonly source: string | undefined;
}

const masterOf = (invocation: Invocation) =>
  withMaster(invocation, ({ call }) => call.Status(undefined)).pipe(
    Effect.map(({ pid, source, units, version }): Master => {
      const wrong = units.filter((unit) => !isAsWanted(unit)).map(({ id }) => id);
      return { found: { pid, version, wrong }, source };
    }),
    Effect.catch((error) => Effect.succeed<Master>({ found: error._tag === "NotRunning" ? null : error.message, source: undefined })),
  );

const configOf = Effect.fnUntraced(function* (invocation: Invocation, source: string | undefined) {
  const { io, operands } = invocation;
  const file = yield* Effect.option(ConfigFile.find(operands[0] ?? source, io.env, io.cwd));
  if (file._tag === "None") return null;
  const { load } = yield* Effect.promise(() => import("../../config/index.ts"));
  const loaded = yield* Effect.result(load(file.value));
  const found = Result.isSuccess(loaded)
    ? { errors: 0, warnings: loaded.success.warnings.length }
    : { errors: loaded.failure.diagnostics.length, warnings: 0 };
  return { file: file.value, ...found };
});

const verdicts = { ok: "green", warn: "yellow", fail: "red" } as const satisfies Record<Finding["verdict"], keyof Paint>;

const lineOf =
  (paint: Paint, width: number) =>
  ({ check, found, hint, verdict }: Finding): string => {
    const line = `${paint[verdicts[verdict]](verdict.padEnd(4))}  ${check.padEnd(width)}  ${found}\n`;
    return hint === undefined ? line : `${line}${" ".repeat(width + 8)}${paint.dim(hint)}\n`;
  };

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, paint } = invocation;
  const { socketPath, stateDirectory } = yield* places(invocation);
  const { look, writableAt } = yield* Effect.promise(() => import("../../platform/linux/Machine.ts"));
  const { found: master, source } = yield* masterOf(invocation);
  const machine = yield* Effect.promise(() => look(stateDirectory, master === null || typeof master === "string" ? "self" : master.pid));
  const findings = checkup({
    node: process.versions.node,
    version: io.version,
    state: { path: stateDirectory, machine },
    runtime: { path: socketPath, writable: writableAt(socketPath) },
    master,
    config: yield* configOf(invocation, source),
  });
  const having = (verdict: Finding["verdict"]): number => findings.filter((each) => each.verdict === verdict).length;
  const [failures, warnings] = [having("fail"), having("warn")];
  if (flags["output"] === "json") yield* print(invocation, json(findings));
  else {
    const width = Math.max(...findings.map(({ check }) => check.length));
    const sum = failures + warnings === 0 ? "all is well" : `${count(failures, "failure")}, ${count(warnings, "warning")}`;
    yield* print(invocation, `${findings.map(lineOf(paint, width)).join("")}\n${sum}\n`);
  }
  return failures === 0 ? ExitCode.ok : ExitCode.failed;
});
