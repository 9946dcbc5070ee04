/**
 * Waits for something to come, on whichever clock there is.
 */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { systemOf } from "../../actor/internal/system.ts";
import { advance, settle, virtualClock } from "../VirtualTime.ts";
import { SimulatedSystem } from "./simulation.ts";

/** Told of each change to what is waited for. */
export type Listeners = Set<() => void>;

const defaultTimeout: Duration.Input = "3 seconds";

/** The clock moves only when the test moves it. */
const standsStill = (context: Context.Context<never>): boolean =>
  virtualClock(context) !== undefined && !(systemOf(context) instanceof SimulatedSystem);

/**
 * What `find` finds, as soon as it does. A clock that moves by itself has until `timeout` (default: 3 s). On a TestClock it is what is there once all
 * have done what they can; where that is nothing, `timeout` passes once.
 */
export const awaited = <A>(find: () => A | undefined, listeners: Listeners, timeout?: Duration.Input): Effect.Effect<A | undefined> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.gen(function* () {
      const now = find();
      if (now !== undefined) return now;
      if (!standsStill(context)) {
        const coming = Effect.callback<A>((resume) => {
          const look = (): void => {
            const found = find();
            if (found === undefined) return;
            listeners.delete(look);
            resume(Effect.succeed(found));
          };
          listeners.add(look);
          look();
          return Effect.sync(() => void listeners.delete(look));
        });
        return yield* Effect.raceFirst(coming, Effect.as(Effect.sleep(timeout ?? defaultTimeout), undefined));
      }
      yield* settle;
      const settled = find();
      if (settled !== undefined || timeout === undefined) return settled;
      yield* advance(timeout);
      return find();
    }),
  );

const defaultQuiet: Duration.Input = "100 millis";

/** Lets `duration` pass: on the real clock a tenth of a second unless it is given, on any other no time at all. */
export const quietFor = (duration?: Duration.Input): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    if (virtualClock(context) !== undefined) return duration === undefined ? settle : advance(duration);
    return Effect.sleep(duration ?? defaultQuiet);
  });

const longest = 120;

/** A value in a line of text. */
const describe = (value: unknown): string => {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    // A value that cannot be serialised (a cycle, a bigint) still has a string form.
    text = String(value);
  }
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
};

/** A message in a line of text. */
export const describeMessage = (tag: string, payload: unknown): string => (payload === undefined ? tag : `${tag} ${describe(payload)}`);
