/**
 * Whoever follows something does so for as long as what he has shown is good: it is looked up again, for all of them together, while there are any.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";

const usualMillis = 5000;

export interface Staying {
  /** Fails as `who` does, once it does. */
  readonly until: <E>(who: Effect.Effect<unknown, E>) => Effect.Effect<never, E>;
}

interface Guest {
  readonly look: Effect.Effect<unknown>;
}

/** `run` runs beside those who follow, until nobody does. */
export const make = (run: (effect: Effect.Effect<void>) => unknown, millis = usualMillis): Staying => {
  const guests = new Set<Guest>();
  let looking = false;
  const look: Effect.Effect<void> = Effect.suspend(() => {
    if (guests.size === 0) {
      looking = false;
      return Effect.void;
    }
    const all = Effect.forEach([...guests], (guest) => guest.look, { discard: true });
    return Effect.andThen(Effect.delay(all, millis), look);
  });
  return {
    until: <E>(who: Effect.Effect<unknown, E>) =>
      Effect.suspend(() => {
        const gone = Deferred.makeUnsafe<never, E>();
        const guest: Guest = { look: Effect.catchCause(Effect.asVoid(who), (cause) => Deferred.failCause(gone, cause)) };
        guests.add(guest);
        if (!looking) {
          looking = true;
          run(look);
        }
        return Effect.ensuring(
          Deferred.await(gone),
          Effect.sync(() => guests.delete(guest)),
        );
      }),
  };
};
