import { assert, describe, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor } from "../../src/actor/index.ts";

class Prices extends Context.Service<Prices, { of(article: string): Effect.Effect<number> }>()("Prices") {}
class Taxes extends Context.Service<Taxes, { readonly percent: number }>()("Taxes") {}

const protocol = RpcGroup.make(
  Rpc.make("Add", { payload: { article: Schema.String } }),
  Rpc.make("Total", { success: Schema.Number }),
  Rpc.make("Later", { success: Schema.Number }),
);

const Basket = Actor.make({
  name: "basket",
  protocol,
  init: () => 0,
  handlers: {
    Add: (total, { article }) => Effect.flatMap(Prices, (prices) => Effect.map(prices.of(article), (price) => total + price)),
    Total: (total) => Actor.reply(total, total),
    Later: (total) =>
      Actor.replyLater(
        total,
        Effect.map(Taxes, ({ percent }) => (total * (100 + percent)) / 100),
      ),
  },
});

type Needs = typeof Basket extends Actor.Actor<infer _Args, infer _Rpcs, infer R> ? R : never;

const shop = Effect.gen(function* () {
  const ref = yield* Actor.spawn(Basket, undefined);
  yield* ref.call("Add", { article: "tea" });
  return [yield* ref.call("Total"), yield* ref.call("Later")];
});

describe("the services of an actor", () => {
  it.effect("are those that any of its handlers needs, and whoever starts it provides them", () =>
    Effect.gen(function* () {
      const priced = Effect.provideService(shop, Prices, { of: () => Effect.succeed(200) });
      assert.deepStrictEqual(yield* Effect.provideService(priced, Taxes, { percent: 10 }), [200, 220]);
      const needs: [Needs, Prices | Taxes] extends [Prices | Taxes, Needs] ? true : false = true;
      assert.isTrue(needs);
    }).pipe(Effect.scoped),
  );
});
