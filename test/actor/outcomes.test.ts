import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { TestClock } from "effect/testing";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, CrashReport, ExitReason } from "../../src/actor/index.ts";

const silent = Effect.provideService(CrashReport.Reporter, () => Effect.void);

const protocol = RpcGroup.make(
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Log", { success: Schema.Array(Schema.String) }),
  Rpc.make("Begin", { payload: { steps: Schema.Number }, success: Schema.String }),
  Rpc.make("Idle", { payload: { millis: Schema.Number } }),
  Rpc.make("IdleAndReply", { payload: { millis: Schema.Number }, success: Schema.Number }),
);

const Patient = Actor.make({
  name: "patient",
  protocol,
  init: (first: number) => {
    const log: Array<string> = [];
    return first === 0 ? log : Actor.andThen(log, first);
  },
  continue: (log, steps: number) => {
    log.push(`continue ${steps}`);
    if (steps < 0) throw new Error("boom");
    return steps > 1 ? Actor.andThen(log, steps - 1) : log;
  },
  handlers: {
    Note: (log, { text }) => void log.push(text),
    Log: (log) => Actor.reply(log, [...log]),
    Begin: (log, { steps }) => Actor.andThen(Actor.reply(log, "begun"), steps),
    Idle: (log, { millis }) => Actor.timeout(log, millis, "idle"),
    IdleAndReply: (log, { millis }) => Actor.timeout(Actor.reply(log, millis), millis),
  },
  info: (log, info) => {
    if (info._tag === "Timeout") log.push(`timeout ${String(info.message)}`);
    if (info._tag === "Message") log.push(`message ${String(info.value)}`);
  },
});

describe("continue", () => {
  it.effect("runs before what waits, again and again, and the reply goes out first", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 0);
      const begun = yield* Effect.forkChild(ref.call("Begin", { steps: 3 }), { startImmediately: true });
      ref.cast("Note", { text: "after" });
      assert.strictEqual(yield* Fiber.join(begun), "begun");
      assert.deepStrictEqual(yield* ref.call("Log"), ["continue 3", "continue 2", "continue 1", "after"]);
    }).pipe(Effect.scoped),
  );

  it.effect("follows init before the first message", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 2);
      ref.cast("Note", { text: "first" });
      assert.deepStrictEqual(yield* ref.call("Log"), ["continue 2", "continue 1", "first"]);
    }).pipe(Effect.scoped),
  );

  it.effect("one that throws is a crash", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 0);
      const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      yield* ref.call("Begin", { steps: -1 });
      assert.strictEqual(ExitReason.format(yield* Fiber.join(end)), "Error: boom");
    }).pipe(Effect.scoped, silent),
  );

  it.effect("without a handler for it the incarnation ends and says why", () =>
    Effect.gen(function* () {
      const Lacking = Actor.make({
        name: "lacking",
        protocol: RpcGroup.make(Rpc.make("Go")),
        init: () => 0,
        handlers: { Go: (n) => Actor.andThen(n, "rest") as never },
      });
      const ref = yield* Actor.spawn(Lacking, undefined);
      const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      ref.cast("Go");
      assert.match(ExitReason.format(yield* Fiber.join(end)), /lacking: .* no continue handler/);
    }).pipe(Effect.scoped, silent),
  );
});

describe("idle timeouts", () => {
  it.effect("fires once when nothing comes, and not after a message", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 0);
      yield* ref.call("Idle", { millis: 100 });
      yield* TestClock.adjust(99);
      assert.deepStrictEqual(yield* ref.call("Log"), []);
      yield* TestClock.adjust(1000);
      assert.deepStrictEqual(yield* ref.call("Log"), []);
      assert.strictEqual(yield* ref.call("IdleAndReply", { millis: 100 }), 100);
      yield* TestClock.adjust(1000);
      assert.deepStrictEqual(yield* ref.call("Log"), ["timeout undefined"]);
    }).pipe(Effect.scoped),
  );

  it.effect("of no time is handled before what waits", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 0);
      ref.cast("Idle", { millis: 0 });
      ref.cast("Note", { text: "waits" });
      assert.deepStrictEqual(yield* ref.call("Log"), ["timeout idle", "waits"]);
    }).pipe(Effect.scoped),
  );
});

describe("messages outside of the protocol", () => {
  it.effect("come to info, in their turn", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Patient, 0);
      ref.cast("Note", { text: "a" });
      Actor.inform(ref, 42);
      ref.cast("Note", { text: "b" });
      assert.deepStrictEqual(yield* ref.call("Log"), ["a", "message 42", "b"]);
    }).pipe(Effect.scoped),
  );
});

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const laterProtocol = RpcGroup.make(
  Rpc.make("Take", { payload: { how: Schema.String }, success: Schema.Number, error: Refused }),
  Rpc.make("Count", { success: Schema.Number }),
  Rpc.make("Collect", { success: Schema.Array(Schema.String) }),
  Rpc.make("Answer", { payload: { text: Schema.String } }),
);

describe("replyLater", () => {
  const Overlapping = (gate: Deferred.Deferred<void>, interrupted: { value: boolean }) =>
    Actor.make({
      name: "overlapping",
      protocol: laterProtocol,
      init: () => 0,
      handlers: {
        Take: (n, { how }) =>
          Actor.replyLater(
            n + 1,
            Effect.gen(function* () {
              yield* Effect.onInterrupt(Deferred.await(gate), () => Effect.sync(() => void (interrupted.value = true)));
              if (how === "refuse") return yield* new Refused();
              if (how === "die") return yield* Effect.die(new Error("boom"));
              return n;
            }),
          ),
        Count: (n) => Actor.reply(n, n),
        Collect: (n) => Actor.reply(n, []),
        Answer: () => {},
      },
    });

  it.effect("overlaps: messages are handled while the reply is on its way; errors are the caller's", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const ref = yield* Actor.spawn(Overlapping(gate, { value: false }), undefined);
      const fibers = yield* Effect.forEach(["ok", "ok", "refuse"], (how) =>
        Effect.forkChild(Effect.result(ref.call("Take", { how })), { startImmediately: true }),
      );
      assert.strictEqual(yield* ref.call("Count"), 3);
      yield* Deferred.succeed(gate, undefined);
      const results = yield* Effect.forEach(fibers, Fiber.join);
      assert.deepStrictEqual(
        results.map((result) => (result._tag === "Success" ? result.success : result.failure._tag)),
        [0, 1, "Refused"],
      );
      assert.strictEqual(yield* ref.call("Count"), 3);
    }).pipe(Effect.scoped),
  );

  it.effect("a defect is a crash, and the end interrupts what is on its way", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const interrupted = { value: false };
      const ref = yield* Actor.spawn(Overlapping(gate, interrupted), undefined);
      const call = yield* Effect.forkChild(Effect.flip(ref.call("Take", { how: "ok" })), { startImmediately: true });
      yield* ref.call("Count");
      yield* Actor.stop(ref);
      assert.strictEqual((yield* Fiber.join(call))._tag, "ActorDown");
      assert.isTrue(interrupted.value);

      const second = yield* Actor.spawn(Overlapping(gate, interrupted), undefined);
      const end = yield* Effect.forkChild(Actor.awaitExit(second), { startImmediately: true });
      const dying = yield* Effect.forkChild(Effect.flip(second.call("Take", { how: "die" })), { startImmediately: true });
      yield* second.call("Count");
      yield* Deferred.succeed(gate, undefined);
      assert.strictEqual(ExitReason.format(yield* Fiber.join(end)), "Error: boom");
      assert.strictEqual((yield* Fiber.join(dying))._tag, "ActorDown");
    }).pipe(Effect.scoped, silent),
  );
});

describe("aliases", () => {
  const Alias = Schema.Any as unknown as Schema.Codec<{ alias: Actor.Alias<{ readonly text: string }> | null }>;
  const Asker = Actor.make({
    name: "asker",
    protocol: RpcGroup.make(
      Rpc.make("Open", { payload: { once: Schema.Boolean }, success: Alias }),
      Rpc.make("Answer", { payload: { text: Schema.String } }),
      Rpc.make("Heard", { success: Schema.Array(Schema.String) }),
    ),
    init: () => new Array<string>(),
    handlers: {
      Open: (heard, { once }, context) => Actor.reply(heard, { alias: context.alias("Answer", { once }) }),
      Answer: (heard, { text }) => void heard.push(text),
      Heard: (heard) => Actor.reply(heard, [...heard]),
    },
  });

  it.effect("what is sent after it was closed goes nowhere, and after the first where it is for one", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Asker, undefined);
      const { alias: once } = yield* ref.call("Open", { once: true });
      const { alias: open } = yield* ref.call("Open", { once: false });
      for (const text of ["1", "2"]) {
        once!.send({ text: `once ${text}` });
        open!.send({ text: `open ${text}` });
      }
      assert.deepStrictEqual(yield* ref.call("Heard"), ["once 1", "open 1", "open 2"]);
      open!.send({ text: "in the mailbox" });
      open!.close();
      open!.send({ text: "late" });
      assert.deepStrictEqual([open!.active, once!.active], [false, false]);
      assert.strictEqual((yield* ref.call("Heard")).length, 3);
    }).pipe(Effect.scoped),
  );
});
