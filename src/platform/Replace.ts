/**
 * Another program in the place of this one: the same process to the system, with the same children, terminal and service manager.
 */
import { execFile } from "node:child_process";
import * as Effect from "effect/Effect";
import { closeUnclaimed, handOver, receive } from "./linux/Kept.ts";

export interface Tried {
  /** Null: it could not be run, or was not done in time. */
  readonly code: number | null;
  readonly output: string;
}

/** How long a program is waited for that is only tried. */
const patienceMillis = 60_000;

/** Runs a command to its end, in this folder and environment. */
export const tryOut = ([file = "", ...args]: ReadonlyArray<string>): Effect.Effect<Tried> =>
  Effect.callback((resume) => {
    execFile(file, args, { timeout: patienceMillis }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      const said = `${stdout}${stderr}`.trim();
      resume(Effect.succeed({ code, output: said === "" && error !== null ? error.message : said }));
    });
  });

/** Whether this system can put another program in the place of this one. */
export const canReplace = (): boolean => typeof process.execve === "function";

/** How long is waited for what is still being said to be heard. */
const lastWordsMillis = 50;

/** Does it soon: nothing of this program is asked or told of it, and what it has open is closed, but for what it keeps. */
export const replaceSoon = ([file = "", ...args]: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(
    () => void setTimeout(() => process.execve?.(file, [file, ...args], { ...process.env, ...handOver(process.pid) }), lastWordsMillis),
  );

/** For the program that comes: what the one before has kept for it is open while the scope is, as far as somebody asks for it. */
export const takeOver = Effect.promise(() =>
  receive(process.env, process.pid, async () => {
    const { libc } = await import("./linux/Libc.ts");
    return (await libc()).closeOnExec;
  }),
);

/** Whatever nobody has asked for is closed. */
export const tookOver: Effect.Effect<void> = Effect.sync(closeUnclaimed);
