import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { make } from "../../src/api/Outcomes.ts";

it("outcomes are remembered up to a bound: the oldest that is done gives way, and where none is done nothing more is begun", () =>
  Effect.gen(function* () {
    const outcomes = make(Effect.runForkWith(yield* Effect.context()), 2);
    let done = 0;
    const quick = Effect.sync(() => ++done);
    expect(yield* outcomes.once("a", quick)).toBe(1);
    expect(yield* outcomes.once("a", quick)).toBe(1);
    expect(yield* outcomes.once("b", quick)).toBe(2);
    expect(yield* outcomes.once("c", quick)).toBe(3);
    expect(yield* outcomes.once("b", quick)).toBe(2);
    // It was the oldest, and has been forgotten.
    expect(yield* outcomes.once("a", quick)).toBe(4);
    const gate = yield* Deferred.make<number>();
    for (const id of ["d", "e"]) yield* Effect.forkChild(outcomes.once(id, Deferred.await(gate)), { startImmediately: true });
    expect(yield* Effect.flip(outcomes.once("f", quick))).toMatchObject({ code: "HSU-RPC-007", most: 2 });
    yield* Deferred.succeed(gate, 7);
    expect(yield* outcomes.once("d", quick)).toBe(7);
    expect(yield* Effect.flip(outcomes.once("g", Effect.fail("no" as const)))).toBe("no");
    // A failure is an outcome as well.
    expect(yield* Effect.flip(outcomes.once("g", Effect.andThen(quick, Effect.fail("again" as const))))).toBe("no");
    expect(done).toBe(4);
  }).pipe(Effect.scoped, Effect.runPromise));
