/**
 * A program that talks to an actor of another one: see shop.ts.
 */
import { Effect } from "effect";
import { Remote } from "../../src/actor/index.ts";
import { connect } from "../../src/embed/index.ts";
import { stock } from "./stock.ts";

const [socket = ""] = process.argv.slice(2);

const sell = Effect.gen(function* () {
  const shop = yield* connect({ name: "shop", socket });
  const ref = Remote.ref(shop, "stock", stock);
  for (let n = 0; n < 3; n++) {
    const left = yield* ref.call("Take", { item: "nut" }, { timeout: 2000 }).pipe(
      Effect.map((count) => `${count} left`),
      Effect.catchTag("SoldOut", ({ item }) => Effect.succeed(`no more ${item}s`)),
    );
    console.log(left);
  }
  ref.cast("Deliver", { item: "nut", count: 10 });
  console.log(JSON.stringify(yield* ref.call("Left")));
});

await Effect.runPromise(
  Effect.scoped(sell).pipe(Effect.catchTag("ActorDown", ({ message }) => Effect.sync(() => console.log(`the shop is closed: ${message}`)))),
);
