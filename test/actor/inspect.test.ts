import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { Rpc, RpcGroup } from "effect/rpc";
import { TestClock } from "effect/testing";
import { Actor, type ActorRef, ChildSpec, CrashReport, ExitReason, Inspect, StateMachine, Supervisor } from "../../src/actor/index.ts";
import { circles } from "../../src/actor/internal/waits.ts";

const protocol = RpcGroup.make(
  Rpc.make("Add", { payload: { n: Schema.Number } }),
  Rpc.make("Get", { success: Schema.Number }),
  Rpc.make("Wait", { payload: { millis: Schema.Number } }),
  Rpc.make("Ask", { payload: { whom: Schema.Any } }),
  Rpc.make("Crash", { payload: { password: Schema.String } }),
);
type Messages = RpcGroup.Rpcs<typeof protocol>;

interface State {
  readonly total: number;
  readonly secret: string;
}

const counter = (format?: Actor.Options<State, void, Messages, never, never>["format"]) =>
  Actor.make({
    name: "counter",
    protocol,
    init: (): State => ({ total: 0, secret: "hunter2" }),
    handlers: {
      Add: (state, { n }) => ({ ...state, total: state.total + n }),
      Get: (state) => Actor.reply(state, state.total),
      Wait: (state, { millis }) => Effect.as(Effect.sleep(millis), { ...state, total: -1 }),
      Ask: (state, { whom }) =>
        Effect.as(Effect.orDie((whom as ActorRef<Messages>).call("Get", undefined, { timeout: "infinity" })), state),
      Crash: () => {
        throw new Error("boom");
      },
    },
    ...(format === undefined ? {} : { format }),
  });
const Counter = counter();
const settle = Effect.repeat(Effect.yieldNow, { times: 20 });

describe("the state of an actor", () => {
  it.effect("is read, also while a handler waits, and replaced", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Counter, undefined);
      ref.cast("Add", { n: 3 });
      yield* ref.call("Get");
      assert.deepStrictEqual(yield* Inspect.state(ref), { total: 3, secret: "hunter2" });
      assert.deepStrictEqual(yield* Inspect.replaceState(ref, (state: State) => ({ ...state, total: 40 })), {
        total: 40,
        secret: "hunter2",
      });
      ref.cast("Wait", { millis: 1000 });
      ref.cast("Add", { n: 2 });
      yield* settle;
      assert.deepStrictEqual(yield* Inspect.state(ref), { total: 40, secret: "hunter2" });
      yield* TestClock.adjust(1000);
      assert.strictEqual(yield* ref.call("Get"), 1);
    }).pipe(Effect.scoped),
  );

  it.effect("stays when the function that is to replace it throws, which is a typed error", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Counter, undefined);
      const error = yield* Effect.flip(
        Inspect.replaceState(ref, () => {
          throw new Error("no");
        }),
      );
      assert.strictEqual(error.message, "the state of counter was not replaced: Error: no");
      assert.deepStrictEqual(yield* Inspect.state(ref), { total: 0, secret: "hunter2" });
    }).pipe(Effect.scoped),
  );

  it.effect("of one that is starting is waited for; of one that has ended there is none", () =>
    Effect.gen(function* () {
      const Slow = Actor.make({
        name: "slow",
        protocol: RpcGroup.make(Rpc.make("Noop")),
        init: () => Effect.as(Effect.sleep(100), "up"),
        handlers: { Noop: () => {} },
      });
      const child = ChildSpec.make(Slow, undefined, { id: "slow" });
      const starting = yield* Effect.forkChild(Supervisor.start({ children: [child] }), { startImmediately: true });
      yield* TestClock.adjust(100);
      const supervisor = yield* Fiber.join(starting);
      const ref = supervisor.ref(child);
      Actor.signal(ref, ExitReason.shutdown);
      yield* settle;
      const asked = yield* Effect.forkChild(Inspect.state(ref), { startImmediately: true });
      yield* TestClock.adjust(100);
      assert.strictEqual(yield* Fiber.join(asked), "up");
      yield* supervisor.stop;
      assert.strictEqual((yield* Effect.flip(Inspect.state(ref)))._tag, "ActorDown");
    }).pipe(Effect.scoped),
  );

  it.effect("of a state machine is its state and its data", () =>
    Effect.gen(function* () {
      const Door = StateMachine.make({
        name: "door",
        protocol: RpcGroup.make(Rpc.make("Push")),
        init: () => StateMachine.next("closed", { pushes: 0 }),
        states: {
          closed: { on: { Push: ({ pushes }) => StateMachine.next("open", { pushes: pushes + 1 }) } },
          open: { on: { Push: ({ pushes }) => StateMachine.next("closed", { pushes: pushes + 1 }) } },
        },
      });
      const ref = yield* Actor.spawn(Door, undefined);
      yield* ref.call("Push");
      assert.deepStrictEqual(yield* Inspect.state(ref), { state: "open", data: { pushes: 1 } });
      yield* Inspect.replaceState(ref, () => ({ state: "closed", data: { pushes: 7 } }));
      yield* ref.call("Push");
      assert.deepStrictEqual(yield* Inspect.state(ref), { state: "open", data: { pushes: 8 } });
    }).pipe(Effect.scoped),
  );
});

describe("suspend", () => {
  it.effect("holds messages back, not stops nor looks inside, and resume lets them in", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Counter, undefined);
      yield* Inspect.suspend(ref);
      ref.cast("Add", { n: 1 });
      const call = yield* Effect.forkChild(Effect.flip(ref.call("Get", undefined, { timeout: 50 })), { startImmediately: true });
      yield* TestClock.adjust(50);
      assert.strictEqual((yield* Fiber.join(call))._tag, "CallTimeout");
      assert.strictEqual((yield* Inspect.state(ref) as Effect.Effect<State>).total, 0);
      const status = yield* Inspect.status(ref);
      assert.deepStrictEqual([status.suspended, status.mailbox.depth], [true, 2]);
      yield* Inspect.resume(ref);
      assert.strictEqual(yield* ref.call("Get"), 1);
      yield* Inspect.suspend(ref);
      yield* Actor.stop(ref);
      assert.isFalse(ref.alive);
    }).pipe(Effect.scoped),
  );

  it.effect("lets the handler that has begun end, and ends with the incarnation", () =>
    Effect.gen(function* () {
      const child = ChildSpec.make(Counter, undefined, { id: "child" });
      const supervisor = yield* Supervisor.start({ children: [child] });
      const ref = supervisor.ref(child);
      const waiting = yield* Effect.forkChild(ref.call("Wait", { millis: 100 }), { startImmediately: true });
      yield* settle;
      yield* Inspect.suspend(ref);
      ref.cast("Add", { n: 1 });
      yield* TestClock.adjust(100);
      yield* Fiber.join(waiting);
      assert.deepStrictEqual((yield* Inspect.status(ref)).mailbox.depth, 1);
      Actor.signal(ref, ExitReason.shutdown);
      assert.strictEqual(yield* ref.call("Get"), 1);
    }).pipe(Effect.scoped),
  );
});

describe("trace", () => {
  it.effect("shows what is sent from then on, and how it ended; the actor is as before when it is over", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(
        counter(({ message }) => ({ message: message && { tag: message.tag, payload: "hidden" } })),
        undefined,
      );
      const behaviour = () => (ref as unknown as { readonly behavior: object }).behavior;
      const before = behaviour();
      const traced = yield* Effect.forkChild(Stream.runCollect(Stream.take(Inspect.trace(ref), 5)), { startImmediately: true });
      yield* settle;
      ref.cast("Add", { n: 1 });
      ref.cast("Wait", { millis: 10 });
      ref.cast("Crash", { password: "x" });
      yield* settle;
      yield* TestClock.adjust(10);
      const events = yield* Fiber.join(traced);
      assert.deepStrictEqual(
        events.map((event) => [event._tag, event.tag, event.payload, event._tag === "End" ? event.exit._tag : null]),
        [
          ["Begin", "Add", "hidden", null],
          ["End", "Add", "hidden", "Success"],
          ["Begin", "Wait", "hidden", null],
          ["End", "Wait", "hidden", "Success"],
          ["Begin", "Crash", "hidden", null],
        ],
      );
      yield* settle;
      assert.strictEqual(behaviour(), before);
    }).pipe(
      Effect.scoped,
      Effect.provideService(CrashReport.Reporter, () => Effect.void),
    ),
  );
});

describe("slow handlers", () => {
  it.live("are told with their actor and their message, those that block and those that wait", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(
        Actor.make({
          name: "lazy",
          protocol: RpcGroup.make(Rpc.make("Quick"), Rpc.make("Block"), Rpc.make("Wait")),
          init: () => 0,
          handlers: {
            Quick: () => {},
            Block: () => {
              for (const until = performance.now() + 30; performance.now() < until;);
            },
            Wait: () => Effect.sleep(30),
          },
        }),
        undefined,
      );
      // What else may be slow on a busy machine is none of its business.
      const told = Stream.filter(Inspect.slowHandlers({ millis: 25 }), ({ tag }) => tag !== "Quick");
      const slow = yield* Effect.forkChild(Stream.runCollect(Stream.take(told, 2)), { startImmediately: true });
      yield* settle;
      for (const tag of ["Quick", "Block", "Quick", "Wait", "Quick"] as const) ref.cast(tag);
      const found = yield* Fiber.join(slow);
      assert.deepStrictEqual(
        found.map(({ millis, path, tag }) => [path, tag, millis >= 25]),
        [
          [["lazy"], "Block", true],
          [["lazy"], "Wait", true],
        ],
      );
    }).pipe(Effect.scoped),
  );
});

describe("who waits for whom", () => {
  it.effect("is found among actors that call each other, and so is the circle", () =>
    Effect.gen(function* () {
      const specs = ["a", "b", "c"].map((id) => ChildSpec.make(Counter, undefined, { id }));
      const supervisor = yield* Supervisor.start({ children: specs });
      const [a, b, c] = specs.map((spec) => supervisor.ref(spec)) as [ActorRef<Messages>, ActorRef<Messages>, ActorRef<Messages>];
      a.cast("Ask", { whom: b });
      b.cast("Ask", { whom: c });
      yield* settle;
      assert.deepStrictEqual(Inspect.waits([supervisor]), []);
      c.cast("Wait", { millis: 1000 });
      yield* settle;
      a.cast("Ask", { whom: b });
      b.cast("Ask", { whom: c });
      yield* settle;
      const names = (waits: ReadonlyArray<Inspect.Wait>) => waits.map(({ from, to }) => `${from?.at(-1)}>${to.at(-1)}`).sort();
      assert.deepStrictEqual(names(Inspect.waits([supervisor])), ["a>b", "b>c"]);
      assert.deepStrictEqual(Inspect.deadlocks([supervisor]), []);
      c.cast("Ask", { whom: a });
      yield* TestClock.adjust(1000);
      yield* settle;
      assert.deepStrictEqual(Inspect.deadlocks([supervisor]), []);
      a.cast("Ask", { whom: b });
      b.cast("Ask", { whom: c });
      c.cast("Ask", { whom: a });
      yield* settle;
      const circle = Inspect.deadlocks([a, b, c]);
      assert.deepStrictEqual([circle.length, names(circle[0] ?? [])], [1, ["a>b", "b>c", "c>a"]]);
      yield* supervisor.kill;
    }).pipe(
      Effect.scoped,
      Effect.provideService(CrashReport.Reporter, () => Effect.void),
    ),
  );

  it("circles are found in any graph, once each", () => {
    const graph = (...edges: ReadonlyArray<string>) => edges.map((edge) => ({ from: [edge[0]!], to: [edge[1]!], tag: "T" }));
    const found = (...edges: ReadonlyArray<string>) =>
      circles(graph(...edges)).map((circle) => circle.map(({ from }) => from?.[0]).join(""));
    assert.deepStrictEqual(found("ab", "bc"), []);
    assert.deepStrictEqual(found("aa"), ["a"]);
    assert.deepStrictEqual(found("ab", "bc", "ca", "da"), ["abc"]);
    assert.deepStrictEqual(found("xy", "ab", "ba", "cd", "dc"), ["ab", "cd"]);
    assert.strictEqual(circles(Array.from({ length: 50_000 }, (_, n) => ({ from: [`${n}`], to: [`${n + 1}`], tag: "T" }))).length, 0);
  });
});

describe("crash reports", () => {
  const reports: Array<CrashReport.CrashReport> = [];
  const collect = Effect.provideService(CrashReport.Reporter, (report) => Effect.sync(() => void reports.push(report)));
  const crash = (format?: Parameters<typeof counter>[0]) =>
    Effect.gen(function* () {
      reports.length = 0;
      const ref = yield* Actor.spawn(counter(format), undefined);
      ref.cast("Add", { n: 1 });
      ref.cast("Crash", { password: "pa55" });
      yield* Actor.awaitExit(ref);
      yield* settle;
      assert.strictEqual(reports.length, 1);
      return reports[0]!;
    }).pipe(Effect.scoped, collect);

  it.effect("show the state and the message", () =>
    Effect.gen(function* () {
      const { message, state } = yield* crash();
      assert.deepStrictEqual(
        [state, message],
        [
          { total: 1, secret: "hunter2" },
          { tag: "Crash", payload: { password: "pa55" } },
        ],
      );
    }),
  );

  it.effect("show what format leaves of them", () =>
    Effect.gen(function* () {
      const { message, reason, state } = yield* crash((shown) => ({
        state: { total: shown.state.total },
        message: null,
        reason: ExitReason.error("hidden"),
      }));
      assert.deepStrictEqual([state, message, ExitReason.format(reason)], [{ total: 1 }, null, "hidden"]);
    }),
  );

  it.effect("show nothing where format throws, and say so; the actor's end is the same", () =>
    Effect.gen(function* () {
      const report = yield* crash(() => {
        throw new Error("in format");
      });
      assert.deepStrictEqual([report.state, report.message], [undefined, { tag: "Crash", payload: undefined }]);
      assert.match(String(report.formatError), /in format/);
      assert.strictEqual(ExitReason.format(report.reason), "Error: boom");
    }),
  );
});
