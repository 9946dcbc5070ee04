import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { Processes } from "../../src/platform/index.ts";
import { layerWith } from "../../src/platform/linux/Processes.ts";
import { twoMastersProbe } from "./support.ts";

const layer = layerWith(twoMastersProbe);

/** A group leader that is nobody's child here that HSU knows of. */
const foreign = (script: string, env: Record<string, string> = {}): Promise<number> =>
  new Promise((done) => {
    const shell = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } });
    shell.stdout.once("data", () => done(shell.pid!));
  });
const run = <A>(use: (processes: Processes["Service"]) => Effect.Effect<A, unknown>): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.flatMap(Processes, use), layer));

describe("a process that somebody else has started", () => {
  it("is attached by its identity, signalled as a group, and its end is noticed without its exit code", async () => {
    const pid = await foreign("sleep 600 & echo up; wait");
    const exit = await run((processes) =>
      Effect.gen(function* () {
        const identity = Option.getOrThrow(yield* processes.identify(pid));
        const handle = Option.getOrThrow(yield* processes.attach(identity));
        expect(handle.groupAlive()).toBe(true);
        yield* handle.signal("SIGTERM");
        const ended = yield* handle.exit;
        yield* handle.killGroup;
        expect(handle.groupAlive()).toBe(false);
        expect(Option.isNone(yield* processes.attach(identity))).toBe(true);
        expect((yield* Effect.flip(handle.signal("SIGTERM"))).reason).toBe("Gone");
        return ended;
      }),
    );
    expect(exit).toEqual({ code: null, signal: null });
  });

  it("is not attached by a pid that is somebody else's", async () => {
    const pid = await foreign("echo up; sleep 600");
    await run((processes) =>
      Effect.gen(function* () {
        const identity = Option.getOrThrow(yield* processes.identify(pid));
        for (const other of [
          { ...identity, startTime: identity.startTime - 1 },
          { ...identity, bootId: "another" },
        ]) {
          expect(Option.isNone(yield* processes.attach(other))).toBe(true);
          yield* processes.kill(other);
        }
        expect(yield* processes.isAlive(identity)).toBe(true);
        yield* processes.kill(identity);
        yield* Effect.repeat(Effect.delay(processes.isAlive(identity), 5), { until: (alive) => !alive });
      }),
    );
  });

  it("is found by what it has in its environment, with its descendants", async () => {
    const mark = crypto.randomUUID();
    const pid = await foreign("sleep 600 & echo up; wait", { HSU_TEST_FOUND: mark });
    await run((processes) =>
      Effect.gen(function* () {
        const found = yield* processes.marked("HSU_TEST_FOUND", mark);
        expect(found.map(({ group }) => group)).toEqual([pid, pid]);
        expect(yield* processes.marked("HSU_TEST_FOUND", mark.slice(1))).toEqual([]);
        yield* Effect.forEach(found, processes.kill, { discard: true });
        yield* Effect.repeat(Effect.delay(processes.marked("HSU_TEST_FOUND", mark), 5), { until: (left) => left.length === 0 });
      }),
    );
  });
});
