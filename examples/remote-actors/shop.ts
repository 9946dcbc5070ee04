/**
 * A program with a tree in it that lets others talk to one of its actors.
 *
 *     node examples/remote-actors/shop.ts /tmp/shop.sock     # in one terminal
 *     node examples/remote-actors/till.ts /tmp/shop.sock     # in another
 *
 * With PORT it is reached over TCP as well, by who has a token of STATE: hsu token create till --role operator.
 */
import { Effect } from "effect";
// In a project of your own: from "hsu" and "hsu/master".
import { Actor } from "../../src/actor/index.ts";
import { define, launch } from "../../src/embed/index.ts";
import { SoldOut, stock } from "./stock.ts";

const Stock = Actor.make({
  name: "stock",
  protocol: stock,
  init: (left: Readonly<Record<string, number>>) => left,
  handlers: {
    Take: (left, { item }) => {
      const count = left[item] ?? 0;
      return count === 0 ? Effect.fail(new SoldOut({ item })) : Actor.reply({ ...left, [item]: count - 1 }, count - 1);
    },
    Deliver: (left, { count, item }) => ({ ...left, [item]: (left[item] ?? 0) + count }),
    Left: (left) => Actor.reply(left, left),
  },
});

const [socket] = process.argv.slice(2);
const { PORT, STATE } = process.env;
const { master } = define(import.meta.filename);
const rpc = { address: "127.0.0.1", port: Number(PORT), clients: [] };
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());

await using tree = await launch(master({ children: [], ...(PORT === undefined ? {} : { rpc }) }), {
  signal: ending.signal,
  doors: ["rpc"],
  ...(socket === undefined ? {} : { socket }),
  ...(STATE === undefined ? {} : { stateDirectory: STATE }),
});
tree.export("stock", await tree.run(Actor.spawn(Stock, { nut: 2 })));
console.log(`open${tree.ports.rpc === undefined ? "" : ` at ${tree.ports.rpc}`}`);
await tree.ended;
