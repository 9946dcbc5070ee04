import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Processes, type SpawnOptions } from "../../src/platform/index.ts";
import { layer } from "../../src/platform/linux/Processes.ts";
import { options, temporaryFolder } from "./support.ts";

const file = (path: string, text: string, mode: number): string => {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

const cases: Record<string, (folder: string) => readonly [Partial<SpawnOptions>, Readonly<Record<string, unknown>>]> = {
  "a bare name that is nowhere on the PATH": () => [
    { executable: "no-such-program" },
    { code: "HSU-PROC-001", culprit: "no-such-program" },
  ],
  "a path to nothing": () => [{ executable: "./nothing" }, { code: "HSU-PROC-001", culprit: "./nothing" }],
  "a path through a file": (folder) => [{ executable: join(file(join(folder, "f"), "", 0o700), "x") }, { code: "HSU-PROC-001" }],
  "a missing working directory": (folder) => [{ cwd: join(folder, "none") }, { code: "HSU-PROC-002", culprit: join(folder, "none") }],
  "a working directory that is a file": (folder) => [{ cwd: file(join(folder, "f"), "", 0o600) }, { code: "HSU-PROC-002" }],
  "a file without the execute permission": (folder) => [
    { executable: file(join(folder, "plain"), "#!/bin/sh\n", 0o600) },
    { code: "HSU-PROC-003", culprit: join(folder, "plain"), errno: "EACCES" },
  ],
  "a folder as the executable": (folder) => {
    mkdirSync(join(folder, "d"));
    return [{ executable: "./d" }, { code: "HSU-PROC-003" }];
  },
  "a script whose interpreter is missing": (folder) => [
    { executable: file(join(folder, "script"), "#!/no/such/interpreter\n", 0o700) },
    { code: "HSU-PROC-005", culprit: join(folder, "script") },
  ],
  "an output file in a missing folder": (folder) => [
    { stderr: { appendTo: join(folder, "none", "err.log") } },
    { code: "HSU-PROC-006", culprit: join(folder, "none", "err.log") },
  ],
  "an argument that is too long": () => [{ args: ["x".repeat(1_000_000)] }, { code: "HSU-PROC-009", errno: "E2BIG" }],
  "an argument with a zero byte": () => [{ args: ["a\0b"] }, { code: "HSU-PROC-010", errno: "ERR_INVALID_ARG_VALUE" }],
};

const openFiles = () => readdirSync("/proc/self/fd").length;

for (const [name, make] of Object.entries(cases)) {
  it.live.each([false, true])(`told apart: ${name}; beside the loop: %s`, (among) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const [given, expected] = make(folder);
      const before = openFiles();
      const error = yield* Effect.flip((yield* Processes).spawn(options(folder, { ...given, among })));
      expect(error).toMatchObject({ _tag: "SpawnError", ...expected });
      expect(error.message).toContain(JSON.stringify(error.culprit));
      expect(error.hint).not.toBe("");
      expect(openFiles()).toBe(before);
    }).pipe(Effect.provide(layer)),
  );
}

it.live("no descriptor of the master is left open by a start that succeeds", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const handle = yield* (yield* Processes).spawn(options(folder, { executable: "true" }));
    yield* handle.exit;
    const before = openFiles();
    yield* (yield* (yield* Processes).spawn(options(folder, { executable: "true" }))).exit;
    yield* (yield* (yield* Processes).spawn(options(folder, { executable: "true", among: true }))).exit;
    expect(openFiles()).toBe(before);
  }).pipe(Effect.provide(layer)),
);
