import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { LogCursor } from "../../src/logs/LogCursor.ts";
import { unit } from "./support.ts";

it.live("what was written between the end of the old file and its replacement is not lost", () =>
  Effect.gen(function* () {
    const { stdout } = yield* unit;
    writeFileSync(stdout, "one\n");
    const cursor = new LogCursor(stdout);
    yield* Effect.addFinalizer(() => Effect.promise(() => cursor.close()));
    const next = Effect.promise(() => cursor.next());
    expect([yield* next, yield* next]).toEqual([["one"], undefined]);
    expect(yield* Effect.promise(() => cursor.replaced())).toBe(false);
    appendFileSync(stdout, "two\nthree");
    renameSync(stdout, `${stdout}.1`);
    writeFileSync(stdout, "four\n");
    expect(yield* Effect.promise(() => cursor.replaced())).toBe(true);
    expect([yield* next, yield* next, yield* next, yield* next]).toEqual([["two"], ["three"], ["four"], undefined]);
  }),
);

it.live("a cursor that was closed stays closed, also for a call under way", () =>
  Effect.gen(function* () {
    const { stdout } = yield* unit;
    writeFileSync(stdout, "one\n");
    const cursor = new LogCursor(stdout);
    const underWay = cursor.next();
    yield* Effect.promise(() => cursor.close());
    expect(yield* Effect.promise(() => underWay)).toBeUndefined();
    expect(yield* Effect.promise(() => cursor.next())).toBeUndefined();
  }),
);
