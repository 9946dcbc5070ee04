/** OTP's own cases (gen_server_SUITE), by their names: requests, their collections, calls of many. */
import { describe, expect, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { TestClock } from "effect/testing";
import { Actor, type ActorRef, CrashReport, ExitReason, Inspect, Requests } from "../../src/actor/index.ts";
import { system } from "../actor/actors.ts";

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const protocol = RpcGroup.make(
  Rpc.make("After", { payload: { millis: Schema.Number }, success: Schema.Number, error: Refused }),
  Rpc.make("End", { payload: { reason: Schema.Any } }),
  Rpc.make("Handled", { success: Schema.Number }),
);
type Messages = RpcGroup.Rpcs<typeof protocol>;

const Server = Actor.make({
  name: "server",
  protocol,
  init: () => 0,
  handlers: {
    After: (handled, { millis }) =>
      Actor.replyLater(handled + 1, millis < 0 ? Effect.fail(new Refused()) : Effect.as(Effect.sleep(millis), millis)),
    End: (_, { reason }) => Actor.exit(reason as ExitReason.ExitReason),
    Handled: (handled) => Actor.reply(handled, handled),
  },
});
const start = Actor.spawn(Server, undefined);
const send = (ref: ActorRef<Messages>, millis: number) => Requests.send(ref, "After", { millis });
const forked = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });
const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag);

type Response = Option.Option<Requests.Response<string, number, { readonly _tag: string }>>;
const say = (response: Response): string =>
  Option.match(response, {
    onNone: () => "none",
    onSome: ({ exit, label }) =>
      `${label} ${Exit.match(exit, { onSuccess: String, onFailure: (cause) => String((cause.reasons[0] as { error?: { _tag?: string } }).error?._tag) })}`,
  });

describe("gen_server: requests", () => {
  it.effect("send_request: an answer, a declared error, nobody there, an end in between; with a timeout and then the answer", () =>
    Effect.gen(function* () {
      const ref = yield* start;
      const request = send(ref, 100);
      expect([Option.isNone(request.poll), yield* tagOf(request.wait({ timeout: 0 }))]).toEqual([true, "CallTimeout"]);
      const early = yield* forked(tagOf(request.wait({ timeout: 50 })));
      yield* TestClock.adjust(50);
      expect(yield* Fiber.join(early)).toBe("CallTimeout");
      const answer = yield* forked(request.wait({ until: (yield* Clock.currentTimeMillis) + 1000 }));
      yield* TestClock.adjust(50);
      expect([yield* Fiber.join(answer), Option.isSome(request.poll), yield* request.wait()]).toEqual([100, true, 100]);

      expect(yield* tagOf(send(ref, -1).wait())).toBe("Refused");
      const open = send(ref, 1000);
      ref.cast("End", { reason: ExitReason.shutdown });
      expect(yield* Effect.flip(open.wait())).toMatchObject({ _tag: "ActorDown", reason: { _tag: "Shutdown" } });
      expect(yield* Effect.flip(send(ref, 1).wait())).toMatchObject({ _tag: "ActorDown", reason: { _tag: "NoProc" } });
    }).pipe(Effect.scoped),
  );

  it.effect("send_request: receive abandons at its timeout; the message is handled all the same, and nothing of it stays", () =>
    Effect.gen(function* () {
      const ref = yield* start;
      const request = send(ref, 100);
      const received = yield* forked(tagOf(request.receive({ timeout: 10 })));
      yield* TestClock.adjust(10);
      expect(yield* Fiber.join(received)).toBe("CallTimeout");
      yield* TestClock.adjust(1000);
      expect([Option.isNone(request.poll), yield* ref.call("Handled"), (yield* system).timers.size]).toEqual([true, 1, 0]);
    }).pipe(Effect.scoped),
  );

  it.effect("send_request_wait_reqid_collection, send_request_check_reqid_collection: in the order of the answers", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* start, yield* start];
      const requests = Requests.collection<string, number, { readonly _tag: string }>();
      expect(say(yield* requests.wait())).toBe("none");
      requests.add("slow", send(one, 300)).add("quick", send(other, 100)).add("refused", send(one, -1)).add("dies", send(other, 5000));
      expect(requests.size).toBe(4);
      expect(say(requests.check())).toBe("none");
      expect(say(yield* requests.wait())).toBe("refused Refused");
      const next = yield* forked(requests.wait({ timeout: 200 }));
      yield* TestClock.adjust(100);
      expect(say(yield* Fiber.join(next))).toBe("quick 100");
      other.cast("End", { reason: ExitReason.normal });
      expect(say(yield* requests.wait())).toBe("dies ActorDown");
      // After its timeout a wait has changed nothing.
      const late = yield* forked(tagOf(requests.wait({ timeout: 50 })));
      yield* TestClock.adjust(50);
      expect([yield* Fiber.join(late), requests.size]).toEqual(["RequestTimeout", 1]);
      yield* TestClock.adjust(150);
      expect([say(requests.check()), requests.size, say(yield* requests.wait())]).toEqual(["slow 300", 0, "none"]);
    }).pipe(Effect.scoped),
  );

  it.effect("send_request_receive_reqid_collection: what is not there in time is abandoned, with an absolute deadline over several", () =>
    Effect.gen(function* () {
      const ref = yield* start;
      const requests = Requests.collection<string, number, { readonly _tag: string }>();
      for (const millis of [100, 200, 300]) requests.add(`after ${millis}`, send(ref, millis));
      const until = (yield* Clock.currentTimeMillis) + 250;
      const got: Array<string> = [];
      const reading = yield* forked(
        Effect.gen(function* () {
          while (requests.size > 0) got.push(say(yield* requests.receive({ until })));
        }).pipe(Effect.flip),
      );
      for (let n = 0; n < 5; n++) yield* TestClock.adjust(50);
      expect([(yield* Fiber.join(reading)).message, got, requests.size]).toEqual([
        "none of 1 requests was answered in time",
        ["after 100 100", "after 200 200"],
        0,
      ]);
      yield* TestClock.adjust(1000);
      expect([say(requests.check()), (yield* system).timers.size]).toEqual(["none", 0]);
    }).pipe(Effect.scoped),
  );

  it.effect("send_request_*_reqid_collection: one request is in one collection, once", () =>
    Effect.gen(function* () {
      const ref = yield* start;
      const requests = Requests.collection<string, number, unknown>();
      const request = send(ref, 1);
      requests.add("a", request);
      expect(() => requests.add("b", request)).toThrow("in a collection already");
      const abandoned = send(ref, 1);
      abandoned.abandon();
      expect(() => requests.add("c", abandoned)).toThrow("was abandoned");
    }).pipe(Effect.scoped),
  );
});

describe("gen_server: multi call", () => {
  it.effect(
    "multicall, multicall_down, multicall_recv_opt_success, multicall_recv_opt_timeout: who answers, and who is down, suspended or slow",
    () =>
      Effect.gen(function* () {
        const [a, down, suspended, slow, b] = [yield* start, yield* start, yield* start, yield* start, yield* start];
        yield* Actor.stop(down);
        yield* Inspect.suspend(suspended);
        slow.cast("After", { millis: 1 });
        const called = yield* forked(Requests.multiCall([a, down, suspended, b], "After", { millis: 50 }, { timeout: 100 }));
        yield* TestClock.adjust(100);
        const { bad, replies } = yield* Fiber.join(called);
        expect(replies.map(({ ref, value }) => [ref === a || ref === b, value])).toEqual([
          [true, 50],
          [true, 50],
        ]);
        expect(bad.map(({ error, ref }) => [ref === down ? "down" : "suspended", error._tag])).toEqual([
          ["down", "ActorDown"],
          ["suspended", "CallTimeout"],
        ]);
        const late = yield* forked(Requests.multiCall([a, b], "After", { millis: 500 }, { timeout: 100 }));
        yield* TestClock.adjust(100);
        expect((yield* Fiber.join(late)).bad.map(({ error }) => error._tag)).toEqual(["CallTimeout", "CallTimeout"]);
        expect(yield* Requests.multiCall(new Array<ActorRef<Messages>>(), "Handled")).toEqual({ replies: [], bad: [] });
        yield* Inspect.resume(suspended);
        yield* TestClock.adjust(10_000);
        expect((yield* system).timers.size).toBe(0);
      }).pipe(Effect.scoped, CrashReport.silent),
  );
});
