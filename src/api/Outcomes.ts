/**
 * What has become of commands, by their ids: one that comes twice, as after a reconnect, is carried out once.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TooMany } from "../protocol/RemoteErrors.ts";

/** Commands that are remembered. */
const usualCapacity = 1000;

export interface Outcomes {
  /** The outcome of the command that had this id first. It goes on to its end, also when nobody waits for it any more. */
  readonly once: <A, E, R>(id: string, command: Effect.Effect<A, E, R>) => Effect.Effect<A, E | TooMany, R>;
}

/** `fork` runs a command beside who has sent it. */
export const make = (fork: <A, E>(command: Effect.Effect<A, E>) => Fiber.Fiber<A, E>, capacity = usualCapacity): Outcomes => {
  const known = new Map<string, Fiber.Fiber<unknown, unknown>>();
  /** Room for one more, at the cost of the oldest that is done; false when none of them is. */
  const makeRoom = (): boolean => {
    if (known.size < capacity) return true;
    for (const [id, fiber] of known) if (fiber.pollUnsafe() !== undefined) return known.delete(id);
    return false;
  };
  return {
    once: <A, E, R>(id: string, command: Effect.Effect<A, E, R>) =>
      Effect.contextWith((context: import("effect/Context").Context<R>): Effect.Effect<A, E | TooMany> => {
        const found = known.get(id) as Fiber.Fiber<A, E> | undefined;
        if (found !== undefined) return Fiber.join(found);
        if (!makeRoom()) return Effect.fail(new TooMany({ what: "commands", most: capacity }));
        const fiber = fork(Effect.provideContext(command, context));
        known.set(id, fiber);
        return Fiber.join(fiber);
      }),
  };
};
