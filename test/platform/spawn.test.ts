/** Both ways of starting a process: what the system calls for one must be so for the other. */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, openSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { layer } from "../../src/platform/linux/Processes.ts";
import { nativeSpawn } from "../../src/platform/linux/PosixSpawn.ts";
import { options, read, start, temporaryFolder, until } from "./support.ts";

/**
 * What a process has been given: words, folder, environment, descriptors, its own session and group, signals that it blocks or ignores. The last are read
 * without another program: a shell blocks all signals for a moment as it starts one.
 */
const report = `echo "$0" "$@"; pwd; env | sort | grep -v '^_='; ls -1 /proc/$$/fd; readlink /proc/$$/fd/0
cut -d' ' -f5,6 /proc/$$/stat | grep -qx "$$ $$" && echo leads
while read -r line; do case $line in SigBlk*|SigIgn*) echo "$line" ;; esac; done < /proc/$$/status; exit 3`;

it.live.each([
  ["alone", false],
  ["among others, beside the loop", true],
] as const)("a process is started as Node would start it: %s", ([, among]) =>
  Effect.gen(function* () {
    const folder = realpathSync(yield* temporaryFolder);
    const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", ünï: "cödé = 1", EMPTY: "" };
    const args = ["-c", report, "zero", "", "two words", "ünï"];
    const output = openSync(join(folder, "expected.log"), "w");
    const child = spawn("sh", args, { cwd: folder, env, detached: true, stdio: ["ignore", output, output] });
    closeSync(output);
    const expected = yield* Effect.promise(() => new Promise((done) => child.once("exit", (code, signal) => done({ code, signal }))));
    const handle = yield* start(options(folder, { executable: "sh", args, env, among, stderr: { appendTo: join(folder, "stdout.log") } }));
    expect(yield* handle.exit).toEqual(expected);
    expect(read(folder, "stdout.log")).toContain("leads");
    expect(read(folder, "stdout.log")).toBe(read(folder, "expected.log"));
  }).pipe(Effect.provide(layer)),
);

it.live("of many that are started beside the loop, and end at once, each end is told", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const codes = Array.from({ length: 60 }, (_, index) => index);
    const one = (code: number) => start(options(folder, { executable: "sh", args: ["-c", `exit ${code}`], among: true }));
    const handles = yield* Effect.forEach(codes, one, { concurrency: "unbounded" });
    const exits = yield* Effect.forEach(handles, ({ exit }) => exit, { concurrency: "unbounded" });
    expect(exits.map(({ code }) => code)).toEqual(codes);
    expect(new Set(handles.map(({ identity }) => identity.startTime)).has(-1)).toBe(false);
  }).pipe(Effect.provide(layer)),
);

it.live.runIf(nativeSpawn() !== null)("who has ended before the loop hears that it was started is heard of all the same", () =>
  Effect.gen(function* () {
    const spawner = nativeSpawn()!;
    const hear = process.listeners("SIGCHLD").at(-1)!;
    const what = { path: "/bin/true", args: ["true"], cwd: "/", env: {}, stdio: ["ignore", "ignore", "ignore"] } as const;
    // Nobody looks any more because of those before.
    yield* Effect.promise(() => new Promise((done) => setImmediate(setImmediate, done)));
    // The signal of its end is the only one, and comes too early.
    process.off("SIGCHLD", hear);
    const ended = new Promise((resolve) => {
      expect(spawner.beside(what, (child) => child?.onEnd(resolve))).toBe(true);
    });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    hear("SIGCHLD");
    expect(yield* Effect.promise(() => ended).pipe(Effect.ensuring(Effect.sync(() => process.on("SIGCHLD", hear))))).toEqual({
      code: 0,
      signal: null,
    });
  }),
);

it.live.runIf(nativeSpawn() !== null)("a child of Node's own that nobody has waited for yet does not hide the end of another", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    // Its end is there for the kernel as long as this turn of the loop lasts.
    const other = spawn("true", { stdio: "ignore" });
    const others = new Promise((done) => other.once("exit", done));
    const handles = yield* Effect.forEach([1, 2, 3], (code) => start(options(folder, { executable: "sh", args: ["-c", `exit ${code}`] })));
    const exits = yield* Effect.forEach(handles, ({ exit }) => exit, { concurrency: "unbounded" });
    expect(exits.map(({ code }) => code)).toEqual([1, 2, 3]);
    expect(yield* Effect.promise(() => others)).toBe(0);
  }).pipe(Effect.provide(layer)),
);

it.live("a script without an interpreter's name is run by a shell, and a text with a zero is refused", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    writeFileSync(join(folder, "plain"), "echo said; exit 5\n");
    chmodSync(join(folder, "plain"), 0o700);
    const handle = yield* start(options(folder, { executable: "./plain" }));
    expect(yield* handle.exit).toEqual({ code: 5, signal: null });
    yield* until("it has said so", () => read(folder, "stdout.log") === "said\n");
    expect(yield* Effect.flip(start(options(folder, { executable: "sh", args: ["-c", "exit 0\0"] })))).toMatchObject({ reason: "Other" });
  }).pipe(Effect.provide(layer)),
);
