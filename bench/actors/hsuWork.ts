/**
 * The plan on HSU, through the public API as a program would write it.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ChildSpec, CrashReport, Supervisor } from "../../src/actor/index.ts";
import { burst, treeSize, type Implementation, type Work } from "./plan.ts";

const protocol = RpcGroup.make(
  Rpc.make("Tick"),
  Rpc.make("Add", { payload: { by: Schema.Number } }),
  Rpc.make("Get", { success: Schema.Number }),
  Rpc.make("Crash"),
);
type Ref = ActorRef<RpcGroup.Rpcs<typeof protocol>>;

const Counter = Actor.make({
  name: "counter",
  protocol,
  init: (first: number) => first,
  handlers: {
    Tick: (count) => count + 1,
    Add: (count, { by }) => count + by,
    Get: (count) => Actor.reply(count, count),
    Crash: () => {
      throw new Error("crash");
    },
  },
});

const work =
  (program: (n: number) => Effect.Effect<void, unknown, Scope.Scope>): Work =>
  (n) =>
    Effect.runPromise(Effect.scoped(Effect.provideService(program(n), CrashReport.Reporter, () => Effect.void)));

const casts = (send: (ref: Ref) => void): Work =>
  work(
    Effect.fnUntraced(function* (n: number) {
      const ref = yield* Actor.spawn(Counter, 0);
      for (let sent = 0; sent < n; sent += burst) {
        for (let i = 0; i < burst; i++) send(ref);
        if ((yield* ref.call("Get")) !== sent + burst) throw new Error("a cast was lost");
      }
    }),
  );

const calls = (get: (ref: Ref) => ReturnType<typeof ref.call<"Get">>): Work =>
  work(
    Effect.fnUntraced(function* (n: number) {
      const ref = yield* Actor.spawn(Counter, 7);
      for (let i = 0; i < n; i++) if ((yield* get(ref)) !== 7) throw new Error("a wrong answer");
    }),
  );

const childrenOf = (n: number) => Array.from({ length: n }, (_, index) => ChildSpec.make(Counter, 0, { id: `child-${index}` }));

/** Keeps what was acquired until its scope is closed. */
const held = async (program: (n: number) => Effect.Effect<unknown, unknown, Scope.Scope>, n: number): Promise<object> => {
  const scope = Scope.makeUnsafe();
  await Effect.runPromise(Scope.provide(program(n), scope));
  return { end: () => Effect.runPromise(Scope.close(scope, Exit.void)) };
};

export const hsu: Implementation = {
  cast: casts((ref) => ref.cast("Tick")),
  castPayload: casts((ref) => ref.cast("Add", { by: 1 })),
  call: calls((ref) => ref.call("Get")),
  callInfinity: calls((ref) => ref.call("Get", undefined, { timeout: "infinity" })),
  spawnStop: work(
    Effect.fnUntraced(function* (n: number) {
      for (let i = 0; i < n; i++) yield* Effect.scoped(Actor.spawn(Counter, 0));
    }),
  ),
  tree: work(
    Effect.fnUntraced(function* (n: number) {
      for (let done = 0; done < n; done += treeSize) yield* Effect.scoped(Supervisor.start({ children: childrenOf(treeSize) }));
    }),
  ),
  restart: work(
    Effect.fnUntraced(function* (n: number) {
      const child = ChildSpec.make(Counter, 0, { id: "child" });
      const ref = (yield* Supervisor.start({ intensity: "infinity", children: [child] })).ref(child);
      for (let i = 0; i < n; i++) {
        ref.cast("Tick");
        ref.cast("Crash");
        if ((yield* ref.call("Get")) !== 0) throw new Error("not restarted");
      }
      if (ref.incarnation !== n + 1) throw new Error("not as many incarnations as crashes");
    }),
  ),
  idle: (n) => held((count) => Effect.forEach(Array.from({ length: count }), () => Actor.spawn(Counter, 0), { discard: true }), n),
  idleSupervised: (n) => held((count) => Supervisor.start({ children: childrenOf(count) }), n),
};
