import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as TestClock from "effect/testing/TestClock";
import { Processes, SpawnError } from "../../src/platform/index.ts";
import { makeMemoryProcesses, type Program } from "../../src/platform/memory/MemoryProcesses.ts";
import { options } from "./support.ts";

const simulate = (program: Program) => {
  const memory = makeMemoryProcesses({ it: program });
  const spawn = Effect.flatMap(Processes, (processes) => processes.spawn(options("/", { executable: "it" }))).pipe(
    Effect.provide(memory.layer),
  );
  return { memory, spawn, processes: Effect.provide(Processes, memory.layer) };
};
const code = (code: number) => ({ code, signal: null });

it.effect("a script's end comes when the test's clock says so", () =>
  Effect.gen(function* () {
    const { spawn } = simulate({ runMillis: 500, exit: code(3) });
    const handle = yield* spawn;
    const exit = yield* Effect.forkChild(handle.exit);
    yield* TestClock.adjust(499);
    expect(handle.groupAlive()).toBe(true);
    yield* TestClock.adjust(1);
    expect(yield* Fiber.join(exit)).toEqual(code(3));
    expect(handle.groupAlive()).toBe(false);
    expect(yield* Effect.flip(handle.signal("SIGTERM"))).toMatchObject({ reason: "Gone" });
  }),
);

it.effect("SIGTERM kills, is ignored, or is obeyed after a while", () =>
  Effect.gen(function* () {
    const mortal = yield* simulate({}).spawn;
    yield* mortal.signal("SIGTERM");
    expect(yield* mortal.exit).toEqual({ code: null, signal: "SIGTERM" });

    const { memory, spawn } = simulate({ onTerm: "ignore" });
    const stubborn = yield* spawn;
    yield* stubborn.signal("SIGTERM");
    yield* stubborn.signal("SIGCONT");
    expect(memory.started("it")[0]?.running).toBe(true);
    yield* stubborn.killGroup;
    expect(yield* stubborn.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(memory.started()[0]?.signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"]);

    const graceful = yield* simulate({ onTerm: { afterMillis: 100, exit: code(0) } }).spawn;
    yield* graceful.signal("SIGTERM");
    yield* TestClock.adjust(99);
    expect(graceful.groupAlive()).toBe(true);
    yield* TestClock.adjust(1);
    expect(yield* graceful.exit).toEqual(code(0));
  }),
);

it.effect("each run can have its own script, or not start at all", () =>
  Effect.gen(function* () {
    const error = new SpawnError({ reason: "NotExecutable", culprit: "it", errno: "EACCES" });
    const { memory, spawn } = simulate((_, run) => (run === 2 ? error : { runMillis: 0, exit: code(run) }));
    const first = yield* spawn;
    yield* TestClock.adjust(0);
    expect(yield* first.exit).toEqual(code(1));
    memory.define("it", error);
    expect(yield* Effect.flip(spawn)).toBe(error);
    memory.define("it", {});
    const second = yield* spawn;
    memory.started("it").at(-1)?.end(code(9));
    memory.started("it").at(-1)?.end(code(1));
    expect(yield* second.exit).toEqual(code(9));
    const { spawn: spawnOther } = simulate({});
    expect((yield* spawnOther).pid).toBe(first.pid);
    const processes = yield* Effect.provide(Processes, memory.layer);
    expect(yield* Effect.flip(processes.spawn(options("/", { executable: "other" })))).toMatchObject({ code: "HSU-PROC-001" });
  }),
);

it.effect("descendants outlive their leader until SIGKILL", () =>
  Effect.gen(function* () {
    const { memory, spawn } = simulate({ leavesDescendants: true });
    const handle = yield* spawn;
    memory.started()[0]?.end(code(0));
    yield* handle.signal("SIGTERM");
    expect(handle.groupAlive()).toBe(true);
    yield* handle.killGroup;
    expect(handle.groupAlive()).toBe(false);
  }),
);

it.effect("identity, statistics, and a pid that a stranger got", () =>
  Effect.gen(function* () {
    const stats = { rssBytes: 1, cpuMillis: 2, threads: 3 };
    const simulation = simulate({ stats });
    const { identity, pid } = yield* simulation.spawn;
    const processes = yield* simulation.processes;
    expect(yield* processes.identify(pid)).toEqual(Option.some(identity));
    expect(yield* processes.isAlive(identity)).toBe(true);
    expect(yield* processes.stats(identity)).toEqual(Option.some(stats));
    simulation.memory.started()[0]?.end(code(0));
    expect(yield* processes.identify(pid)).toEqual(Option.none());
    simulation.memory.reusePid(pid);
    expect(Option.getOrThrow(yield* processes.identify(pid))).not.toEqual(identity);
    expect(yield* processes.isAlive(identity)).toBe(false);
    expect(yield* processes.stats(identity)).toEqual(Option.none());
  }),
);

it.effect("sockets that are held: who connects waits, and is told of once", () =>
  Effect.gen(function* () {
    const { memory, processes } = simulate({});
    const specs = [{ address: { _tag: "Tcp", host: "::", port: 80 }, name: "web", backlog: 1 } as const];
    expect(memory.sockets.connect("[::]:80")).toBe(false);
    const { holdSockets } = yield* processes;
    const held = yield* holdSockets(specs, null);
    expect(yield* Effect.flip(holdSockets(specs, null))).toMatchObject({ reason: "InUse" });
    let told = 0;
    held.onConnection(() => void told++);
    const takeBack = held.onConnection(() => void told++);
    takeBack();
    expect([memory.sockets.connect("[::]:80"), memory.sockets.connect("[::]:80")]).toEqual([true, true]);
    expect([told, held.isAwaited(), held.connections()]).toEqual([0, true, 2]);
    held.onConnection(() => void told++);
    yield* Effect.promise(() => Promise.resolve());
    expect(told).toBe(1);
    memory.sockets.accept("[::]:80");
    expect([held.isAwaited(), held.connections()]).toEqual([false, 0]);
    held.close();
    expect(memory.sockets.connect("[::]:80")).toBe(false);
  }),
);
