/**
 * The thin client beside the full one, before the same master: the same bytes, the same exit code.
 */
import * as Effect from "effect/Effect";
import { execFile } from "node:child_process";
import * as Fs from "node:fs";
import * as Path from "node:path";
import { expect, inject, test } from "vitest";
import { thin, thinVerbs } from "../../src/cli/thin/Thin.ts";
import { folder, hsu, master, scoped, testIo, type TestIo } from "./testIo.ts";

const surroundings = ({ cwd, env, stdout, uid }: TestIo) => ({ isTTY: stdout.isTTY, env, cwd, uid });

const lines = [
  "status",
  "ps -o table",
  "status -o json",
  "status --output name",
  "tree",
  "tree -o json",
  "describe web",
  "describe web -o json",
];

test.each([false, true])("both say the same of the same master (terminal: %s)", (tty) =>
  scoped(
    Effect.gen(function* () {
      const path = yield* folder;
      yield* master(path);
      for (const line of [...lines, ...lines.map((each) => `${each} --no-color`)]) {
        const io = testIo(path, { tty });
        const argv = line.split(" ");
        const exitCode = yield* hsu(io, ...argv);
        const done = yield* Effect.promise(() => thin(argv, surroundings(io)));
        expect({ line, ...done }).toEqual({ line, out: io.out(), err: io.err(), exitCode });
        expect(done?.out).not.toBe("");
      }
    }),
  ),
);

test("what is not plain is left to the full client, and so is a master that is away or does not know", () =>
  scoped(
    Effect.gen(function* () {
      const path = yield* folder;
      const io = testIo(path);
      const left = (line: string, env = io.env) =>
        Effect.map(
          Effect.promise(() => thin(line.split(" "), { ...surroundings(io), env })),
          (done) => expect({ line, done }).toEqual({ line, done: undefined }),
        );
      yield* left("status");
      yield* master(path);
      for (const line of [
        "status -w",
        "status -o yaml",
        "status -oname",
        "status web",
        "status --host tls://x:1",
        "status --help",
        "status -o",
      ])
        yield* left(line);
      for (const line of [
        "describe",
        "describe nobody",
        "--no-color status",
        "stop web",
        "toString",
        "status --socket",
        "status -o nothing",
      ])
        yield* left(line);
      yield* left("status", { ...io.env, HSU_HOST: "tls://x:1" });
    }),
  ));

test("the entry of the program knows its verbs, and what it loads for them has nothing of Effect in it", () => {
  const entry = Fs.readFileSync(Path.join(import.meta.dirname, "../../src/bin/hsu.ts"), "utf8");
  expect(entry).toContain(`/^(${Object.keys(thinVerbs).join("|")})$/`);
  const built = Fs.readFileSync(Path.join(Path.dirname(inject("builtProgram")), "thin.mjs"), "utf8");
  expect(built).not.toMatch(/import\s*[({"'*]/);
  expect(built.length).toBeLessThan(20_000);
});

test("the program: the thin client and the full one print the same", () =>
  scoped(
    Effect.gen(function* () {
      const path = yield* folder;
      yield* master(path);
      const env = { PATH: process.env["PATH"], HSU_SOCKET: Path.join(path, "master.sock"), HOME: path, XDG_CACHE_HOME: path };
      const of = (...argv: ReadonlyArray<string>) =>
        Effect.promise(
          () =>
            new Promise((done) =>
              execFile(process.execPath, [inject("builtProgram"), ...argv], { env }, (error, out, err) =>
                done([error?.code ?? 0, out, err]),
              ),
            ),
        );
      // A flag before the verb is not plain.
      expect(yield* of("status")).toEqual(yield* of("--no-color", "status"));
      expect(yield* of("describe", "nobody")).toEqual(yield* of("--no-color", "describe", "nobody"));
    }),
  ));
