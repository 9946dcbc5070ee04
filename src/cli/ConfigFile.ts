/**
 * Which config is meant, and what is in it.
 */
import * as Effect from "effect/Effect";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { ConfigDiagnostic, ConfigError } from "../config/Diagnostic.ts";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import { NoConfig } from "./Errors.ts";
import type { Invocation } from "./Invocation.ts";
import * as Invoked from "./Invocation.ts";

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
  const { renderAll } = yield* Effect.promise(() => import("../config/Diagnostic.ts"));
  const show = (found: ReadonlyArray<ConfigDiagnostic>): Effect.Effect<void> =>
    found.length === 0 ? Effect.void : Invoked.say(invocation, renderAll(found, { color: isColoured(invocation) }));
  return yield* config
    .load(file, (path) => seen?.files.add(path))
    .pipe(
      Effect.tap(({ warnings }) => show(warnings)),
      Effect.map(({ spec }) => ({ file, spec })),
      Effect.catch((error) => {
        if (seen !== undefined) seen.wrong = inALine(error.errors);
        return Effect.as(show(error.diagnostics), undefined);
      }),
    );
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

/** All that is wrong with a file. */
export const complainOf = (invocation: Invocation, error: ConfigError): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.promise(() => import("../config/Diagnostic.ts")),
    ({ renderAll }) => Invoked.say(invocation, renderAll(error.diagnostics, { color: isColoured(invocation) })),
  );

export const isColoured = (invocation: Invocation): boolean => invocation.errorPaint.red("x") !== "x";
