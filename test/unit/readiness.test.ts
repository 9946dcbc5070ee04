import { it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { expect } from "vitest";
import { Readiness } from "../../src/unit/index.ts";
import { running, until, unit, withMaster, yamlUnit } from "../master/support.ts";

it.effect("awaitReady waits until it is ready, again after it was not, and an interrupted waiter is forgotten", () =>
  Effect.gen(function* () {
    const readiness = Readiness.make();
    const heard: Array<boolean> = [];
    const unsubscribe = readiness.subscribe((ready) => heard.push(ready));
    const first = yield* Effect.forkChild(readiness.awaitReady, { startImmediately: true });
    const gone = yield* Effect.forkChild(readiness.awaitReady, { startImmediately: true });
    yield* Fiber.interrupt(gone);
    expect(readiness.isReady()).toBe(false);
    expect(readiness.set(true)).toBe(true);
    expect(readiness.set(true)).toBe(false);
    yield* Fiber.join(first);
    yield* readiness.awaitReady;
    readiness.set(false);
    const second = yield* Effect.forkChild(readiness.awaitReady, { startImmediately: true });
    expect(second.pollUnsafe()).toBeUndefined();
    readiness.set(true);
    yield* Fiber.join(second);
    unsubscribe();
    readiness.set(false);
    expect(heard).toEqual([true, false, true]);
  }),
);

it("what withholds itself is not ready, whatever is set meanwhile", () => {
  const readiness = Readiness.make();
  const heard: Array<boolean> = [];
  readiness.subscribe((ready) => heard.push(ready));
  readiness.withhold(true);
  expect(readiness.set(true)).toBe(false);
  expect(readiness.isReady()).toBe(false);
  readiness.withhold(false);
  readiness.withhold(true);
  readiness.set(false);
  readiness.withhold(false);
  expect(heard).toEqual([true, false]);
});

it("a unit without a readiness probe is ready while its process runs", () =>
  withMaster(`managed_processes:\n${yamlUnit("web", "")}`, ({ control }) =>
    Effect.gen(function* () {
      const first = yield* running(control, "web");
      expect(first).toMatchObject({ ready: true, health: null });
      process.kill(first.pid!, "SIGKILL");
      yield* until(unit(control, "web"), ({ pid, ready }) => ready && pid !== first.pid);
      expect(yield* control.stop("web")).toMatchObject({ ready: false });
    }),
  ));
