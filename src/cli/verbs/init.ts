/**
 * `hsu init [-O FILE]`
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { renderAll } from "../../config/Diagnostic.ts";
import { configFrom, wanted } from "../../config/import/Found.ts";
import type { Text } from "../../config/import/index.ts";
import { parse, readText } from "../../config/index.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { CannotWrite } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { worldOf } from "../ImportWorld.ts";
import { print, say } from "../Invocation.ts";
import * as OutputFile from "../OutputFile.ts";
import { count } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (given) {
  const { io } = given;
  const invocation = { ...given, flags: { "output-file": "hsu.yaml", ...given.flags } };
  const output = resolve(io.cwd, OutputFile.of(invocation)!);
  if (existsSync(output)) return yield* new CannotWrite({ file: output, reason: "EEXIST" });
  const files: Array<Text> = [];
  const names = readdirSync(io.cwd);
  const code = names.find((name) => /^ecosystem\.config\.[cm]?js$/.test(name));
  if (code !== undefined) yield* say(invocation, `${code} is a program, and was not run: \`hsu import pm2 --allow-js ${code}\` reads it`);
  const services = names.filter((name) => /\.(service|timer|socket)$/.test(name));
  if (services.length > 0)
    yield* say(invocation, `units of systemd are not looked into: \`hsu import systemd ${services.join(" ")}\` reads them`);
  for (const name of wanted(names)) {
    const file = join(io.cwd, name);
    const read = yield* Effect.result(readText(file));
    if (Result.isSuccess(read)) files.push({ file, text: read.success });
    else yield* ConfigFile.complainOf(invocation, read.failure);
  }
  const { findings, from, text, units } = configFrom(files, worldOf(dirname(output)));
  if (findings.length > 0) yield* say(invocation, renderAll(findings, { color: ConfigFile.isColoured(invocation) }));
  if (text === undefined) return ExitCode.usage;
  yield* OutputFile.write(invocation, text);
  const of =
    from.length === 0
      ? "with a unit to begin with, as nothing here says what is to run"
      : `${count(units, "unit")} of ${from.join(" and ")}`;
  yield* print(invocation, `${basename(output)}: ${of}\n`);
  const checked = parse(text, output, io.env);
  if (Result.isSuccess(checked)) return ExitCode.ok;
  yield* ConfigFile.complainOf(invocation, checked.failure);
  return ExitCode.failed;
});
