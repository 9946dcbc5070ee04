/**
 * A tree of actors, ten below each: the leaves send their numbers up, and the sums come back. Each is spawned by the one above it and ends when it
 * has sent its sum.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef } from "../../../src/actor/index.ts";
import { rate, timed } from "./hsuServer.ts";

const protocol = RpcGroup.make(Rpc.make("Go"), Rpc.make("Sum", { payload: { value: Schema.Number } }));
type NodeRef = ActorRef<RpcGroup.Rpcs<typeof protocol>>;

interface Place {
  readonly parent: NodeRef | ((sum: number) => void);
  readonly number: number;
  readonly size: number;
}

const tell = (parent: Place["parent"], value: number): void => {
  if (typeof parent === "function") parent(value);
  else parent.cast("Sum", { value });
};

interface State {
  readonly place: Place;
  readonly left: number;
  readonly total: number;
}

const Node: Actor.Actor<Place, RpcGroup.Rpcs<typeof protocol>, never> = Actor.make({
  name: "node",
  protocol,
  init: (place: Place): State => ({ place, left: 10, total: 0 }),
  handlers: {
    Go: (state, _, context) => {
      const { number, parent, size } = state.place;
      if (size === 1) {
        tell(parent, number);
        return Actor.exit();
      }
      const each = size / 10;
      for (let i = 0; i < 10; i++) context.spawn(Node, { parent: context.self, number: number + i * each, size: each }).cast("Go");
      return state;
    },
    Sum: ({ left, place, total }, { value }) => {
      if (left > 1) return { place, left: left - 1, total: total + value };
      tell(place.parent, total + value);
      return Actor.exit();
    },
  },
});

export const skynet = rate((n) =>
  timed(
    Effect.gen(function* () {
      const end = Promise.withResolvers<number>();
      const root = yield* Actor.spawn(Node, { parent: end.resolve, number: 0, size: n });
      root.cast("Go");
      if ((yield* Effect.promise(() => end.promise)) !== (n * (n - 1)) / 2) throw new Error("a wrong sum");
    }),
  ),
);
