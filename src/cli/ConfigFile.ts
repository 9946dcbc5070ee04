/**
 * Which config is meant, and what is in it.
 */
import * as Effect from "effect/Effect";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { ConfigDiagnostic, ConfigError, More } from "../config/Diagnostic.ts";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import { NoConfig } from "./Errors.ts";
import type { Invocation } from "./Invocation.ts";
import * as Invoked from "./Invocation.ts";
import { ndjson } from "./render/structured.ts";

/** FILE, else `$HSU_CONFIG`, else the first there is of `./hsu.yaml`, `$XDG_CONFIG_HOME/hsu/hsu.yaml` and `/etc/hsu/hsu.yaml`. */
export const find = (
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  exists: (path: string) => boolean = existsSync,
): Effect.Effect<string, NoConfig> => {
  const named = given ?? (env["HSU_CONFIG"] || undefined);
  if (named !== undefined) return Effect.succeed(resolve(cwd, named));
  const xdg = env["XDG_CONFIG_HOME"];
  const home = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env["HOME"] || homedir(), ".config");
  const lookedAt = [join(cwd, "hsu.yaml"), join(home, "hsu", "hsu.yaml"), "/etc/hsu/hsu.yaml"];
  const found = lookedAt.find(exists);
  return found === undefined ? Effect.fail(new NoConfig({ lookedAt })) : Effect.succeed(found);
};

/**
 * The config that an invocation means. Warnings have been said on stderr; when it is not valid, so have been all of its errors, and there is no spec:
 * the exit code is then `usage`.
 */
export const load = Effect.fnUntraced(function* (invocation: Invocation, seen?: Seen): Effect.fn.Return<Read | undefined, NoConfig> {
  const { io, operands } = invocation;
  return yield* read(invocation, yield* find(operands[0], io.env, io.cwd), seen);
});

/** What is known of a config beside what it says, also of one that is not valid. */
export interface Seen {
  /** The files and folders that it depends on. */
  readonly files: Set<string>;
  /** What is wrong with it, in a line. */
  wrong: string | null;
}

const inALine = ([first, ...others]: ReadonlyArray<ConfigDiagnostic>): string =>
  first === undefined
    ? "it is not valid"
    : `${first.file}:${first.line}:${first.column}: ${first.message} [${first.code}]${others.length === 0 ? "" : `, and ${others.length} more`}`;

export interface Read {
  readonly file: string;
  readonly spec: MasterSpec;
}

/** The same of a file that is named otherwise. */
export const read = Effect.fnUntraced(function* (invocation: Invocation, file: string, seen?: Seen): Effect.fn.Return<Read | undefined> {
  const config = yield* Effect.promise(() => import("../config/index.ts"));
  const most = invocation.flags["all"] === true || isJson(invocation) ? Infinity : undefined;
  return yield* config
    .load(file, (path) => seen?.files.add(path), most)
    .pipe(
      Effect.tap(({ more, warnings }) => show(invocation, warnings, more)),
      Effect.map(({ spec }) => ({ file, spec })),
      Effect.catch((error) => {
        if (seen !== undefined) seen.wrong = inALine(error.errors);
        return Effect.as(complainOf(invocation, error), undefined);
      }),
    );
});

const isJson = ({ flags }: Invocation): boolean => flags["output"] === "json";

/** As many of them are one write: who reads slowly is not overrun. */
const atOnce = 1_000;

/** An object a line, with the page that tells more. */
const lines = (found: ReadonlyArray<ConfigDiagnostic>): string =>
  found.map((one) => ndjson({ ...one, doc: `docs/reference/errors/${one.code}.md` })).join("");

const show = (invocation: Invocation, found: ReadonlyArray<ConfigDiagnostic>, more: More | undefined, out = invocation.io.stderr) =>
  Effect.gen(function* () {
    if (found.length === 0) return;
    if (isJson(invocation)) {
      for (let at = 0; at < found.length; at += atOnce) yield* Effect.ignore(out.write(lines(found.slice(at, at + atOnce))));
      return;
    }
    const { render, summary } = yield* Effect.promise(() => import("../config/Diagnostic.ts"));
    const codes = [...new Set(found.map(({ code }) => code))];
    const tip = `more about ${codes.length === 1 ? "it" : "them"}: hsu explain ${codes.slice(0, 3).join(" | ")}${codes.length > 3 ? " | …" : ""}`;
    const rest = more === undefined || Object.keys(more).length === 0 ? "" : "; all of them: hsu validate --all";
    const text = (one: ConfigDiagnostic): string => `${render(one, { color: isColoured(invocation) })}\n\n`;
    for (let at = 0; at < found.length; at += atOnce) {
      const some = found.slice(at, at + atOnce);
      yield* Effect.ignore(out.write(some.map(text).join("")));
    }
    yield* Invoked.say(invocation, `${summary(found, more)}\n${tip}${rest}`);
  });

/** The text of the config that an invocation means, and where it is; absent where it cannot be read, which has been said then. */
export const text = Effect.fnUntraced(function* (
  invocation: Invocation,
): Effect.fn.Return<{ readonly file: string; readonly text: string } | undefined, NoConfig> {
  const { io, operands } = invocation;
  const file = yield* find(operands[0], io.env, io.cwd);
  const { readText } = yield* Effect.promise(() => import("../config/index.ts"));
  return yield* Effect.map(readText(file), (found) => ({ file, text: found })).pipe(
    Effect.catch((error) => Effect.as(complainOf(invocation, error), undefined)),
  );
});

/** All that is wrong with a file; where JSON is asked for it is what there is to print. */
export const complainOf = (invocation: Invocation, error: ConfigError): Effect.Effect<void> =>
  show(invocation, error.diagnostics, error.more, isJson(invocation) ? invocation.io.stdout : invocation.io.stderr);

export const isColoured = (invocation: Invocation): boolean => invocation.errorPaint.red("x") !== "x";
