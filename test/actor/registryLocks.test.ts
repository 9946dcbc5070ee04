import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, Registry } from "../../src/actor/index.ts";
import { pass, quiet, settled } from "./actors.ts";
import { kept, nothing, spawn } from "./named.ts";

const note = (log: Array<string>, name: string, inside: Effect.Effect<void>) =>
  Effect.gen(function* () {
    log.push(`+${name}`);
    yield* inside;
    log.push(`-${name}`);
  });

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });

describe("lock", () => {
  it.effect("one key is one after the other, in the order in which they came; another key does not wait", () =>
    Effect.gen(function* () {
      const names = Registry.make<string>({ keys: "unique" });
      const log: Array<string> = [];
      const fibers = yield* Effect.forEach(["a1", "a2", "b1", "a3"], (name) =>
        fork(names.lock(name[0], note(log, name, Effect.sleep(10)))),
      );
      yield* settled;
      expect([log, kept(names).locks]).toEqual([["+a1", "+b1"], 2]);
      yield* pass(10);
      yield* pass(10);
      yield* pass(10);
      yield* Fiber.joinAll(fibers);
      expect(log.filter((line) => line.includes("a"))).toEqual(["+a1", "-a1", "+a2", "-a2", "+a3", "-a3"]);
      expect(kept(names)).toEqual(nothing);
    }),
  );

  it.effect("gives what its effect gives", () =>
    Effect.gen(function* () {
      const names = Registry.make<string>({ keys: "duplicate" });
      expect(yield* names.lock("a", Effect.succeed(42))).toBe(42);
      expect(yield* Effect.flip(names.lock("a", Effect.fail("no")))).toBe("no");
      expect(kept(names)).toEqual(nothing);
    }),
  );

  for (const [how, end] of [
    ["fails", Effect.fail("no")],
    ["dies", Effect.die("no")],
    ["is interrupted", Effect.never],
  ] as const) {
    it.effect(`is given on when its holder ${how}, and a waiter that was interrupted is passed over`, () =>
      Effect.gen(function* () {
        const names = Registry.make<string>({ keys: "unique" });
        const log: Array<string> = [];
        const holder = yield* fork(Effect.exit(names.lock("a", Effect.andThen(Effect.sleep(10), end))));
        const waiter = yield* fork(names.lock("a", note(log, "waiter", Effect.void)));
        const last = yield* fork(names.lock("a", note(log, "last", Effect.void)));
        yield* Fiber.interrupt(waiter);
        expect(kept(names).locks).toBe(1);
        yield* pass(10);
        if (how === "is interrupted") yield* Fiber.interrupt(holder);
        yield* Fiber.join(last);
        expect([log, kept(names)]).toEqual([["+last", "-last"], nothing]);
      }),
    );
  }

  for (const how of ["kill", "stop"] as const) {
    it.effect(`is given on when the actor that holds it ends: ${how}`, () =>
      Effect.gen(function* () {
        const names = Registry.make<string>({ keys: "unique" });
        const ref = yield* spawn();
        ref.cast("Do", { effect: names.lock("a", Effect.never) });
        yield* settled;
        const next = yield* fork(names.lock("a", Effect.succeed("mine")));
        yield* settled;
        expect(next.pollUnsafe()).toBeUndefined();
        yield* Actor[how](ref);
        expect([yield* Fiber.join(next), kept(names)]).toEqual(["mine", nothing]);
      }).pipe(quiet),
    );
  }
});
