import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { tail } from "../../src/logs/index.ts";
import { layer } from "../../src/platform/linux/Processes.ts";
import { options, program, start, until as untilTrue } from "../platform/support.ts";
import { numbered, unit } from "./support.ts";

it.live("the last lines first, then the new ones of both streams", () =>
  Effect.gen(function* () {
    const { follow, stdout, stderr } = yield* unit;
    writeFileSync(stdout, numbered(1, 5));
    const { seen, until } = yield* follow(1);
    yield* until(["out line 5"]);
    writeFileSync(stderr, "late\n"); // a file that was not there
    yield* until(["out line 5", "err late"]);
    appendFileSync(stdout, "new\n");
    const expected = ["out line 5", "err late", "out new"];
    yield* until(expected);
    expect(seen).toEqual(expected);
  }),
);

it.live("a line without a newline is held until it is complete, also one that was there before", () =>
  Effect.gen(function* () {
    const { follow, stdout, stderr } = yield* unit;
    writeFileSync(stdout, "one\nha");
    const { seen, until, up } = yield* follow(0);
    yield* up;
    rmSync(stderr);
    const more = yield* follow(1);
    yield* more.until(["out one"]);
    appendFileSync(stdout, "lf");
    appendFileSync(stderr, "later\n");
    yield* until(["err later"]);
    expect(seen).toEqual(["err later"]);
    appendFileSync(stdout, "\nnext");
    const expected = ["err later", "out half"];
    yield* Effect.all([until(expected), more.until(["out one", ...expected])]);
    expect([seen, more.seen]).toEqual([expected, ["out one", ...expected]]);
  }),
);

it.live("a file that is emptied goes on from its beginning", () =>
  Effect.gen(function* () {
    const { follow, stdout } = yield* unit;
    writeFileSync(stdout, "old\ncut of");
    const { seen, until } = yield* follow(9);
    yield* until(["out old"]);
    truncateSync(stdout, 0);
    yield* until(["out old", "out cut of"]);
    appendFileSync(stdout, "new\n");
    const expected = ["out old", "out cut of", "out new"];
    yield* until(expected);
    expect(seen).toEqual(expected);
  }),
);

it.live("a file that is replaced is read to its end, then the new one", () =>
  Effect.gen(function* () {
    const { follow, stdout } = yield* unit;
    writeFileSync(stdout, "old\n");
    const { seen, until } = yield* follow(9);
    yield* until(["out old"]);
    renameSync(stdout, `${stdout}.1`);
    appendFileSync(`${stdout}.1`, "last of the old\n");
    writeFileSync(stdout, "new\n");
    yield* until(["", "", ""]);
    rmSync(stdout);
    writeFileSync(stdout, "newer\n");
    const expected = ["out old", "out last of the old", "out new", "out newer"];
    yield* until(expected);
    expect(seen).toEqual(expected);
  }),
);

it.live("a real writer: every line, in order, once", () =>
  Effect.gen(function* () {
    const { follow, stateDirectory, stdout, stderr } = yield* unit;
    const { seen, until, up } = yield* follow(10);
    yield* up;
    const output = { stdout: { appendTo: stdout }, stderr: { appendTo: stderr } };
    const flags = ["--spew-lines", "20000", "--line-bytes", "100", "--run-ms", "0"];
    yield* start(options(stateDirectory, { args: [program, ...flags], ...output }));
    yield* start(options(stateDirectory, { args: [program, ...flags, "--stderr"], ...output }));
    const wanted = Array.from({ length: 40_002 }, () => "");
    yield* until(wanted);
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}`.padEnd(100, "."));
    const of = (stream: string) => seen.filter((line) => line.startsWith(stream) && !line.endsWith("ready")).map((line) => line.slice(4));
    expect(of("out")).toEqual(lines);
    expect(of("err")).toEqual(lines);
    expect(seen).toHaveLength(40_002);
  }).pipe(Effect.provide(layer)),
);

it.live("as long as nothing is written, nothing is read", () =>
  Effect.gen(function* () {
    const { follow, stdout } = yield* unit;
    writeFileSync(stdout, "one\n");
    const { until } = yield* follow(1);
    yield* until(["out one"]);
    yield* Effect.sleep(50); // the writes above are still being told
    const before = systemReads();
    yield* Effect.sleep(100);
    expect(systemReads() - before).toBeLessThan(20);
  }),
);

const systemReads = (): number => Number(/syscr: (\d+)/.exec(readFileSync("/proc/self/io", "latin1"))?.[1]);

it.live("who stops following leaves no descriptor and no watcher behind", () =>
  Effect.gen(function* () {
    const { stateDirectory, stdout } = yield* unit;
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const watchers = () => process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length;
    writeFileSync(stdout, numbered(1, 1000));
    const follow = tail({ stateDirectory, unit: "u", lines: 10, follow: true });
    yield* Stream.runDrain(Stream.take(follow, 1)); // the first watcher brings inotify's own descriptor
    const before = descriptors();
    for (let round = 0; round < 20; round++) {
      const scope = yield* Scope.make();
      yield* Effect.forkIn(Stream.runDrain(follow), scope);
      yield* Effect.sleep(round % 3);
      yield* Scope.close(scope, Exit.void);
    }
    yield* untilTrue("its descriptors and watchers are closed", () => descriptors() === before && watchers() === 0);
  }),
);
