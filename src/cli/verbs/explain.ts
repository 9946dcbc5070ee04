/**
 * `hsu explain CODE`
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { nearest } from "../../config/Nearest.ts";
import { UnknownCode } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

/** Beside the program, where the build has put them, or in the sources. */
const folder = (): string => {
  const beside = join(import.meta.dirname, "errors");
  return existsSync(beside) ? beside : join(import.meta.dirname, "../../../docs/reference/errors");
};

/** A page reads well as it is; what leads elsewhere on the web site leads nowhere on a terminal. */
const plain = (page: string): string => page.replace(/^# /, "").replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1");

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const given = (invocation.operands[0] ?? "").replaceAll(/[[\]]/g, "").toUpperCase();
  const pages = readdirSync(folder()).map((file) => file.replace(/\.md$/, ""));
  if (!pages.includes(given)) return yield* new UnknownCode({ given, nearest: nearest(given, pages) ?? null });
  yield* print(invocation, plain(readFileSync(join(folder(), `${given}.md`), "utf8")));
  return ExitCode.ok;
});
