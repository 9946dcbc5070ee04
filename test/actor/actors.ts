/** Helper actors and small tools for the tests of the actor room. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as TestClock from "effect/testing/TestClock";
import { Actor, type ActorRef, ChildSpec, CrashReport, Event, ExitReason, type Supervisor } from "../../src/actor/index.ts";
import type { Cell } from "../../src/actor/internal/cell.ts";
import { systemOf } from "../../src/actor/internal/system.ts";

/** What a {@link Worker} does beside its messages. It outlives the incarnations, so it counts their starts. */
export class Script {
  starts = 0;
  /** `+id` for each start that succeeded, `-id reason` for each terminate; share one to see the order. */
  readonly log: Array<string>;
  /** Runs at each start with its number, from 1. It may throw, or return an Effect. */
  onStart: (start: number) => void | Effect.Effect<void, unknown, Scope.Scope> = () => {};
  onTerminate: (reason: ExitReason.ExitReason) => void | Effect.Effect<void> = () => {};
  constructor(log: Array<string> = []) {
    this.log = log;
  }
}

export const workerProtocol = RpcGroup.make(
  Rpc.make("Die"),
  Rpc.make("Finish"),
  Rpc.make("Leave", { payload: { info: Schema.String } }),
  Rpc.make("Block"),
  Rpc.make("Incarnation", { success: Schema.Number }),
);

/** OTP's helper children in one: it dies, finishes, blocks, and starts as its script says. */
export const Worker = Actor.make({
  name: "worker",
  protocol: workerProtocol,
  init: (script: Script, context): Script | Effect.Effect<Script, unknown, Scope.Scope> => {
    const up = (): Script => {
      script.log.push(`+${context.path.at(-1)}`);
      return script;
    };
    const started = script.onStart(++script.starts);
    return started === undefined ? up() : Effect.map(started, up);
  },
  handlers: {
    Die: () => {
      throw new Error("died");
    },
    Finish: () => Actor.exit(),
    Leave: (_, { info }) => Actor.exit(ExitReason.shutdownWith(info)),
    Block: () => Effect.never,
    Incarnation: (state, _, context) => Actor.reply(state, context.incarnation),
  },
  terminate: (script, reason, context) => {
    script.log.push(`-${context.path.at(-1)} ${ExitReason.format(reason)}`);
    return script.onTerminate(reason);
  },
});

export type WorkerRef = ActorRef<RpcGroup.Rpcs<typeof workerProtocol>>;

/** A spec of a {@link Worker}. */
export const worker = (id: string, options?: Partial<ChildSpec.Options>, script = new Script()) =>
  ChildSpec.make(Worker, script, { id, ...options });

/** A script that starts `good` times and fails to start from then on. */
export const failsAfter = (good: number, log?: Array<string>): Script => {
  const script = new Script(log);
  script.onStart = (start) => {
    if (start > good) throw new Error(`start ${start}`);
  };
  return script;
};

/** A script whose incarnations acquire and release, and say so. */
export const acquiring = (log: Array<string>): Script => {
  const script = new Script(log);
  script.onStart = (start) =>
    Effect.acquireRelease(
      Effect.sync(() => void log.push(`acquired ${start}`)),
      () => Effect.sync(() => void log.push(`released ${start}`)),
    );
  return script;
};

/** Runs an effect with its crash reports collected instead of logged. */
export const reporting =
  (reports: Array<CrashReport.CrashReport>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, CrashReport.Reporter, (report) => Effect.sync(() => void reports.push(report)));

/** Crash reports go nowhere. */
export const quiet = reporting([]);

/** `path: reason` of each report. */
export const told = (reports: ReadonlyArray<CrashReport.CrashReport>): ReadonlyArray<string> =>
  reports.map(({ path, reason }) => `${path.join("/")}: ${ExitReason.format(reason)}`);

const nextTick = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)));

/** The actor system of the test's clock. */
export const system = Effect.map(Effect.context<never>(), (context) => systemOf(context));

/** Waits until the actors have nothing to do: no queue, and nothing new in three turns of the event loop. */
export const settled: Effect.Effect<void> = Effect.gen(function* () {
  const current = yield* system;
  let calm = 0;
  for (let turns = 0; calm < 3 && turns < 100_000; turns++) {
    calm = current["draining"] ? 0 : calm + 1;
    yield* nextTick;
  }
});

/** Lets virtual time pass, then waits until the actors have nothing to do. */
export const pass = (millis: number): Effect.Effect<void> => Effect.andThen(Effect.andThen(settled, TestClock.adjust(millis)), settled);

/** Waits for `condition`, a hundred thousand turns of the event loop at most. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let turns = 0; turns < 100_000; turns++) {
      if (condition()) return;
      yield* nextTick;
    }
    return yield* Effect.die(new Error(`never: ${String(condition)}`));
  });

/** The cell behind a ref, to look at what it holds. */
export const cellOf = (ref: ActorRef<never> | WorkerRef): Cell => ref as unknown as Cell;

/** Id and state of each child: `a up, b down`. */
export const states = (supervisor: Supervisor.SupervisorRef) =>
  Effect.map(supervisor.whichChildren, (children) => children.map(({ id, state }) => `${id} ${state}`).join(", "));

/** `[specs, active, supervisors, workers]`, as OTP counts them. */
export const counts = (supervisor: Supervisor.SupervisorRef) =>
  Effect.map(supervisor.countChildren, (count) => [count.specs, count.active, count.supervisors, count.workers]);

/** Writes down the events from now on, as short lines: `Exited root/a`. */
export const events = Effect.gen(function* () {
  const seen: Array<string> = [];
  yield* Event.subscribe((event) => void seen.push(`${event._tag} ${event.path.join("/")}`));
  return seen;
});
