import { describe, expect, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as Schema from "effect/Schema";
import { Actor, type ActorRef } from "../../src/actor/index.ts";
import { advance, ExpectationFailed, explore, Probe, settle, simulate } from "../../src/testing/index.ts";
import { quiet, Script, Worker } from "../actor/actors.ts";

class Sold extends Schema.TaggedError<Sold>()("Sold", {}) {}

const prices = RpcGroup.make(
  Rpc.make("Price", { payload: Schema.String, success: Schema.Number, error: Sold }),
  Rpc.make("Sale", { payload: { percent: Schema.Number } }),
  Rpc.make("Close"),
);
type Prices = ActorRef<RpcGroup.Rpcs<typeof prices>>;

/** Asks its partner, and tells it of a sale each second. */
const Shop = Actor.make({
  name: "shop",
  protocol: RpcGroup.make(
    Rpc.make("Buy", { payload: Schema.String, success: Schema.String }),
    Rpc.make("Tick"),
    Rpc.make("Tell", { payload: Schema.Number }),
  ),
  init: (partner: Prices, context) => {
    context.sendAfter(1000, "Tick");
    return partner;
  },
  handlers: {
    Buy: (partner, what) =>
      partner.call("Price", what, { timeout: "infinity" }).pipe(
        Effect.map((price) => `${what} for ${price}`),
        Effect.catchTag("Sold", () => Effect.succeed(`no ${what}`)),
        Effect.orDie,
        Effect.map((answer) => Actor.reply(partner, answer)),
      ),
    Tick: (partner, _, context) => {
      partner.cast("Sale", { percent: 10 });
      context.sendAfter(1000, "Tick");
    },
    Tell: (partner, n) => {
      for (let i = 0; i < n; i++) partner.cast("Sale", { percent: i });
      partner.cast("Close");
    },
  },
});

const opened = Effect.gen(function* () {
  const probe = yield* Probe.make(prices);
  const shop = yield* Actor.spawn(Shop, probe.ref);
  return { probe, shop };
});
const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true });

/** What has to hold on every clock. */
const everywhere = Effect.gen(function* () {
  const { probe, shop } = yield* opened;
  const buying = yield* fork(shop.call("Buy", "tea"));
  const asked = yield* probe.expect("Price");
  expect([asked.payload, asked.isCall]).toEqual(["tea", true]);
  asked.reply(3);
  expect(yield* Fiber.join(buying)).toBe("tea for 3");
  const other = yield* fork(shop.call("Buy", "milk"));
  yield* probe.expect("Price", "1 second");
  probe.reply(4);
  expect(yield* Fiber.join(other)).toBe("milk for 4");
  const third = yield* fork(shop.call("Buy", "salt"));
  (yield* probe.expect("Price")).fail(new Sold());
  expect(yield* Fiber.join(third)).toBe("no salt");
  yield* probe.expectNone(1);
  shop.cast("Tell", 2);
  expect((yield* probe.fishFor(({ tag }) => tag === "Close")).isCall).toBe(false);
  expect(probe.messages.map(({ tag }) => tag)).toEqual(["Price", "Price", "Price", "Sale", "Sale", "Close"]);
});

describe("a probe", () => {
  it.effect("stands in for an actor: is asked, answers, fails, is fished in; on a TestClock", () => everywhere);

  it.live("the same on the real clock", () => everywhere);

  it.effect("the same in a simulation, and in any order of turns", () =>
    Effect.gen(function* () {
      yield* simulate(everywhere);
      yield* explore(everywhere, { runs: 30, seed: 1 });
    }),
  );

  it.effect("says what came instead, and leaves it there", () =>
    Effect.gen(function* () {
      const { probe, shop } = yield* opened;
      shop.cast("Tell", 1);
      const error = yield* Effect.flip(probe.expect("Close"));
      expect(error).toBeInstanceOf(ExpectationFailed);
      expect([error.code, error.message]).toEqual(["HSU-TST-001", 'expected Close; came: Sale {"percent":0}, Close']);
      expect((yield* Effect.flip(probe.expectNone())).message).toBe('expected nothing; came: Sale {"percent":0}, Close');
      yield* probe.expect("Sale");
      yield* probe.expect("Close");
      const fished = yield* Effect.flip(probe.fishFor(() => true));
      expect(fished.message).toBe("expected what is fished for; came: nothing");
    }),
  );

  it.effect("a failed fishing says what passed by", () =>
    Effect.gen(function* () {
      const { probe, shop } = yield* opened;
      shop.cast("Tell", 1);
      expect((yield* Effect.flip(probe.fishFor(() => false))).came).toEqual(['Sale {"percent":0}', "Close"]);
    }),
  );

  it.effect("on a TestClock nothing passes unless a timeout is given, which then passes whole", () =>
    Effect.gen(function* () {
      const { probe } = yield* opened;
      yield* Effect.flip(probe.expect("Sale"));
      yield* probe.expectNone();
      expect(yield* Clock.currentTimeMillis).toBe(0);
      yield* probe.expectNone("999 millis");
      yield* probe.expect("Sale", "1 second");
      expect(yield* Clock.currentTimeMillis).toBe(1999);
      yield* advance("3 seconds");
      for (let n = 0; n < 3; n++) yield* probe.expect("Sale");
      yield* probe.expectNone();
    }),
  );

  it.effect("on a clock that moves by itself it waits as long as it is told to, and no longer than what comes", () =>
    simulate(
      Effect.gen(function* () {
        const { probe } = yield* opened;
        yield* Effect.flip(probe.expect("Sale", "999 millis"));
        yield* probe.expect("Sale", "1 hour");
        expect(yield* Clock.currentTimeMillis).toBe(1000);
        yield* probe.expectNone("999 millis");
        yield* probe.expect("Sale");
        yield* Effect.flip(probe.expect("Close", "10 seconds"));
        expect(yield* Clock.currentTimeMillis).toBe(3000);
      }),
    ),
  );

  it.effect("answers by itself where it was told to", () =>
    Effect.gen(function* () {
      const { probe, shop } = yield* opened;
      probe.autoReply("Price", (what) => what.length);
      expect(yield* shop.call("Buy", "coffee")).toBe("coffee for 6");
      yield* probe.expectNone();
      expect(probe.messages).toHaveLength(1);
    }),
  );

  it.effect("answers nobody who does not wait", () =>
    Effect.gen(function* () {
      const { probe, shop } = yield* opened;
      expect(() => probe.reply(1)).toThrow("no message was taken");
      shop.cast("Tell", 0);
      const closed = yield* probe.expect("Close");
      expect(() => closed.reply()).toThrow("Close was cast");
      expect(() => probe.reply(1)).toThrow("Close was cast");
    }),
  );

  it.effect("sees the end of an actor, behind what came before", () =>
    Effect.gen(function* () {
      const probe = yield* Probe.make(prices);
      const [a, b] = [yield* Actor.spawn(Worker, new Script(), { id: "a" }), yield* Actor.spawn(Worker, new Script(), { id: "b" })];
      yield* probe.watch(a);
      yield* probe.watch(b);
      probe.ref.cast("Close");
      yield* settle;
      b.cast("Die");
      expect((yield* Effect.flip(probe.expectDown(b))).message).toBe("expected Down of b; came: Close, Down of b (Error: died)");
      yield* probe.expect("Close");
      expect((yield* Effect.flip(probe.expectDown(a))).message).toBe("expected Down of a; came: Down of b (Error: died)");
      expect(yield* probe.expectDown(b)).toMatchObject({ _tag: "Error" });
      yield* Actor.stop(a);
      expect(yield* probe.expectDown(a)).toMatchObject({ _tag: "Shutdown" });
      yield* probe.watch(a);
      expect(yield* probe.expectDown(a)).toMatchObject({ _tag: "NoProc" });
    }).pipe(quiet),
  );

  it.effect("ends with its scope, and its callers hear of it", () =>
    Effect.gen(function* () {
      const probe = yield* Effect.scoped(Probe.make(prices));
      expect(yield* Effect.flip(probe.ref.call("Price", "tea"))).toMatchObject({ _tag: "ActorDown" });
    }),
  );
});

it.effect("the types of a probe are those of its protocol", () =>
  Effect.gen(function* () {
    const probe = yield* Probe.make(prices);
    const ref: Prices = probe.ref;
    ref.cast("Close");
    // @ts-expect-error: the protocol has no such message
    yield* Effect.exit(probe.expect("Open"));
    const closed = yield* probe.expect("Close");
    // @ts-expect-error: nobody waits for a number
    expect(() => closed.reply(1)).toThrow("was cast");
    ref.cast("Sale", { percent: 5 });
    const sale = yield* probe.expect("Sale");
    expect(sale.payload.percent.toFixed(1)).toBe("5.0");
    // @ts-expect-error: a price is a number
    probe.autoReply("Price", (what) => what);
  }),
);

describe("virtual time", () => {
  it.live("a clock that cannot be moved is a defect", () =>
    Effect.map(Effect.exit(advance(1)), (exit) => expect(Exit.hasDies(exit)).toBe(true)),
  );

  it.effect("to advance is to do first what is to be done now, and then all that the time sets off", () =>
    Effect.gen(function* () {
      const seen: Array<string> = [];
      const Alarm = Actor.make({
        name: "alarm",
        protocol: RpcGroup.make(Rpc.make("Set"), Rpc.make("Ring")),
        init: () => 0,
        handlers: {
          Set: (_, __, context) =>
            Effect.andThen(
              Effect.repeat(Effect.yieldNow, { times: 5 }),
              Effect.sync(() => void context.sendAfter(1000, "Ring")),
            ),
          Ring: () =>
            Effect.andThen(
              Effect.yieldNow,
              Effect.sync(() => void seen.push("ring")),
            ),
        },
      });
      const alarm = yield* Actor.spawn(Alarm, undefined);
      alarm.cast("Set");
      yield* advance("1 second");
      expect(seen).toEqual(["ring"]);
    }),
  );

  it.effect("to settle is to wait for all messages, also those that messages lead to, and for effects that yield in between", () =>
    Effect.gen(function* () {
      let done = 0;
      const Chain = Actor.make({
        name: "chain",
        protocol: RpcGroup.make(Rpc.make("Next", { payload: Schema.Number })),
        init: () => 0,
        handlers: {
          Next: (state, n, context) =>
            Effect.map(Effect.yieldNow, () => {
              done++;
              if (n > 0) context.self.cast("Next", n - 1);
              return state;
            }),
        },
      });
      (yield* Actor.spawn(Chain, undefined)).cast("Next", 500);
      yield* settle;
      expect(done).toBe(501);
    }),
  );
});
