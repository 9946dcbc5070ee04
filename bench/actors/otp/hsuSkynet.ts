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

type Parent = NodeRef | ((sum: number) => void);

const tell = (parent: Parent, value: number): void => {
  if (typeof parent === "function") parent(value);
  else parent.cast("Sum", { value });
};

/** An actor's own, as a process has it on its stack: nobody else sees it, so that it may change in place. */
interface State {
  readonly parent: Parent;
  readonly number: number;
  readonly size: number;
  left: number;
  total: number;
}

const place = (parent: Parent, number: number, size: number): State => ({ parent, number, size, left: 10, total: 0 });

const Node: Actor.Actor<State, RpcGroup.Rpcs<typeof protocol>, never> = Actor.make({
  name: "node",
  protocol,
  init: (state: State): State => state,
  handlers: {
    Go: (state, _, context) => {
      const { number, parent, size } = state;
      if (size === 1) {
        tell(parent, number);
        return Actor.exit();
      }
      const each = size / 10;
      for (let i = 0; i < 10; i++) context.spawn(Node, place(context.self, number + i * each, each)).cast("Go");
      return state;
    },
    Sum: (state, { value }) => {
      state.total += value;
      if (--state.left > 0) return state;
      tell(state.parent, state.total);
      return Actor.exit();
    },
  },
});

export const skynet = rate((n) =>
  timed(
    Effect.gen(function* () {
      const end = Promise.withResolvers<number>();
      const root = yield* Actor.spawn(Node, place(end.resolve, 0, n));
      root.cast("Go");
      if ((yield* Effect.promise(() => end.promise)) !== (n * (n - 1)) / 2) throw new Error("a wrong sum");
    }),
  ),
);
