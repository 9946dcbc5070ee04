/** What the tests of real processes share: a folder that goes away, the misbehaving program, waiting with a deadline. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { type ProcessHandle, Processes, type SpawnOptions } from "../../src/platform/index.ts";
import { procProbe } from "../../src/platform/linux/Proc.ts";
import type { Probe } from "../../src/platform/Probe.ts";

export const program = fileURLToPath(new URL("../programs/misbehave.mjs", import.meta.url));

/** A folder of its own, removed with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "hsu-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
);

export const options = (cwd: string, more: Partial<SpawnOptions> = {}): SpawnOptions => ({
  executable: process.execPath,
  args: [],
  cwd,
  env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
  stdin: "ignore",
  stdout: { appendTo: join(cwd, "stdout.log") },
  stderr: { appendTo: join(cwd, "stderr.log") },
  ...more,
});

/** Starts a process whose group is killed with the scope, whatever became of the test. */
export const start = (spawnOptions: SpawnOptions) =>
  Effect.acquireRelease(
    Effect.flatMap(Processes, (processes) => processes.spawn(spawnOptions)),
    (handle) => Effect.orDie(handle.killGroup),
  );

/** The misbehaving program, once it has printed `ready`. */
export const misbehave = (folder: string, ...args: ReadonlyArray<string>): Effect.Effect<ProcessHandle, unknown, Processes | Scope.Scope> =>
  Effect.gen(function* () {
    const handle = yield* start(options(folder, { args: [program, ...args] }));
    yield* until("the program is ready", () => read(folder, "stdout.log").includes("ready"));
    return handle;
  });

/** A file's text; empty when there is none yet. */
export const read = (folder: string, name: string): string => {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
};

/** Asks every few milliseconds, at most for 10 s. */
export const until = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.andThen(Effect.sleep(5), until(what, holds)))).pipe(
    Effect.timeoutOrElse({ duration: 10_000, orElse: () => Effect.die(new Error(`waited 10 s in vain until ${what}`)) }),
  );

const { exitOf: _, ...withoutExits } = procProbe;
/** For tests in which one program is the earlier master and the later one: what the later one reaps, Node would never tell the earlier one. */
export const twoMastersProbe: Probe = withoutExits;
