/**
 * Files whose content is known only when they have run: they are run in a Node of their own, when that is asked for.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import { extname } from "node:path";
import type { Text } from "../config/import/index.ts";
import { tryOut } from "../platform/Replace.ts";

export const isCode = (file: string): boolean => [".js", ".cjs", ".mjs", ".ts"].includes(extname(file));

/** `why`: what it has said; null: it was not asked for. */
export class NotRun extends Data.TaggedError("NotRun")<{ readonly file: string; readonly why: string | null }> {
  readonly code = "HSU-IMP-002";
  override get message(): string {
    return this.why === null
      ? `${this.file} is code: what it says is known only when it has run`
      : `${this.file} cannot be run: ${this.why}`;
  }
  get hint(): string {
    return this.why === null ? "--allow-js runs it, with your rights" : "it has to export a list of apps, or an object with one";
  }
}

const MARK = "hsu-import:";

/** What a module exports, behind whatever it prints. Where it stands is where it looks for others. */
const program = `
const [file] = process.argv.slice(1);
process.chdir(require("node:path").dirname(file));
import(require("node:url").pathToFileURL(file)).then((module) => {
  process.stdout.write("\\n${MARK}" + JSON.stringify(module.default ?? module) + "\\n");
}, (cause) => {
  process.stderr.write(String(cause));
  process.exitCode = 1;
});`;

export const run = Effect.fnUntraced(function* (of: Text, node: string) {
  const { code, output } = yield* tryOut([node, "-e", program, of.file]);
  const line = output.split("\n").find((each) => each.startsWith(MARK));
  if (code !== 0 || line === undefined) return yield* new NotRun({ file: of.file, why: output === "" ? "it says nothing" : output });
  const said: unknown = JSON.parse(line.slice(MARK.length));
  return typeof said === "object" && said !== null ? { ...of, said } : yield* new NotRun({ file: of.file, why: "it exports no object" });
});
