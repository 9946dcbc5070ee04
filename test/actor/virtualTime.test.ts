import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as TestClock from "effect/testing/TestClock";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, Supervisor } from "../../src/actor/index.ts";
import { failsAfter, quiet, settled, worker } from "./actors.ts";

it.effect("one large step of a TestClock is as good as many small ones: restarts", () =>
  Effect.gen(function* () {
    const script = failsAfter(1);
    const spec = worker("a", { backoff: { initialMillis: 100 } }, script);
    const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
    supervisor.ref(spec).cast("Die");
    yield* settled;
    yield* TestClock.adjust(1000);
    yield* settled;
    expect(script.starts).toBe(11);
  }).pipe(quiet),
);

it.effect("one large step of a TestClock is as good as many small ones: ticks", () =>
  Effect.gen(function* () {
    const Ticker = Actor.make({
      name: "ticker",
      protocol: RpcGroup.make(Rpc.make("Tick"), Rpc.make("Ticks", { success: Schema.Number })),
      init: (_: void, context) => {
        context.sendAfter(100, "Tick");
        return 0;
      },
      handlers: {
        Tick: (n, _, context) => {
          context.sendAfter(100, "Tick");
          return n + 1;
        },
        Ticks: (n) => Actor.reply(n, n),
      },
    });
    const ref = yield* Actor.spawn(Ticker, undefined);
    yield* TestClock.adjust(1000);
    expect(yield* ref.call("Ticks")).toBe(10);
  }),
);

it.effect("one large step of a TestClock is as good as many small ones: handlers that sleep", () =>
  Effect.gen(function* () {
    const Sleeper = Actor.make({
      name: "sleeper",
      protocol: RpcGroup.make(Rpc.make("Sleep"), Rpc.make("Slept", { success: Schema.Number })),
      init: () => 0,
      handlers: { Sleep: (n) => Effect.as(Effect.sleep(100), n + 1), Slept: (n) => Actor.reply(n, n) },
    });
    const ref = yield* Actor.spawn(Sleeper, undefined);
    for (let n = 0; n < 20; n++) ref.cast("Sleep");
    yield* TestClock.adjust(1000);
    const asked = yield* Effect.forkChild(ref.call("Slept", undefined, { timeout: "infinity" }), { startImmediately: true });
    yield* TestClock.adjust(1000);
    yield* settled;
    expect(asked.pollUnsafe()).toMatchObject({ value: 20 });
  }),
);
