/** A worker thread is a child: it fails, is started again, and is stopped, as a child is. */
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { Actor, type CrashReport, ExitReason, Supervisor, WorkerSupervisor } from "../../src/actor/index.ts";
import { cellOf, quiet, reporting, Script, told, worker } from "../actor/actors.ts";
import { journalSpec } from "./journal.ts";
import { probe, writer } from "./protocols.ts";
import { eventually, probeChild, startProbe, Threads, patient } from "./support.ts";

for (const { message, payload, says } of [
  { message: "ExitThread", payload: { code: 7 }, says: "the worker of app/place exited with code 7" },
  { message: "ThrowOutside", payload: undefined, says: "Error: outside of all actors" },
] as const) {
  it.live(`a thread that ends by ${message} is reported and started again; calls under way fail at once, and refs go on`, () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const threads = new Threads();
      const { place, probe, second } = yield* startProbe(threads);
      const monitor = yield* Effect.forkChild(Actor.awaitExit(second), { startImmediately: true });
      const waiting = yield* Effect.forkChild(Effect.flip(second.call("Sleep", undefined, { timeout: "infinity" })), {
        startImmediately: true,
      });
      probe.cast(message, payload);
      expect((yield* Fiber.join(waiting)).message).toBe(`app/place/second is down: ${says}`);
      expect(ExitReason.format(yield* Fiber.join(monitor))).toBe(says);
      // Sent while there is no thread: it waits for the next.
      expect(yield* second.call("Double", { n: 4 }, patient)).toBe(8);
      expect([place.incarnation, second.incarnation, second.alive]).toEqual([2, 2, true]);
      expect(told(reports)).toEqual([`app/place: ${says}`]);
      expect(threads.started.length - threads.exited).toBe(1);
    }).pipe(reporting(reports));
  });
}

it.live("a thread that spins forever is killed at the deadline of its stop", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const { app, probe, place } = yield* startProbe(threads, { shutdown: 50 });
    probe.cast("SpinForever");
    const unheard = yield* Effect.flip(probe.call("Notes", undefined, { timeout: 20 }));
    expect(unheard._tag).toBe("CallTimeout");
    yield* app.terminateChild("place");
    expect([place.alive, threads.exited]).toEqual([false, 1]);
    expect(yield* Effect.flip(probe.call("Notes", undefined, patient))).toMatchObject({ _tag: "ActorDown", reason: { _tag: "NoProc" } });
    yield* app.restartChild("place");
    expect(yield* probe.call("Double", { n: 1 }, patient)).toBe(2);
  }).pipe(quiet),
);

it.live("closing the scope stops the trees there in order and leaves no thread", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    yield* Effect.scoped(
      Effect.gen(function* () {
        const children = Array.from({ length: 3 }, (_, n) =>
          WorkerSupervisor.child({ id: `${n}`, spawn: threads.spawn("probe"), exports: {} }),
        );
        yield* Supervisor.start({ id: "app", children });
        expect(threads.exited).toBe(0);
      }),
    );
    expect([threads.started.length, threads.exited]).toEqual([3, 3]);
  }),
);

it.live("a start that fails there fails here, with the path of who failed", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const spec = probeChild(threads, {}, { failStart: true });
    const error = yield* Effect.flip(Supervisor.start({ id: "app", children: [spec] }));
    expect(error.message).toBe("app/place did not start: app/place/probe did not start: Error: no disk");
    expect(threads.exited).toBe(1);
  }),
);

it.live("a program that cannot be loaded, or a spawn that throws, is a failed start", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const missing = WorkerSupervisor.child({ id: "place", spawn: threads.spawn("missing"), exports: {} });
    const error = yield* Effect.flip(Supervisor.start({ id: "app", children: [missing] }));
    expect(error.message).toMatch(/^app\/place did not start: .*Cannot find module/);
    const spawn = (): never => {
      throw new Error("no more threads");
    };
    const refused = yield* Effect.flip(
      Supervisor.start({ id: "app", children: [WorkerSupervisor.child({ id: "place", spawn, exports: {} })] }),
    );
    expect(refused.message).toBe("app/place did not start: Error: no more threads");
  }),
);

it.live("a start under way can be stopped, before and after the thread has come to it", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const app = yield* Supervisor.start({ id: "app", children: [] });
    const starting = (id: string) =>
      Effect.forkChild(
        Effect.flip(
          app.startChild(
            WorkerSupervisor.child({ id, spawn: threads.spawn("probe", { hangStart: true }), exports: {}, shutdown: "infinity" }),
          ),
        ),
        { startImmediately: true },
      );
    const early = yield* starting("early");
    yield* eventually(() => threads.started.length === 1);
    yield* app.terminateChild("early");
    expect((yield* Fiber.join(early)).message).toBe("app/early did not start: shutdown");
    const late = yield* starting("late");
    // Long enough for the tree there to be waiting for its child; if it is not, this is the first case again.
    yield* Effect.sleep(500);
    yield* app.terminateChild("late");
    expect((yield* Fiber.join(late)).message).toBe("app/late did not start: shutdown");
    expect([threads.started.length, threads.exited]).toEqual([2, 2]);
  }),
);

it.live("a start that takes too long is killed at its deadline", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const spec = probeChild(threads, { startTimeoutMillis: 1000 }, { hangStart: true });
    const error = yield* Effect.flip(Supervisor.start({ id: "app", children: [spec] }));
    expect(error.message).toBe("app/place did not start: not up after 1000 ms");
    expect(threads.exited).toBe(1);
  }),
);

it.live("a worker that does not serve what is expected of it does not start", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const without = probeChild(threads, {}, { without: "second" });
    const gone = yield* Effect.flip(Supervisor.start({ id: "app", children: [without] }));
    expect(gone.message).toBe('app/place did not start: the worker of app/place: it does not export "second", only probe, box');
    const other = WorkerSupervisor.child({ id: "place", spawn: threads.spawn("probe"), exports: { box: writer } });
    const wrong = yield* Effect.flip(Supervisor.start({ id: "app", children: [other] }));
    expect(wrong.message).toBe("app/place did not start: the worker of app/place: its box does not take Tell, Ask");
    expect(threads.exited).toBe(2);
  }),
);

it.live("with one_for_all a worker and its siblings here are restarted together", () =>
  Effect.gen(function* () {
    const log: Array<string> = [];
    const threads = new Threads();
    const sibling = worker("sibling", {}, new Script(log));
    const { app, probe } = yield* startProbe(threads, {}, { strategy: "one_for_all", intensity: 5, children: [sibling] });
    probe.cast("ExitThread", { code: 1 });
    yield* eventually(() => log.length === 3);
    expect(log).toEqual(["+sibling", "-sibling shutdown", "+sibling"]);
    expect(yield* probe.call("Double", { n: 3 }, patient)).toBe(6);
    app.ref(sibling).cast("Die");
    yield* eventually(() => threads.started.length === 3);
    expect(yield* probe.call("Double", { n: 4 }, patient)).toBe(8);
    expect(threads.exited).toBe(2);
  }).pipe(quiet),
);

it.live("a spec may say that what waits for a thread is discarded with it", () =>
  Effect.gen(function* () {
    const { place, probe } = yield* startProbe(new Threads(), { mailbox: "discard" });
    yield* Effect.flip(probe.call("Sleep", undefined, { timeout: 10 }));
    // More than may be under way: the rest waits here.
    for (let n = 0; n < 3000; n++) probe.cast("Note", { text: `${n}` });
    const waiting = yield* Effect.forkChild(Effect.flip(probe.call("Notes", undefined, { timeout: "infinity" })), {
      startImmediately: true,
    });
    yield* eventually(() => probe.mailbox.depth >= 3000 && cellOf(probe).messages!.length < 2000);
    yield* place.kill;
    expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "ActorDown" });
    expect(yield* probe.call("Notes", undefined, patient)).toEqual([]);
  }).pipe(quiet),
);

it.live("a tree there that has restarted too often ends, and is a new thread's", () => {
  const reports: Array<CrashReport.CrashReport> = [];
  return Effect.gen(function* () {
    const threads = new Threads();
    const { place, probe } = yield* startProbe(threads);
    for (let n = 0; n < 4; n++) probe.cast("Crash");
    yield* eventually(() => threads.started.length === 2);
    expect(yield* probe.call("Double", { n: 1 }, patient)).toBe(2);
    expect(place.incarnation).toBe(2);
  }).pipe(reporting(reports));
});

it.live("actors here can be provided to the tree there, which calls and casts them", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const app = yield* Supervisor.start({ id: "app", children: [journalSpec] });
    const journal = app.ref(journalSpec);
    const place = WorkerSupervisor.child({
      id: "place",
      spawn: threads.spawn("journal"),
      exports: { writer },
      provides: () => ({ journal }),
    });
    yield* app.startChild(place);
    const there = WorkerSupervisor.of(app, place).ref("writer");
    there.cast("Tell", { line: "one" });
    there.cast("Tell", { line: "two" });
    expect(yield* there.call("Ask", undefined, patient)).toEqual(["one", "two"]);
    yield* app.terminateChild("place");
    const lines = yield* journal.call("Lines", undefined, patient);
    expect([lines.length, lines.at(-1)]).toEqual([3003, "ended: Shutdown"]);
  }),
);

it.live("what a worker does not get is a failed start", () =>
  Effect.gen(function* () {
    const threads = new Threads();
    const place = WorkerSupervisor.child({ id: "place", spawn: threads.spawn("journal"), exports: { writer } });
    const error = yield* Effect.flip(Supervisor.start({ id: "app", children: [place] }));
    expect(error.message).toContain('what the worker is provided with: it does not export "journal", only nothing');
  }),
);

it.live("what the program there still has to release is released before its thread ends", () =>
  Effect.gen(function* () {
    const flags = new SharedArrayBuffer(4);
    const threads = new Threads();
    const place = WorkerSupervisor.child({ id: "place", spawn: threads.spawn("layered", { flags }), exports: { writer } });
    const exit = yield* Effect.exit(
      Effect.scoped(
        Effect.gen(function* () {
          const app = yield* Supervisor.start({ id: "app", children: [place] });
          return yield* WorkerSupervisor.of(app, place).ref("writer").call("Ask", undefined, patient);
        }),
      ),
    );
    expect(exit).toEqual(Exit.succeed(["from the store"]));
    expect(Atomics.load(new Int32Array(flags), 0)).toBe(1);
    expect(threads.exited).toBe(1);
  }),
);

it("there is a worker where the spec says, or a word on why not", () => {
  const program = Effect.gen(function* () {
    const sibling = worker("place");
    const app = yield* Supervisor.start({ id: "app", children: [sibling] });
    const spec = WorkerSupervisor.child({ id: "place", spawn: () => ({ postMessage: () => {} }), exports: { probe } });
    expect(() => WorkerSupervisor.of(app, spec)).toThrow("app has no worker place");
  });
  return Effect.runPromise(Effect.scoped(program));
});

it("who serves outside of a worker is told so", () =>
  expect(Effect.runPromise(WorkerSupervisor.serve({ port: null, tree: { children: [], exports: {} } }))).rejects.toThrow(
    "no worker thread",
  ));
