import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { layer } from "../../src/platform/linux/Processes.ts";
import { misbehave, options, read, start, temporaryFolder } from "./support.ts";

const shell = (folder: string, script: string) => start(options(folder, { executable: "sh", args: ["-c", script] }));

it.live("an exit code is told to everyone who waits, also afterwards", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const handle = yield* shell(folder, "exit 7");
    const exits = yield* Effect.all([handle.exit, handle.exit], { concurrency: "unbounded" });
    expect([...exits, yield* handle.exit]).toEqual(Array.from({ length: 3 }, () => ({ code: 7, signal: null })));
  }).pipe(Effect.provide(layer)),
);

it.live("a signal that ended it is told by name", () =>
  Effect.gen(function* () {
    const handle = yield* shell(yield* temporaryFolder, "kill -SEGV $$");
    expect(yield* handle.exit).toEqual({ code: null, signal: "SIGSEGV" });
  }).pipe(Effect.provide(layer)),
);

it.live("an interrupted waiter leaves the process alone", () =>
  Effect.gen(function* () {
    const handle = yield* shell(yield* temporaryFolder, "sleep 60");
    expect(yield* Effect.timeoutOption(handle.exit, 20)).toMatchObject({ _tag: "None" });
    expect(handle.groupAlive()).toBe(true);
  }).pipe(Effect.provide(layer)),
);

it.live("onExit calls back once, later than the call, and not after unsubscribing", () =>
  Effect.gen(function* () {
    const handle = yield* shell(yield* temporaryFolder, "sleep 0.1; exit 1");
    const calls: Array<string> = [];
    const dropEarly = handle.onExit(() => calls.push("dropped early"));
    handle.onExit(() => {
      calls.push("first");
      dropSecond();
    });
    const dropSecond = handle.onExit(() => calls.push("dropped by the first"));
    dropEarly();
    yield* handle.exit;
    handle.onExit(() => calls.push("late"));
    const dropLate = handle.onExit(() => calls.push("dropped late"));
    expect(calls).toEqual(["first"]);
    dropLate();
    yield* Effect.sleep(0);
    expect(calls).toEqual(["first", "late"]);
  }).pipe(Effect.provide(layer)),
);

it.live("its environment is the given one and nothing else", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    yield* (yield* start(options(folder, { executable: "/usr/bin/env", env: { ONLY: "this" } }))).exit;
    expect(read(folder, "stdout.log")).toBe("ONLY=this\n");
  }).pipe(Effect.provide(layer)),
);

it.live("output is appended, 20 MB of it without anybody reading", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const run = ["--spew-lines", "20000", "--line-bytes", "1023", "--run-ms", "0"];
    expect(yield* (yield* misbehave(folder, ...run)).exit).toEqual({ code: 0, signal: null });
    yield* (yield* misbehave(folder, "--spew-lines", "1", "--stderr", "--run-ms", "0")).exit;
    expect(read(folder, "stdout.log").length).toBe("ready\n".length * 2 + 20_000 * 1024);
    expect(read(folder, "stderr.log")).toBe("line 1\n");
  }).pipe(Effect.provide(layer)),
);
