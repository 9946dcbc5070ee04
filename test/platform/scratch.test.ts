import { readdirSync, readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { openScratch } from "../../src/platform/index.ts";
import { layer } from "../../src/platform/linux/Processes.ts";
import { options, start, temporaryFolder } from "./support.ts";

it("what a command prints is read from a file that nobody else can find, and that is gone with its descriptor", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const scratch = openScratch(folder)!;
    expect(readdirSync(folder)).toEqual([]);
    const output = { descriptor: scratch.descriptor };
    // As a shell script does, which opens it anew.
    const script = "echo one; echo two >&2; echo three >> /dev/stderr";
    const { exit } = yield* start(options(folder, { executable: "sh", args: ["-c", script], stdout: output, stderr: output }));
    expect(yield* exit).toEqual({ code: 0, signal: null });
    expect([scratch.tail(100), scratch.tail(5)]).toEqual(["one\ntwo\nthree\n", "hree\n"]);
    const before = readdirSync("/proc/self/fd").length;
    scratch.close();
    expect(readdirSync("/proc/self/fd").length).toBe(before - 1);
    expect(() => readFileSync(`/proc/self/fd/${scratch.descriptor}`)).toThrow();
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise));
