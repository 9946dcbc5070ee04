/** Trees that are driven by chance, in an order of turns that is explored: what must hold of them whatever happens. Test-only. */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { type ChildSpec, Event, Supervisor } from "../../src/actor/index.ts";
import { quiet, Script, system, worker } from "../actor/actors.ts";

class Broken extends Data.TaggedError("Broken")<{ readonly promises: ReadonlyArray<string> }> {
  override get message(): string {
    return this.promises.join("; ");
  }
}

const oneOf = <A>(choices: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.nextIntBetween(0, choices.length - 1), (n) => choices[n]!);

/** A worker whose starts and stops take time and fail now and then; it counts what of it is there at once. */
const child = (id: string, alive: Map<string, number>, broken: Array<string>) =>
  Effect.gen(function* () {
    const script = new Script();
    const change = (by: number): void => {
      const count = (alive.get(id) ?? 0) + by;
      alive.set(id, count);
      if (count < 0 || count > 1) broken.push(`${id}: ${count} at once`);
    };
    const [startMillis, stopMillis, everyFails] = [yield* oneOf([0, 0, 5, 20]), yield* oneOf([0, 0, 5, 50]), yield* oneOf([0, 0, 2, 3])];
    script.onStart = (start) => {
      const fails = start > 1 && everyFails > 0 && start % everyFails === 0;
      return Effect.acquireRelease(
        Effect.sync(() => change(1)),
        () => Effect.sync(() => change(-1)),
      ).pipe(
        Effect.andThen(startMillis === 0 && !fails ? Effect.void : Effect.sleep(startMillis + 1)),
        Effect.andThen(fails ? Effect.fail("bad luck") : Effect.void),
      );
    };
    script.onTerminate = () => (stopMillis === 0 ? undefined : Effect.sleep(stopMillis));
    const restart = yield* oneOf<"permanent" | "transient" | "temporary">(["permanent", "permanent", "transient", "temporary"]);
    const shutdown = yield* oneOf<ChildSpec.Shutdown>([10, 100, "brutal_kill"]);
    const delay = yield* oneOf([0, 0, 5]);
    return worker(id, { restart, shutdown, ...(delay === 0 ? {} : { backoff: { initialMillis: delay, jitter: 1 } }) }, script);
  });

/** Up and down by turns: what the events tell of each actor has to be a life. */
const checkLives = (broken: Array<string>) => {
  const up = new Map<string, boolean>();
  return (event: Event.TreeEvent): void => {
    const path = event.path.join("/");
    if (event._tag === "Started") {
      if (up.get(path) === true) broken.push(`${path} is started, and was not ended`);
      up.set(path, true);
    } else if (event._tag === "StartFailed") {
      up.delete(path);
    } else if (event._tag === "Exited") {
      // One that is told to stop while it starts ends without having been up.
      if (up.get(path) === false && !event.asked) broken.push(`${path} has ended twice`);
      up.set(path, false);
    }
  };
};

/** What a deadline of ten seconds is enough for: nothing here takes a second. */
const answered = <A, E>(what: string, effect: Effect.Effect<A, E>, broken: Array<string>): Effect.Effect<void> =>
  Effect.exit(effect).pipe(
    Effect.timeoutOption("10 seconds"),
    Effect.map((answer) => void (answer._tag === "None" && broken.push(`${what} has no answer`))),
  );

/** Fails with what was broken. Spec and operations are drawn anew in each run, by its seed. */
export const tree = Effect.gen(function* () {
  const broken: Array<string> = [];
  const alive = new Map<string, number>();
  yield* Event.subscribe(checkLives(broken));
  const [a, b, c] = [yield* child("a", alive, broken), yield* child("b", alive, broken), yield* child("c", alive, broken)];
  const inner = Supervisor.child({
    id: "inner",
    strategy: yield* oneOf(["one_for_one", "one_for_all", "rest_for_one"] as const),
    intensity: yield* oneOf([1, 100]),
    periodMillis: 20,
    children: [b, c],
  });
  const strategy = yield* oneOf(["one_for_one", "one_for_all", "rest_for_one"] as const);
  const startOrder = strategy === "one_for_one" ? yield* oneOf(["sequential", "parallel"] as const) : "sequential";
  const supervisor = yield* Supervisor.start({
    strategy,
    startOrder,
    intensity: "infinity",
    children: [a, inner],
  });
  const more = yield* child("more", alive, broken);
  const ref = supervisor.ref(a);
  const nested = Effect.flatMap(supervisor.supervisor("inner"), (below) => Effect.succeed(below.ref(b)));
  const operations: Record<string, Effect.Effect<unknown, unknown>> = {
    die: Effect.sync(() => ref.cast("Die")),
    finish: Effect.sync(() => ref.cast("Finish")),
    dieBelow: Effect.map(nested, (below) => below.cast("Die")),
    terminate: supervisor.terminateChild("a"),
    terminateInner: supervisor.terminateChild("inner"),
    restart: supervisor.restartChild("a"),
    restartInner: supervisor.restartChild("inner"),
    list: supervisor.whichChildren,
    add: supervisor.startChild(more),
    terminateMore: supervisor.terminateChild("more"),
    deleteMore: supervisor.deleteChild("more"),
    call: ref.call("Incarnation", undefined, { timeout: 1000 }),
  };
  const user = (name: string) =>
    Effect.gen(function* () {
      for (let n = 0; n < 6; n++) {
        const what = yield* oneOf(Object.keys(operations));
        yield* answered(`${name} ${n}: ${what}`, operations[what]!, broken);
        if (yield* Random.nextBoolean) yield* Effect.sleep(yield* oneOf([1, 5, 20]));
      }
    });
  yield* Effect.all([user("x"), user("y"), user("z")], { concurrency: "unbounded" });
  yield* answered("the end", yield* oneOf([supervisor.stop, supervisor.kill]), broken);
  yield* Effect.sleep("1 minute");
  for (const [id, count] of alive) if (count !== 0) broken.push(`of ${id}, ${count} are left`);
  const left = (yield* system).timers.size;
  if (left > 0) broken.push(`${left} timers are left`);
  if (broken.length > 0) return yield* new Broken({ promises: broken });
}).pipe(quiet);
