/** OTP's own cases (gen_server_SUITE), by their names; servers.test.ts says which of them are not here, and why. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { TestClock } from "effect/testing";
import { Actor, type ActorRef, ChildSpec, CrashReport, ExitReason, Inspect, Registry, Supervisor } from "../../src/actor/index.ts";
import { reporting, settled, told } from "../actor/actors.ts";

type How = "up" | "ignore" | "stop" | "throw" | "fail" | "slow";

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

const protocol = RpcGroup.make(
  Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("Later", { payload: { millis: Schema.Number }, success: Schema.String }),
  Rpc.make("Self", { success: Schema.String }),
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("End", { payload: { reason: Schema.Any } }),
  Rpc.make("Crash", { success: Schema.String }),
  Rpc.make("Idle", { payload: { millis: Schema.Number }, success: Schema.String }),
  Rpc.make("IdleByCast", { payload: { millis: Schema.Number } }),
  Rpc.make("Continue", { payload: { steps: Schema.Number, reply: Schema.Boolean }, success: Schema.String }),
  Rpc.make("ContinueByCast", { payload: { steps: Schema.Number } }),
  Rpc.make("Log", { success: Schema.Array(Schema.String) }),
);
type Messages = RpcGroup.Rpcs<typeof protocol>;

interface Args {
  readonly how?: How;
  readonly log?: Array<string>;
  readonly begin?: number;
}

const Server = Actor.make({
  name: "server",
  protocol,
  init: ({ begin, how = "up", log = [] }: Args) =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => void log.push("acquired")),
        () => Effect.sync(() => void log.push("released")),
      );
      if (how === "throw") throw new Error("in init");
      if (how === "fail") return yield* Effect.fail("foobar");
      if (how === "slow") yield* Effect.sleep(200);
      if (how === "ignore") return Actor.ignore as never;
      if (how === "stop") return Actor.exit(ExitReason.shutdownWith("stopped")) as never;
      return begin === undefined ? log : (Actor.andThen(log, begin) as never);
    }),
  continue: (log, steps: number) => {
    log.push(`continue ${steps}`);
    if (steps === 0) return log;
    return steps < 0 ? Actor.exit() : Actor.andThen(log, steps - 1);
  },
  handlers: {
    Echo: (log, { text }) => (text === "refuse" ? Effect.fail(new Refused({ why: "asked to" })) : Actor.reply(log, text)),
    Later: (log, { millis }, context) => {
      const to = context.deferReply();
      return Effect.as(
        Effect.forkIn(
          Effect.andThen(
            Effect.sleep(millis),
            Effect.sync(() => to !== null && Actor.replyTo(to, "later")),
          ),
          context.scope,
        ),
        Actor.noReply(log),
      );
    },
    Self: (log, _, context) =>
      Effect.map(Effect.result(context.self.call("Self")), (result) =>
        Actor.reply(log, result._tag === "Failure" ? result.failure._tag : "answered"),
      ),
    Note: (log, { text }) => void log.push(text),
    End: (_, { reason }) => Actor.exit(reason as ExitReason.ExitReason),
    Crash: () => {
      throw new Error("crashed");
    },
    Idle: (log, { millis }) => Actor.timeout(Actor.reply(log, "set"), millis, "idle"),
    IdleByCast: (log, { millis }) => Actor.timeout(log, millis, "idle"),
    Continue: (log, { reply, steps }, context) => {
      if (reply) return Actor.andThen(Actor.reply(log, "replied"), steps);
      const to = context.deferReply();
      if (to !== null) Actor.replyTo(to, "put off");
      return Actor.andThen(Actor.noReply(log), steps);
    },
    ContinueByCast: (log, { steps }) => Actor.andThen(log, steps),
    Log: (log) => Actor.reply(log, [...log]),
  },
  info: (log, info) => {
    if (info._tag === "Timeout") log.push(`timeout ${String(info.message)}`);
    if (info._tag === "Message" && info.value === "idle") return Actor.timeout(log, 50, "from info");
    if (info._tag === "Message") log.push(`info ${String(info.value)}`);
    return undefined;
  },
  terminate: (log, reason) => void log.push(`terminate ${ExitReason.format(reason)}`),
});

const start = (args: Args = {}) => Actor.spawn(Server, args);
const endOf = (ref: ActorRef<never>) =>
  Effect.map(Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true }), (end) => Effect.map(Fiber.join(end), ExitReason.format));
const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag);
const forked = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });

describe("gen_server: start and stop", () => {
  it.effect("start: up, ignored, failed, too slow, and under a taken name", () =>
    Effect.gen(function* () {
      const ref = yield* start();
      expect(yield* ref.call("Echo", { text: "hi" })).toBe("hi");
      for (const [how, reason] of [
        ["ignore", "shutdown: ignored"],
        ["stop", "shutdown: stopped"],
        ["fail", "foobar"],
        ["throw", "Error: in init"],
      ] as const) {
        const error = yield* Effect.flip(start({ how }));
        expect([how, error._tag, ExitReason.format(error.reason)]).toEqual([how, "StartError", reason]);
      }
      const slow = ChildSpec.make(Server, { how: "slow" }, { id: "slow", startTimeoutMillis: 100 });
      const late = yield* forked(Effect.flip(Supervisor.start({ children: [slow] })));
      yield* TestClock.adjust(100);
      expect((yield* Fiber.join(late)).message).toBe("root/slow did not start: not up after 100 ms");

      const names = Registry.make<string>({ keys: "unique" });
      const first = yield* start();
      yield* names.register(first, "the name");
      expect(yield* Effect.flip(names.register(ref, "the name"))).toMatchObject({ ref: first });
      const end = yield* endOf(first);
      yield* Actor.stop(first);
      expect([yield* end, yield* tagOf(first.call("Echo", { text: "?" }))]).toEqual(["shutdown", "ActorDown"]);
      yield* names.register(ref, "the name");
    }).pipe(Effect.scoped, CrashReport.silent),
  );

  it.effect("loop_start_fail, otp_7669: whatever a start ends with, what it acquired is released and its name free when it returns", () =>
    Effect.gen(function* () {
      const names = Registry.make<string>({ keys: "unique" });
      for (const how of ["ignore", "stop", "throw", "fail"] as const) {
        for (let n = 0; n < 25; n++) {
          const log: Array<string> = [];
          yield* Effect.exit(start({ how, log }));
          expect([how, log]).toEqual([how, ["acquired", "released"]]);
          const holder = yield* start();
          yield* names.register(holder, "table");
          yield* Actor.stop(holder);
        }
      }
    }).pipe(Effect.scoped, CrashReport.silent),
  );

  it.effect("stop1, stop2: with shutdown or the reason that is given, by ref; a second stop finds nobody and says nothing", () =>
    Effect.gen(function* () {
      for (const reason of [undefined, ExitReason.normal, ExitReason.shutdownWith("deploy"), ExitReason.error("other")]) {
        const log: Array<string> = [];
        const ref = yield* start({ log });
        const end = yield* endOf(ref);
        yield* Actor.stop(ref, reason === undefined ? {} : { reason });
        const expected = ExitReason.format(reason ?? ExitReason.shutdown);
        expect([yield* end, log]).toEqual([expected, ["acquired", `terminate ${expected}`, "released"]]);
        yield* Actor.stop(ref);
        expect(ref.alive).toBe(false);
      }
    }).pipe(Effect.scoped, CrashReport.silent),
  );

  it.effect("stop3: who does not wait long enough goes away, and the server goes on stopping", () =>
    Effect.gen(function* () {
      const ref = yield* start();
      ref.cast("Later", { millis: 10_000 });
      const slow = yield* Actor.spawn(
        Actor.make({
          name: "slow",
          protocol: RpcGroup.make(),
          init: () => 0,
          handlers: {},
          terminate: () => Effect.sleep(1000),
        }),
        undefined,
      );
      const impatient = yield* forked(Effect.timeoutOption(Actor.stop(slow), 100));
      yield* TestClock.adjust(100);
      expect([(yield* Fiber.join(impatient))._tag, slow.alive]).toEqual(["None", true]);
      yield* TestClock.adjust(900);
      expect(slow.alive).toBe(false);
    }).pipe(Effect.scoped),
  );

  it.effect("crash: shutdown in any form is no crash; a crash is the caller's error and one report, then silence", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      for (const reason of [ExitReason.normal, ExitReason.shutdown, ExitReason.shutdownWith("x")]) {
        const ref = yield* start();
        ref.cast("End", { reason });
        yield* Actor.awaitExit(ref);
      }
      yield* settled;
      expect(reports).toEqual([]);
      const ref = yield* start();
      expect(yield* Effect.flip(ref.call("Crash"))).toMatchObject({ _tag: "ActorDown", message: "server is down: Error: crashed" });
      yield* TestClock.adjust(500);
      yield* settled;
      expect(told(reports)).toEqual(["server: Error: crashed"]);
      expect(reports[0]).toMatchObject({ message: { tag: "Crash" } });
    }).pipe(Effect.scoped, reporting(reports));
  });
});

describe("gen_server: calls", () => {
  it.effect("call: a reply, one that comes later, the caller's timeout, and a late reply that harms nobody", () =>
    Effect.gen(function* () {
      const ref = yield* start();
      expect(yield* ref.call("Echo", { text: "hi" })).toBe("hi");
      const later = yield* forked(ref.call("Later", { millis: 100 }));
      const impatient = yield* forked(tagOf(ref.call("Later", { millis: 100 }, { timeout: 50 })));
      yield* TestClock.adjust(100);
      expect([yield* Fiber.join(later), yield* Fiber.join(impatient)]).toEqual(["later", "CallTimeout"]);
      expect(yield* ref.call("Echo", { text: "still" })).toBe("still");
    }).pipe(Effect.scoped),
  );

  it.effect("calling_self: told at once", () =>
    Effect.gen(function* () {
      expect(yield* (yield* start()).call("Self")).toBe("CallingSelf");
    }).pipe(Effect.scoped),
  );

  it.effect("call_with_huge_message_queue: what waits for the caller is not looked at", () =>
    Effect.gen(function* () {
      const server = yield* start();
      const Caller = Actor.make({
        name: "caller",
        protocol: RpcGroup.make(Rpc.make("Wait"), Rpc.make("Note"), Rpc.make("Ask", { success: Schema.Number })),
        init: () => 0,
        handlers: {
          Wait: (notes) => Effect.as(Effect.orDie(server.call("Later", { millis: 100 })), notes),
          Note: (notes) => notes + 1,
          Ask: (notes) =>
            Effect.gen(function* () {
              for (let n = 0; n < 1000; n++) yield* Effect.orDie(server.call("Echo", { text: "x" }));
              return Actor.reply(notes, notes);
            }),
        },
      });
      const caller = yield* Actor.spawn(Caller, undefined);
      caller.cast("Wait");
      const asked = yield* forked(caller.call("Ask", undefined, { timeout: "infinity" }));
      for (let n = 0; n < 200_000; n++) caller.cast("Note");
      yield* TestClock.adjust(100);
      // The calls are answered although two hundred thousand messages wait behind them.
      expect(yield* Fiber.join(asked)).toBe(0);
      expect(yield* caller.call("Ask", undefined, { timeout: "infinity" })).toBe(200_000);
    }).pipe(Effect.scoped),
  );

  it.effect("reply_by_alias_with_payload: an address that was handed on delivers, and only as long as it is open", () =>
    Effect.gen(function* () {
      const heard: Array<string> = [];
      const Asker = Actor.make({
        name: "asker",
        protocol: RpcGroup.make(Rpc.make("Ask"), Rpc.make("Answer", { payload: { text: Schema.String } })),
        init: () => null as null | Actor.Alias<{ readonly text: string }>,
        handlers: {
          Ask: (_, __, context) => context.alias("Answer", { once: true }),
          Answer: (_, { text }) => void heard.push(text),
        },
      });
      const asker = yield* Actor.spawn(Asker, undefined);
      yield* asker.call("Ask");
      const alias = (yield* Inspect.state(asker)) as Actor.Alias<{ readonly text: string }>;
      alias.send({ text: "first" });
      alias.send({ text: "second" });
      yield* settled;
      expect(heard).toEqual(["first"]);
    }).pipe(Effect.scoped),
  );
});

describe("gen_server: casts, news, continue, timeouts", () => {
  it.effect("cast, info: handled in their order, beside each other; a cast may end the server", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const ref = yield* start({ log });
      const end = yield* endOf(ref);
      ref.cast("Note", { text: "a" });
      Actor.inform(ref, "b");
      ref.cast("Note", { text: "c" });
      ref.cast("End", { reason: ExitReason.shutdownWith("done") });
      expect([yield* end, log]).toEqual(["shutdown: done", ["acquired", "a", "info b", "c", "terminate shutdown: done", "released"]]);
    }).pipe(Effect.scoped),
  );

  it.effect("continue: from init, call with and without reply, cast, and continue itself, before what waits; it may end the server", () =>
    Effect.gen(function* () {
      const first = yield* start({ begin: 1 });
      first.cast("Note", { text: "message" });
      expect(yield* first.call("Log")).toEqual(["acquired", "continue 1", "continue 0", "message"]);
      for (const reply of [true, false]) {
        const ref = yield* start();
        const answer = yield* forked(ref.call("Continue", { steps: 0, reply }));
        ref.cast("Note", { text: "message" });
        expect(yield* Fiber.join(answer)).toBe(reply ? "replied" : "put off");
        expect(yield* ref.call("Log")).toEqual(["acquired", "continue 0", "message"]);
      }
      const log: Array<string> = [];
      const ref = yield* start({ log });
      const end = yield* endOf(ref);
      ref.cast("ContinueByCast", { steps: -1 });
      ref.cast("Note", { text: "never" });
      expect([yield* end, log]).toEqual(["normal", ["acquired", "continue -1", "terminate normal", "released"]]);
    }).pipe(Effect.scoped),
  );

  for (const by of ["call", "cast", "info"] as const) {
    it.effect(`handle_event_timeout, start_event_timeout, ${by}: comes when nothing else does, and not after a message`, () =>
      Effect.gen(function* () {
        const set = (ref: ActorRef<Messages>) => {
          if (by === "call") return Effect.asVoid(ref.call("Idle", { millis: 50 }));
          if (by === "cast") ref.cast("IdleByCast", { millis: 50 });
          else Actor.inform(ref, "idle");
          return settled;
        };
        const idle = yield* start();
        yield* set(idle);
        yield* TestClock.adjust(50);
        expect(yield* idle.call("Log")).toEqual(["acquired", by === "info" ? "timeout from info" : "timeout idle"]);
        const busy = yield* start();
        yield* set(busy);
        busy.cast("Note", { text: "message" });
        yield* TestClock.adjust(500);
        expect(yield* busy.call("Log")).toEqual(["acquired", "message"]);
      }).pipe(Effect.scoped),
    );
  }

  it.effect("handle_event_timeout_zero, start_event_timeout_zero: ahead of what waits", () =>
    Effect.gen(function* () {
      const ref = yield* start();
      ref.cast("IdleByCast", { millis: 0 });
      ref.cast("Note", { text: "message" });
      expect(yield* ref.call("Log")).toEqual(["acquired", "timeout idle", "message"]);
    }).pipe(Effect.scoped),
  );

  it.effect("handle_event_timeout_plain: a look inside does not end the wait", () =>
    Effect.gen(function* () {
      const ref = yield* start();
      yield* ref.call("Idle", { millis: 50 });
      yield* TestClock.adjust(25);
      yield* Inspect.status(ref);
      yield* Inspect.state(ref);
      yield* TestClock.adjust(25);
      expect(yield* ref.call("Log")).toEqual(["acquired", "timeout idle"]);
    }).pipe(Effect.scoped),
  );
});
