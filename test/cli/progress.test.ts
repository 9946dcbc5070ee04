/** What is told on a terminal while a verb waits. */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import { expect, it } from "vitest";
import { make, print } from "../../src/cli/Invocation.ts";
import { named, whileWaiting } from "../../src/cli/Progress.ts";
import { testIo } from "./testIo.ts";

const removed = "\r\x1b[K";

/** What a wait of 2.5 s writes, one piece of which is there after 1.5 s. */
const waited = (io: ReturnType<typeof testIo>, what: string) =>
  Effect.gen(function* () {
    const invocation = make(io, [], { "no-color": true });
    const first = yield* Deferred.make<void>();
    const last = yield* Deferred.make<string>();
    const fiber = yield* Effect.forkChild(
      whileWaiting(
        invocation,
        () => what,
        (clear) =>
          Deferred.await(first).pipe(
            Effect.andThen(clear),
            Effect.andThen(print(invocation, "one\n")),
            Effect.andThen(Deferred.await(last)),
          ),
      ),
    );
    yield* TestClock.adjust(1500);
    yield* Deferred.succeed(first, undefined);
    yield* TestClock.adjust(1000);
    yield* Deferred.succeed(last, "result");
    return yield* Fiber.join(fiber);
  }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise);

it("is one line that counts the seconds, makes way for what is written, and is gone at the end", async () => {
  const io = testIo("/", { tty: true });
  expect(await waited(io, "stop: waiting for a")).toBe("result");
  expect(io.err()).toBe([removed, "stop: waiting for a … 1s", removed, removed, "stop: waiting for a … 2s", removed].join(""));
  expect(io.out()).toBe("one\n");
});

it("is nothing where no terminal is, and no longer than the terminal is wide", async () => {
  const piped = testIo("/");
  await waited(piped, "stop: waiting for a");
  expect(piped.err()).toBe("");
  const narrow = testIo("/", { tty: true, columns: 12 });
  await waited(narrow, "stop: waiting for a");
  expect(narrow.err()).toContain(`${removed}stop: wait…${removed}`);
});

it("names the first of many", () => {
  expect(named(["a", "b", "c"])).toBe("a, b, c");
  expect(named(["a", "b", "c", "d", "e\x1b"])).toMatch(/^a, b, c and 2 more$/);
});
