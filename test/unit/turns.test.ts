import { expect, it } from "vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { turn } from "../../src/unit/Turns.ts";

/** Work that blocks the loop, as a spawn does. */
const block = (millis: number): void => {
  const end = performance.now() + millis;
  while (performance.now() < end);
};

it("starts that come at once give way to the loop, in the order in which they came; who gives up is not waited for", async () => {
  const done: Array<number> = [];
  let turnsOfTheLoop = 0;
  const count = (): void => {
    turnsOfTheLoop++;
    if (done.length < 39) setImmediate(count);
  };
  setImmediate(count);
  const fibers = Array.from({ length: 40 }, (_, n) =>
    Effect.runFork(
      Effect.map(turn, () => {
        block(3);
        done.push(n);
      }),
    ),
  );
  // The first are not kept waiting at all; 120 ms of work would otherwise be one turn.
  expect(done[0]).toBe(0);
  expect(done.length).toBeLessThan(40);
  await Effect.runPromise(Fiber.interrupt(fibers[20]!));
  await Effect.runPromise(Effect.forEach(fibers, (fiber) => Fiber.await(fiber)));
  expect(done).toEqual(Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 20));
  expect(turnsOfTheLoop).toBeGreaterThan(5);
  let atOnce = false;
  await new Promise((next) => setImmediate(() => setImmediate(next)));
  Effect.runFork(Effect.map(turn, () => (atOnce = true)));
  expect(atOnce).toBe(true);
});
