/** Elixir's own cases of Registry.lock (Registry.LockTest), under their names. Notes: registry.test.ts. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, Registry } from "../../src/actor/index.ts";
import { kept, type NamedRef, nothing, spawn } from "../actor/named.ts";
import { quiet, settled } from "../actor/actors.ts";

for (const keys of ["unique", "duplicate"] as const) {
  describe(`Elixir: Registry.lock, ${keys} keys`, () => {
    /** Two actors that take a lock one after the other, note it and wait. */
    const two = (firstKey: unknown, secondKey: unknown) =>
      Effect.gen(function* () {
        const registry = Registry.make<string>({ keys: keys as "unique" });
        const locked: Array<string> = [];
        const take = (ref: NamedRef, key: unknown) => {
          const note = Effect.andThen(
            Effect.sync(() => locked.push(ref.id)),
            Effect.never,
          );
          ref.cast("Do", { effect: registry.lock(key, note) });
        };
        const [first, second] = [yield* spawn("first"), yield* spawn("second")];
        take(first, firstKey);
        yield* settled;
        take(second, secondKey);
        yield* settled;
        const free = Effect.gen(function* () {
          expect(yield* registry.lock(firstKey, Effect.succeed("done"))).toBe("done");
          expect(kept(registry)).toEqual(nothing);
        });
        return { registry, locked, first, second, free };
      });

    it.effect("does not lock when using different keys", () =>
      Effect.gen(function* () {
        const { locked, first, second, free } = yield* two(1, 2);
        expect(locked).toEqual(["first", "second"]);
        for (const ref of [first, second]) yield* Actor.stop(ref);
        yield* free;
      }),
    );

    it.effect("locks when using the same key", () =>
      Effect.gen(function* () {
        const { locked, first, second, free } = yield* two("ok", "ok");
        expect(locked).toEqual(["first"]);
        yield* Actor.stop(first);
        yield* settled;
        expect(locked).toEqual(["first", "second"]);
        yield* Actor.stop(second);
        yield* free;
      }),
    );

    it.effect("locks when the one holding the lock raises", () =>
      Effect.gen(function* () {
        const registry = Registry.make<string>({ keys: keys as "unique" });
        const raises = Effect.andThen(Effect.yieldNow, Effect.die(new Error("oops")));
        const first = yield* Effect.forkChild(Effect.exit(registry.lock("ok", raises)), { startImmediately: true });
        const second = yield* Effect.forkChild(registry.lock("ok", Effect.succeed("done")), { startImmediately: true });
        expect([(yield* Fiber.join(first))._tag, yield* Fiber.join(second)]).toEqual(["Failure", "done"]);
        expect(kept(registry)).toEqual(nothing);
      }),
    );

    it.effect("locks when the one holding the lock terminates", () =>
      Effect.gen(function* () {
        const { locked, first, second, free } = yield* two("ok", "ok");
        yield* Actor.kill(first);
        yield* settled;
        expect(locked).toEqual(["first", "second"]);
        yield* Actor.kill(second);
        yield* free;
      }).pipe(quiet),
    );

    it.effect("locks when the one waiting for the lock terminates", () =>
      Effect.gen(function* () {
        const { locked, first, second, free } = yield* two("ok", "ok");
        yield* Actor.kill(second);
        yield* Actor.kill(first);
        yield* free;
        expect(locked).toEqual(["first"]);
      }).pipe(quiet),
    );
  });
}
