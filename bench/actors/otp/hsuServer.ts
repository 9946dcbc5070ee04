/**
 * What HSU's side of the benches has in common: a counter, and how a program is run and timed.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, CrashReport } from "../../../src/actor/index.ts";
import type { Bench } from "./plan.ts";

const protocol = RpcGroup.make(Rpc.make("Tick"), Rpc.make("Get", { success: Schema.Number }));
export type CounterRef = ActorRef<RpcGroup.Rpcs<typeof protocol>>;

export const Counter = Actor.make({
  name: "counter",
  protocol,
  init: (first: number) => first,
  handlers: { Tick: (count) => count + 1, Get: (count) => Actor.reply(count, count) },
});

/** Nobody hears of a crash. */
export const quietly = <A>(program: Effect.Effect<A, unknown, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.provideService(program, CrashReport.Reporter, () => Effect.void)));

/** Times an effect, and not what makes it. Milliseconds. */
export const timed = <E, R>(work: Effect.Effect<void, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const began = performance.now();
    return Effect.map(work, () => performance.now() - began);
  });

/** `program` succeeds with the milliseconds that `n` took. */
export const rate =
  (program: (n: number) => Effect.Effect<number, unknown, Scope.Scope>): Bench =>
  (n) =>
    quietly(Effect.map(program(n), (millis) => ({ rate: (n * 1000) / millis })));
