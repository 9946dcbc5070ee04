/** One status for many who ask: what it costs, and that nobody is told what is over. */
import * as Effect from "effect/Effect";
import { expect, it, vi } from "vitest";
import { shared } from "../../src/master/Shared.ts";
import * as Timings from "../../src/master/Timings.ts";
import { make } from "../api/fakeControl.ts";

it("a status is made once for all who ask for a tenth of the time that it takes; what has happened, or was commanded, is in the next one", async () => {
  const { control } = await Effect.runPromise(make);
  let at = 1000;
  let seq = 0;
  let made = 0;
  let hurries = 0;
  const slow = Effect.suspend(() => {
    made++;
    at += 2;
    return control.status;
  });
  const one = shared(
    { ...control, status: slow },
    { history: { last: () => seq }, now: () => at, fork: Effect.runFork, hurry: () => void hurries++, timings: Timings.make() },
  );
  const ask = () => Effect.runPromise(one.status);
  const [first, second] = await Promise.all([ask(), ask()]);
  expect(first).toBe(second);
  expect(made).toBe(1);
  at += 19;
  expect(await ask()).toBe(first);
  at += 1;
  await ask();
  expect(made).toBe(2);
  seq++;
  await ask();
  expect(made).toBe(3);
  await Effect.runPromise(one.stop("web"));
  await ask();
  expect(made).toBe(4);
  await Effect.runPromise(Effect.exit(one.stop("nobody")));
  await ask();
  expect(made).toBe(5);
  // Who goes does not take it from the others.
  at += 1000;
  const leaving = Effect.runFork(one.status);
  const staying = ask();
  leaving.interruptUnsafe();
  expect((await staying).pid).toBe(99);
  expect(hurries).toBe(0);
  for (let n = 0; n < 1000; n++) await ask();
  expect(hurries).toBe(1);
});

it("is not kept when nobody asks again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    const { control } = await Effect.runPromise(make);
    let [at, made] = [1000, 0];
    const slow = Effect.suspend(() => {
      made++;
      at += 2;
      return control.status;
    });
    const world = { history: { last: () => 0 }, now: () => at, fork: Effect.runFork, hurry: () => {}, timings: Timings.make() };
    const one = shared({ ...control, status: slow }, world);
    const ask = () => Effect.runPromise(one.status);
    const first = await ask();
    expect(await ask()).toBe(first);
    vi.advanceTimersByTime(1000);
    await ask();
    expect(made).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

it("who asks while one is made that does not know what has happened since is given the next one, with all others who ask meanwhile", async () => {
  const { control } = await Effect.runPromise(make);
  const turns: Array<() => void> = [];
  const slow = Effect.callback<void>((resume) => void turns.push(() => resume(Effect.void))).pipe(Effect.andThen(control.status));
  let seq = 0;
  const world = { history: { last: () => seq }, now: () => 1000, fork: Effect.runFork, hurry: () => {}, timings: Timings.make() };
  const one = shared({ ...control, status: slow }, world);
  const ask = () => Effect.runPromise(one.status);
  const first = ask();
  await vi.waitFor(() => expect(turns).toHaveLength(1));
  const late = [1, 2, 3].map(() => {
    seq++;
    return ask();
  });
  expect(turns).toHaveLength(1);
  turns[0]!();
  const old = await first;
  await vi.waitFor(() => expect(turns).toHaveLength(2));
  turns[1]!();
  const [second, ...rest] = await Promise.all(late);
  expect(second).not.toBe(old);
  for (const each of rest) expect(each).toBe(second);
  expect(turns).toHaveLength(2);
});
