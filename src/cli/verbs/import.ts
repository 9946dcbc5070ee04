/**
 * `hsu import [-O FILE] KIND FILE…`
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { renderAll } from "../../config/Diagnostic.ts";
import { importFrom, isKind, kinds, type Text } from "../../config/import/index.ts";
import { parse, readText } from "../../config/index.ts";
import { nearest } from "../../config/Nearest.ts";
import * as CodeFile from "../CodeFile.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { worldOf } from "../ImportWorld.ts";
import { say } from "../Invocation.ts";
import * as OutputFile from "../OutputFile.ts";
import type { Verb } from "../Verbs.ts";

const unknownKind = (kind: string): UsageError => {
  const near = nearest(kind, kinds);
  return new UsageError({
    message: `nothing is imported from ${JSON.stringify(kind)}`,
    hint: near === undefined ? `it is one of ${kinds.join(", ")}` : `did you mean ${JSON.stringify(near)}?`,
  });
};

/** The file that an instance is one of (`web@1.service`: `web@.service`), where it has none of its own. */
const templateOf = (file: string): string | undefined => {
  const [, stem, suffix] = /^([^@]+@)[^@]+(\.[a-z]+)$/.exec(basename(file)) ?? [];
  if (stem === undefined || existsSync(file)) return undefined;
  const template = join(dirname(file), `${stem}${suffix}`);
  return existsSync(template) ? template : undefined;
};

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { io, operands } = invocation;
  const [kind = "", ...names] = operands;
  if (!isKind(kind)) return yield* unknownKind(kind);
  const [first = ""] = names;
  const files: Array<Text> = [];
  for (const name of names) {
    const instance = resolve(io.cwd, name);
    const template = kind === "systemd" ? templateOf(instance) : undefined;
    const file = template ?? instance;
    const read = yield* Effect.result(readText(file));
    if (Result.isFailure(read)) {
      yield* ConfigFile.complainOf(invocation, read.failure);
      return ExitCode.usage;
    }
    files.push({ file, text: read.success, ...(template === undefined ? {} : { instance: basename(instance) }) });
  }
  for (const [index, of] of files.entries()) {
    if (kind !== "pm2" || !CodeFile.isCode(of.file)) continue;
    if (invocation.flags["allow-js"] !== true) return yield* new CodeFile.NotRun({ file: of.file, why: null });
    files[index] = yield* CodeFile.run(of, io.self[0] ?? process.execPath);
  }
  const output = OutputFile.of(invocation);
  const world = worldOf(dirname(output ?? resolve(io.cwd, first)));
  const { findings, text } = importFrom(kind, files, world);
  const color = ConfigFile.isColoured(invocation);
  if (findings.length > 0) yield* say(invocation, renderAll(findings, { color }));
  if (text === undefined) return ExitCode.usage;
  // What is written can be run, or it is said at once why not: a variable that has to be set, a file that is not there.
  const checked = parse(text, resolve(world.folder, "hsu.yaml"), io.env);
  yield* OutputFile.write(invocation, text);
  if (Result.isSuccess(checked)) return ExitCode.ok;
  yield* ConfigFile.complainOf(invocation, checked.failure);
  return ExitCode.failed;
});
