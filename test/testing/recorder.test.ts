import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { Supervisor } from "../../src/actor/index.ts";
import { advance, explore, Recorder, settle, simulate } from "../../src/testing/index.ts";
import { Script, worker } from "../actor/actors.ts";

/** A tree with a child that dies once and comes back after a second. */
const tree = Effect.gen(function* () {
  const specs = ["a", "b"].map((id) => worker(id, { backoff: { initialMillis: 1000 } }, new Script()));
  const supervisor = yield* Supervisor.start({ children: specs });
  return { supervisor, ref: supervisor.ref(specs[0]!) };
});

const story = [
  "root/a Started #1",
  "root/b Started #1",
  "root/a Die",
  "root/a crashed #1: Error: died",
  "root/a Exited #1 (Error: died), restart",
  "root/a Restarting in 1000 ms",
  "root/a Started #2",
  "root/a Incarnation",
];

/** The same on every clock. */
const told = Effect.gen(function* () {
  const recorder = yield* Recorder.Recorder;
  const { ref } = yield* tree;
  yield* recorder.tap(ref);
  ref.cast("Die");
  yield* recorder.waitFor(({ _tag, path }) => _tag === "Event" && path.at(-1) === "a" && ref.incarnation === 2, "2 seconds");
  expect(yield* ref.call("Incarnation")).toBe(2);
  return recorder;
}).pipe(Effect.provide(Recorder.layer));

describe("a recorder", () => {
  it.effect("writes down events, crashes and messages in one order, over restarts", () =>
    Effect.gen(function* () {
      const recorder = yield* told;
      expect(recorder.lines).toEqual(story);
      expect(recorder.events.map(({ _tag }) => _tag)).toEqual(["Started", "Started", "Exited", "Restarting", "Started"]);
      expect(recorder.crashes.map(({ incarnation }) => incarnation)).toEqual([1]);
      expect(recorder.pretty.split("\n").slice(-3)).toEqual([
        "       0 ms  root/a Restarting in 1000 ms",
        "    1000 ms  root/a Started #2",
        "    2000 ms  root/a Incarnation",
      ]);
    }),
  );

  it.live("the same on the real clock", () => Effect.map(told, ({ lines }) => expect(lines).toEqual(story)), 10_000);

  it.effect("the same in a simulation, and in any order of turns", () =>
    Effect.gen(function* () {
      expect((yield* simulate(told)).lines).toEqual(story);
      // A report goes its own way: it may come before or after the event.
      const sorted = Effect.map(told, ({ lines }) => expect(lines.toSorted()).toEqual(story.toSorted()));
      yield* explore(sorted, { runs: 50, seed: 1 });
    }),
  );

  it.effect("finds what was there already, and says all that came when nothing was", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder.make;
      yield* tree;
      const found = yield* recorder.waitFor(({ path }) => path.at(-1) === "b");
      expect(Recorder.line(found)).toBe("root/b Started #1");
      const error = yield* Effect.flip(recorder.waitFor(({ _tag }) => _tag === "Crash"));
      expect(error.message).toContain("Crash");
      expect(error.came).toEqual(["root/a Started #1", "root/b Started #1"]);
    }),
  );

  it.effect("stops when its scope closes, and keeps what it has", () =>
    Effect.gen(function* () {
      const recorder = yield* Effect.scoped(Recorder.make);
      yield* tree;
      yield* settle;
      expect(recorder.entries).toEqual([]);
      const { ref } = yield* tree;
      const log = yield* Effect.scoped(Effect.tap(Recorder.make, (made) => made.tap(ref)));
      ref.cast("Incarnation");
      yield* advance("1 second");
      expect(log.entries).toEqual([]);
    }),
  );

  it.effect("there is nothing to tap in a supervisor", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder.make;
      const inner = Supervisor.child({ id: "inner", children: [] });
      const supervisor = yield* Supervisor.start({ children: [inner] });
      expect(Exit.hasDies(yield* Effect.exit(recorder.tap(supervisor.ref(inner))))).toBe(true);
    }),
  );
});
