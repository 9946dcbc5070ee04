/**
 * Virtual time for whole trees: lets it pass, and waits until all have done what they can do.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { TestClock } from "effect/testing/TestClock";
import { nextMacrotask, systemOf } from "../actor/internal/system.ts";
import { SimulatedSystem } from "./internal/simulation.ts";

/** Turns of the event loop without any work for an actor, after which there will be none: a fiber that yields takes one. */
const calmTurns = 10;

const nextTurn = Effect.callback<void>((resume) => nextMacrotask(() => resume(Effect.void)));

/**
 * Waits until no actor has anything to do at this time of the clock: all messages are handled that can be handled now. What waits for time, or for
 * something outside of the process, is not waited for; nor is, outside of `simulate` and `explore`, an effect that yields more than ten times in a row.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { settle } from "hsu/testing"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Bell = Actor.make({
 *   name: "bell",
 *   protocol: RpcGroup.make(Rpc.make("Ring")),
 *   init: (rings: Array<string>) => rings,
 *   handlers: { Ring: (rings) => void rings.push("ding") }
 * })
 * const rings: Array<string> = []
 * const program = Effect.gen(function*() {
 *   const bell = yield* Actor.spawn(Bell, rings)
 *   bell.cast("Ring")
 *   yield* settle
 *   return rings
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["ding"]
 * ```
 * @since 0.1.0
 */
export const settle: Effect.Effect<void> = Effect.contextWith((context: Context.Context<never>) => {
  const system = systemOf(context);
  if (system instanceof SimulatedSystem) return system.clock.settled;
  return Effect.gen(function* () {
    let before = -1;
    for (let calm = 0; calm < calmTurns;) {
      calm = system.idle && system.activity === before ? calm + 1 : 0;
      before = system.activity;
      yield* nextTurn;
    }
  });
});

/** The clock of a context, if it can be moved. @internal */
export const virtualClock = (context: Context.Context<never>): TestClock | undefined => {
  const clock = Context.get(context, Clock.Clock);
  return "adjust" in clock ? (clock as TestClock) : undefined;
};

/**
 * Lets virtual time pass: timers that are due fire in order, and it is over when all that they set off is done. Needs Effect's `TestClock` (or
 * `explore` and `simulate`); on a clock that cannot be moved it is a defect.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { advance } from "hsu/testing"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { TestClock } from "effect/testing"
 *
 * const Ticker = Actor.make({
 *   name: "ticker",
 *   protocol: RpcGroup.make(Rpc.make("Tick")),
 *   init: (seen: Array<number>, context) => {
 *     context.sendAfter(1000, "Tick")
 *     return seen
 *   },
 *   handlers: {
 *     Tick: (seen, _, context) => {
 *       seen.push(seen.length + 1)
 *       context.sendAfter(1000, "Tick")
 *     }
 *   }
 * })
 * const seen: Array<number> = []
 * const program = Effect.andThen(Actor.spawn(Ticker, seen), advance("5 seconds"))
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer())))
 * seen // => [1, 2, 3, 4, 5]
 * ```
 * @since 0.1.0
 */
export const advance = (duration: Duration.Input): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const clock = virtualClock(context);
    if (clock === undefined) {
      return Effect.die(new TypeError("advance: this clock cannot be moved; provide TestClock.layer(), or use explore or simulate"));
    }
    return Effect.andThen(settle, Effect.andThen(clock.adjust(duration), settle));
  });
