/** Things that happen to a supervisor while it is in the middle of something else. */
import { describe, expect, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, type CrashReport, Supervisor } from "../../src/actor/index.ts";
import { ActTimer } from "../../src/actor/internal/timers.ts";
import { failsAfter, pass, quiet, reporting, Script, settled, states, system, told, until, worker } from "./actors.ts";

describe("a supervisor in a restart loop", () => {
  for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
    it.effect(`lets timers, other actors and its own stop through: ${strategy}`, () =>
      Effect.gen(function* () {
        const script = failsAfter(1);
        const fails = script.onStart;
        // A loop without an end would never give the test its turn back: it ends here, and the test sees that it was not stopped.
        script.onStart = (start) => (start > 50_000 ? undefined : fails(start));
        const spec = worker("a", {}, script);
        const supervisor = yield* Supervisor.start({ strategy, children: [spec], intensity: "infinity" });
        supervisor.ref(spec).cast("Die");
        yield* until(() => script.starts > 10);
        yield* supervisor.stop;
        expect([supervisor.alive, script.starts < 50_000]).toEqual([false, true]);
      }).pipe(quiet),
    );
  }

  it.effect("reports the starts that fail", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const spec = worker("a", {}, failsAfter(1));
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 2 });
      supervisor.ref(spec).cast("Die");
      yield* until(() => !supervisor.alive);
      expect(told(reports)).toEqual([
        "root/a: Error: died",
        "root/a: Error: start 2",
        "root/a: Error: start 3",
        "root: shutdown: more than 2 restarts in 5 s, the last of root/a: Error: start 3",
      ]);
    }).pipe(reporting(reports));
  });
});

describe("a child that is terminated while it starts", () => {
  for (const how of ["startChild", "restartChild"] as const) {
    it.effect(`has who asked for its start told: ${how}`, () =>
      Effect.gen(function* () {
        const script = new Script();
        const supervisor = yield* Supervisor.start({ children: [] });
        if (how === "restartChild") {
          yield* supervisor.startChild(worker("a", {}, script));
          yield* supervisor.terminateChild("a");
        }
        script.onStart = () => Effect.never;
        const start: Effect.Effect<unknown, unknown> =
          how === "startChild" ? supervisor.startChild(worker("a", {}, script)) : supervisor.restartChild("a");
        const asking = yield* Effect.forkChild(Effect.flip(start), { startImmediately: true });
        yield* settled;
        yield* supervisor.terminateChild("a");
        yield* settled;
        expect(asking.pollUnsafe()).toMatchObject({ value: { _tag: "StartError", reason: { _tag: "Shutdown" } } });
        expect(yield* states(supervisor)).toBe(how === "startChild" ? "" : "a down");
        const [x, y] = [worker("x"), worker("y")];
        yield* supervisor.startChild(x);
        yield* supervisor.startChild(y);
        expect(yield* states(supervisor)).toBe(how === "startChild" ? "x up, y up" : "a down, x up, y up");
      }),
    );
  }
});

it.effect("a child that is terminated while the restart of its siblings puts off its start has who asked for that start told", () =>
  Effect.gen(function* () {
    const [slow, script] = [new Script(), new Script()];
    slow.onStart = (start) => (start === 1 ? undefined : Effect.sleep(20));
    script.onStart = (start) => (start === 1 ? undefined : Effect.never);
    const [a, b] = [worker("a", {}, slow), worker("b", {}, script)];
    const supervisor = yield* Supervisor.start({ strategy: "one_for_all", intensity: 10, children: [a, b] });
    yield* supervisor.terminateChild("b");
    const asking = yield* Effect.forkChild(Effect.flip(supervisor.restartChild("b")), { startImmediately: true });
    yield* settled;
    supervisor.ref(a).cast("Die");
    yield* pass(10);
    expect(yield* states(supervisor)).toBe("a starting, b restarting");
    yield* supervisor.terminateChild("b");
    yield* settled;
    expect(asking.pollUnsafe()).toMatchObject({ value: { _tag: "StartError", reason: { _tag: "Shutdown" } } });
    yield* pass(10);
    expect(yield* states(supervisor)).toBe("a up, b down");
  }).pipe(quiet),
);

it.effect("a child that is up, but stopped and started again before its supervisor has heard of it, is not taken to be up", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>();
    const script = new Script();
    const starts = [undefined, Deferred.await(gate), Effect.never];
    script.onStart = (start) => starts[start - 1];
    const b = worker("b", { shutdown: "brutal_kill" }, script);
    const outer = yield* Supervisor.start({ children: [Supervisor.child({ id: "inner", children: [b] })] });
    const inner = yield* outer.supervisor("inner");
    inner.ref(b).cast("Die");
    yield* settled;
    expect(yield* states(inner)).toBe("b starting");
    const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true });
    yield* fork(outer.terminateChild("inner"));
    yield* fork(outer.restartChild("inner"));
    // The outer supervisor has its turn first: it stops and starts the inner one, to which this news is still on its way.
    yield* Deferred.succeed(gate, undefined);
    yield* settled;
    expect([script.starts, yield* states(inner), yield* states(outer)]).toEqual([3, "b starting", "inner starting"]);
  }).pipe(quiet),
);

it.effect("a temporary child that is terminated while it starts takes nobody else out of the order", () =>
  Effect.gen(function* () {
    const hangs = new Script();
    hangs.onStart = () => Effect.never;
    const supervisor = yield* Supervisor.start({ children: [] });
    yield* Effect.forkChild(Effect.exit(supervisor.startChild(worker("hangs", { restart: "temporary" }, hangs))), {
      startImmediately: true,
    });
    const refs = yield* Effect.forEach(Array.from({ length: 40 }), (_, n) =>
      supervisor.startChild(worker(`t${n}`, { restart: "temporary" })),
    );
    // As many gaps as the order bears; the next one closes them all and moves the rest.
    for (let n = 0; n < 32; n++) yield* supervisor.terminateChild(`t${n}`);
    yield* supervisor.terminateChild("hangs");
    yield* supervisor.stop;
    expect(refs.filter((ref) => ref.alive)).toEqual([]);
  }),
);

describe("deadlines", () => {
  it.effect("of a stop do not hit the incarnation that comes after it", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const script = new Script();
      script.onTerminate = () => Deferred.await(gate);
      const [a, b] = [worker("a"), worker("b", { shutdown: 1000 }, script)];
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: [a, b], intensity: 10 });
      const { timers } = yield* system;
      // Both in one wake-up, in this order: b has stopped, b's deadline has passed.
      timers.add(new ActTimer(() => void Deferred.doneUnsafe(gate, Effect.void)), 1000);
      supervisor.ref(a).cast("Die");
      yield* pass(1000);
      expect([supervisor.ref(b).incarnation, yield* states(supervisor), timers.size]).toEqual([2, "a up, b up", 0]);
    }).pipe(quiet),
  );

  it.effect("of a start do not hit a child that is up", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onStart = () => Effect.sleep(999);
      const spec = worker("a", { startTimeoutMillis: 1000 }, script);
      const starting = yield* Effect.forkChild(Supervisor.start({ children: [spec] }), { startImmediately: true });
      yield* pass(999);
      const supervisor = yield* Fiber.join(starting);
      yield* pass(1);
      yield* pass(5000);
      expect([supervisor.ref(spec).incarnation, yield* states(supervisor)]).toEqual([1, "a up"]);
    }),
  );

  it.effect("of a stop kill a child whose handler and terminate both hang", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onTerminate = () => Effect.never;
      const spec = worker("a", { shutdown: 100 }, script);
      const supervisor = yield* Supervisor.start({ children: [spec] });
      supervisor.ref(spec).cast("Block");
      yield* settled;
      const terminating = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true });
      yield* pass(99);
      expect(terminating.pollUnsafe()).toBe(undefined);
      expect(yield* states(supervisor)).toBe("a stopping");
      yield* pass(1);
      yield* Fiber.join(terminating);
      expect(yield* states(supervisor)).toBe("a down");
    }),
  );
});

it.effect("a child that was never started has nobody to call", () =>
  Effect.gen(function* () {
    const spec = worker("a", { autoStart: false });
    const supervisor = yield* Supervisor.start({ children: [spec] });
    const ref = supervisor.ref(spec);
    const calling = yield* Effect.forkChild(Effect.flip(ref.call("Incarnation")), { startImmediately: true });
    yield* settled;
    expect(calling.pollUnsafe()).toMatchObject({ value: { _tag: "ActorDown", reason: { _tag: "NoProc" } } });
    yield* supervisor.restartChild("a");
    expect(yield* ref.call("Incarnation")).toBe(1);
    yield* Actor.awaitExit(ref).pipe(Effect.forkChild);
  }),
);
