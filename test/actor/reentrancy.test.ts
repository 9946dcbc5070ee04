import { describe, expect, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ChildSpec, type CrashReport, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { quiet, reporting, Script, settled, told, until, worker, Worker } from "./actors.ts";

/** Runs the effect it is sent, in its handler's fiber or beside it. */
const Runner = Actor.make({
  name: "runner",
  protocol: RpcGroup.make(
    Rpc.make("Run", { payload: { effect: Schema.Any }, success: Schema.Any }),
    Rpc.make("Fork", { payload: { effect: Schema.Any } }),
    Rpc.make("Ping", { success: Schema.Number }),
  ),
  init: () => 0,
  handlers: {
    Run: (n, { effect }) => Effect.map(effect as Effect.Effect<unknown>, (value) => Actor.reply(n + 1, value)),
    Fork: (n, { effect }) => {
      Effect.runFork(effect as Effect.Effect<unknown>);
      return n + 1;
    },
    Ping: (n) => Actor.reply(n, n),
  },
});

describe("what happens inside an actor's own turn", () => {
  it.effect("a caller that stops the actor as soon as it has its reply is served", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Runner, undefined);
      yield* ref.call("Ping");
      yield* Actor.stop(ref);
      expect(ref.alive).toBe(false);
    }),
  );

  it.effect("a handler may stop its own actor beside itself", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Runner, undefined);
      ref.cast("Fork", { effect: Actor.stop(ref) });
      expect(yield* Actor.awaitExit(ref)).toEqual(ExitReason.shutdown);
    }),
  );

  it.effect("a handler that waits for the stop of its own actor is interrupted by it", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Runner, undefined);
      const error = yield* Effect.flip(ref.call("Run", { effect: Actor.stop(ref) }));
      expect(error).toMatchObject({ _tag: "ActorDown", reason: { _tag: "Shutdown" } });
    }),
  );

  it.effect("a handler may kill its own actor, and what waits behind it is not handled", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Runner, undefined);
      ref.cast("Fork", { effect: Actor.kill(ref) });
      const error = yield* Effect.flip(ref.call("Ping"));
      expect(error).toMatchObject({ reason: { _tag: "Killed" } });
    }),
  );

  it.effect("a handler may close the scope that its actor lives in", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const ref = yield* Scope.provide(Actor.spawn(Runner, undefined), scope);
      ref.cast("Fork", { effect: Scope.close(scope, Exit.void) });
      expect(yield* Actor.awaitExit(ref)).toEqual(ExitReason.shutdown);
    }),
  );

  it.effect("a stop that comes when the incarnation has just ended does not end the next one", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const spec = ChildSpec.make(Runner, undefined, { id: "runner" });
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: [spec] });
      const ref = supervisor.ref(spec);
      ref.cast("Run", { effect: Effect.andThen(Deferred.await(gate), Effect.die("boom")) });
      yield* settled;
      // In one go: the supervisor gets a turn, then the actor gets one for its stop; but the actor dies first, and is up again by then.
      const asking = yield* Effect.forkChild(supervisor.whichChildren, { startImmediately: true });
      const stopping = yield* Effect.forkChild(Actor.stop(ref), { startImmediately: true });
      Deferred.doneUnsafe(gate, Effect.void);
      yield* Effect.all([Fiber.join(asking), Fiber.join(stopping)]);
      yield* settled;
      expect([ref.alive, ref.incarnation]).toEqual([true, 2]);
    }).pipe(quiet),
  );

  it.effect("two actors that call each other in turn make progress", () =>
    Effect.gen(function* () {
      const a = yield* Actor.spawn(Runner, undefined);
      const b = yield* Actor.spawn(Runner, undefined);
      const back = b.call("Run", { effect: Effect.succeed("from b") });
      expect(yield* a.call("Run", { effect: back })).toBe("from b");
    }),
  );

  it.effect("an actor may spawn others from a handler, into its own scope", () =>
    Effect.gen(function* () {
      const parent = yield* Actor.spawn(Runner, undefined);
      const script = new Script();
      const scope = yield* Scope.make();
      const spawning = Scope.provide(Actor.spawn(Worker, script), scope);
      const child = (yield* parent.call("Run", { effect: spawning })) as ActorRef<never>;
      expect(child.alive).toBe(true);
      yield* parent.call("Run", { effect: Scope.close(scope, Exit.void) });
      expect([child.alive, parent.alive]).toEqual([false, true]);
    }),
  );

  it.effect("a child may use its own supervisor's operations beside its handler", () =>
    Effect.gen(function* () {
      const runner = ChildSpec.make(Runner, undefined, { id: "runner" });
      const supervisor = yield* Supervisor.start({ children: [runner] });
      const added = yield* supervisor.ref(runner).call("Run", { effect: supervisor.startChild(worker("late")) });
      expect((added as ActorRef<never>).path).toEqual(["root", "late"]);
      supervisor.ref(runner).cast("Fork", { effect: supervisor.terminateChild("runner") });
      yield* until(() => !supervisor.ref(runner).alive);
      expect((yield* supervisor.countChildren).active).toBe(1);
    }),
  );
  it.effect("both of two deaths in one instant are reported", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const [a, b] = [worker("a"), worker("b")];
      const supervisor = yield* Supervisor.start({ children: [a, b], strategy: "one_for_all" });
      supervisor.ref(a).cast("Die");
      supervisor.ref(b).cast("Die");
      yield* settled;
      expect(told(reports)).toEqual(["root/a: Error: died", "root/b: Error: died"]);
      expect([supervisor.ref(a).incarnation, supervisor.ref(b).incarnation]).toEqual([2, 2]);
    }).pipe(reporting(reports));
  });
});
