/**
 * The actor that watches a process of somebody else. It lives as long as that process does, and from the end of one until the next is found; its
 * supervisor starts the next watcher. It signals nobody but for a stop by hand.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ChildSpec, ExitReason, type Supervisor } from "../actor/index.ts";
import type { Driver, Finder, FoundTask } from "../driver/index.ts";
import { NotAllowed } from "../protocol/Errors.ts";
import { beginProbing } from "./BeginProbing.ts";
import { type Monitor, watched } from "./Monitor.ts";
import type { Probing } from "./Probing.ts";
import type { Slot } from "./Run.ts";
import type { UnitRpcs } from "./UnitRpc.ts";
import type { UnitSpec } from "./UnitSpec.ts";
import type { Unmanaged } from "./Unmanaged.ts";

/** The process ended, or its pid is somebody else's: how is told to its parent only. */
class ProcessLost extends Schema.TaggedError<ProcessLost>()("ProcessLost", { pid: Schema.Int }) {
  readonly code = "HSU-UNM-006";
  override get message(): string {
    return `pid ${this.pid} has ended`;
  }
}

/** A look by hand found nobody. */
class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { why: Schema.String }) {
  override get message(): string {
    return `not found: ${this.why}`;
  }
}

const WatchRpc = RpcGroup.make(
  /** It is time to look. */
  Rpc.make("Due"),
  Rpc.make("Gone", { payload: { pid: Schema.Int } }),
);
type WatchRpcs = RpcGroup.Rpcs<typeof WatchRpc>;

interface WatchArgs {
  readonly spec: UnitSpec;
  readonly unmanaged: Unmanaged;
  readonly finder: Finder;
  readonly exec: Driver["exec"];
  readonly monitor: Monitor;
  readonly slot: Slot;
  readonly mailbox: ActorRef<UnitRpcs>;
  readonly autoStart: boolean;
  readonly after: ReadonlyArray<string>;
}

interface State {
  readonly args: WatchArgs;
  readonly task: FoundTask | null;
  readonly probing: Probing | null;
  /** Looks in a row that found nobody. */
  readonly misses: number;
}

type Context = Actor.ActorContext<WatchRpcs>;

/** The first look that finds nobody is followed by others soon: most of what is not there yet is there in seconds. */
const firstLookMillis = 1000;

const dueIn = ({ args, misses, task }: State): number => {
  const { checkIntervalMillis } = args.unmanaged;
  return task === null ? Math.min(checkIntervalMillis, firstLookMillis * 2 ** Math.min(misses - 1, 30)) : checkIntervalMillis;
};

/** Asks who was found how it is. Whatever it says, nobody is ended for it. */
const probe = (args: WatchArgs): Effect.Effect<Probing | null, never, Scope.Scope> => {
  const { probes } = args.spec;
  if (probes !== undefined) return beginProbing({ ...args, learned: () => {} }, probes, () => {});
  return Effect.as(
    Effect.sync(() => args.slot.readiness.set(true)),
    null,
  );
};

/** Looks once; who runs and is not named any more stays until another one is. */
const look = (state: State, context: Context): Effect.Effect<State, never, Scope.Scope> => {
  const { finder, slot, unmanaged } = state.args;
  return Effect.flatMap(
    Effect.result(finder.find(unmanaged.discovery, state.task?.identity ?? null)),
    (found): Effect.Effect<State, never, Scope.Scope> => {
      if (Result.isFailure(found)) {
        slot.missing = found.failure.message;
        return Effect.succeed(state.task === null ? { ...state, misses: state.misses + 1 } : state);
      }
      const task = found.success;
      if (state.task?.identity.pid === task.identity.pid && state.task.running()) return Effect.succeed(state);
      slot.task = task;
      slot.startedAt = task.startedAt;
      slot.missing = null;
      state.probing?.stop();
      const { pid } = task.identity;
      const told = Effect.map(task.wait, () => context.self.cast("Gone", { pid }));
      const seen = Effect.provideService(watched(state.args.monitor, state.args, task), Scope.Scope, context.scope);
      return Effect.flatMap(Effect.andThen(seen, Effect.forkIn(told, context.scope)), () =>
        Effect.map(probe(state.args), (probing) => ({ ...state, task, probing, misses: 0 })),
      );
    },
  );
};

const again = (state: State, context: Context): State => {
  context.sendAfter(dueIn(state), "Due");
  return state;
};

/** Asked to end by hand, and it did not in time: the process alone, never its group. */
const killIt = (task: FoundTask): Effect.Effect<void> =>
  Effect.andThen(Effect.ignore(task.signal("SIGKILL")), Effect.ignore(Effect.timeout(task.waitForAll, 5000)));

const start = Effect.fnUntraced(function* (args: WatchArgs, context: Context) {
  const { mailbox, slot } = args;
  // Added first, so run last: its end is told before the supervisor hears of this incarnation's.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const task = slot.task as FoundTask | null;
      if (task !== null && slot.endsByHand === true && task.running()) yield* killIt(task);
      slot.task = slot.startedAt = slot.health = null;
      slot.readiness.set(false);
      if (task === null || task.running()) return;
      mailbox.cast("ProcessExited", { code: null, signal: null, at: yield* Clock.currentTimeMillis });
    }),
  );
  return again(yield* look({ args, task: null, probing: null, misses: 0 }, context), context);
});

const lost = (task: FoundTask) => Actor.exit(ExitReason.error(new ProcessLost({ pid: task.identity.pid })));

const Watch = Actor.make({
  name: "watch",
  protocol: WatchRpc,
  init: start,
  handlers: {
    Due: (state, _, context) => {
      const { mailbox, slot } = state.args;
      if (state.task !== null && !state.task.running()) return lost(state.task);
      const missing = slot.missing;
      return Effect.gen(function* () {
        const next = yield* look(state, context);
        const isNews = next.task?.identity.pid !== state.task?.identity.pid || (next.task === null && slot.missing !== missing);
        const at = yield* Clock.currentTimeMillis;
        if (isNews) mailbox.cast("Reported", { report: "started", note: null, delayMillis: null, at });
        return again(next, context);
      });
    },
    Gone: (state, { pid }) => (state.task?.identity.pid === pid ? lost(state.task) : state),
  },
  terminate: ({ args, probing, task }, reason) => {
    probing?.stop();
    return reason._tag === "Shutdown" && task !== null && args.slot.endsByHand === true
      ? Effect.andThen(Effect.ignore(task.signal("SIGTERM")), task.waitForAll)
      : Effect.void;
  },
});

/** The child of the unit's group: its process's end is a failure like any other to the group, and its next watcher looks for the next process. */
export const watchSpec = (args: WatchArgs): ChildSpec.ChildSpec<WatchRpcs, never> => {
  const { checkIntervalMillis } = args.unmanaged;
  return ChildSpec.make(Watch, args, {
    id: args.spec.id,
    restart: "permanent",
    shutdown: args.spec.stopTimeoutMillis,
    startTimeoutMillis: args.spec.startTimeoutMillis,
    autoStart: args.autoStart,
    ...(args.after.length === 0 ? {} : { after: args.after }),
    onStartFailure: "restart",
    mailbox: "discard",
    backoff: {
      initialMillis: Math.min(checkIntervalMillis, firstLookMillis),
      factor: 2,
      maxMillis: Math.max(checkIntervalMillis, firstLookMillis),
      resetAfterMillis: checkIntervalMillis,
    },
  });
};

interface Hand {
  readonly spec: UnitSpec;
  readonly slot: Slot;
  readonly finder: Finder;
  readonly supervisor: Effect.Effect<Supervisor.SupervisorRef, unknown>;
}

/** What a command by hand has done: a start looks now, a stop ends the process, a restart is the service manager's. */
export const performUnmanaged = (command: "start" | "stop" | "restart", unmanaged: Unmanaged, hand: Hand): Effect.Effect<void, unknown> => {
  const { finder, slot, spec, supervisor } = hand;
  const leave = Effect.flatMap(supervisor, (group) => group.terminateChild(spec.id, { hold: true }));
  const watch = Effect.flatMap(supervisor, (group) => group.restartChild(spec.id));
  const lookNow = Effect.flatMap(watch, () =>
    slot.task === null ? Effect.fail(new NotFound({ why: slot.missing ?? "unknown" })) : Effect.void,
  );
  switch (command) {
    case "start":
      return Effect.andThen(leave, lookNow);
    case "restart":
      return Effect.andThen(leave, Effect.exit(finder.restartService(unmanaged.restartService ?? ""))).pipe(
        Effect.flatMap((restarted) => Effect.andThen(restarted._tag === "Success" ? lookNow : watch, restarted)),
      );
    case "stop":
      return Effect.gen(function* () {
        const task = slot.task as FoundTask | null;
        slot.endsByHand = true;
        yield* Effect.ensuring(
          leave,
          Effect.sync(() => (slot.endsByHand = false)),
        );
        if (task === null || !task.running()) return;
        yield* watch;
        const why = `the system does not let pid ${task.identity.pid} be ended`;
        return yield* new NotAllowed({
          unit: spec.id,
          command: "stop",
          why,
          hint: "it runs as another user: run the master as that user or as root",
        });
      });
  }
};
