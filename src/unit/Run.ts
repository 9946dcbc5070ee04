/**
 * The actor that is a unit's process: it lives as long as the process does, and its supervisor starts the next one.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ChildSpec, ExitReason } from "../actor/index.ts";
import type { Driver, Task } from "../driver/index.ts";
import type { ProbesSpec } from "../health/index.ts";
import { type Health, LastExit } from "../protocol/MasterRpc.ts";
import { newInvocation, type Ports } from "../platform/index.ts";
import type { HeldLimit } from "../protocol/Resources.ts";
import type { Store } from "../store/index.ts";
import type { Raised } from "./Caps.ts";
import { carriedOut, type FailureLog, noFailures, NotDue } from "./FailurePolicy.ts";
import * as Proxying from "./Proxying.ts";
import { keepPort, newPort, recordedPort, withPort } from "./Port.ts";
import type { Known } from "./Order.ts";
import * as Demand from "./Demand.ts";
import { beginProbing } from "./BeginProbing.ts";
import * as Gently from "./Gently.ts";
import { heard, listen } from "./Hearing.ts";
import { ProbeFailed } from "./ProbeFailed.ts";
import type { Probing } from "./Probing.ts";
import * as Readiness from "./Readiness.ts";
import type { Limiting } from "./Limiting.ts";
import { limited, type Monitor, relimited, stopSignalFor, watched } from "./Monitor.ts";
import type { Notifying } from "./Notifying.ts";
import { ProcessFailed, RunTimeout, StopOverdue, WatchdogExpired } from "./RunErrors.ts";
import { fingerprint, type RecoveredProcess } from "./Recovered.ts";
import { LimitExceeded, Overcommitted } from "./ResourceErrors.ts";
import { turn } from "./Turns.ts";
import { secretsOf } from "./SecretsOf.ts";
import type { UnitRpcs } from "./UnitRpc.ts";
import type { RestartWhen, UnitSpec } from "./UnitSpec.ts";
import { askedToEnd, ended, isSuccess } from "./Ending.ts";

/** The process that runs just now, for the unit's mailbox to look at and to signal at any time. */
export interface Slot extends FailureLog, Demand.SocketSlot {
  task: Task | null;
  /** Unix milliseconds. */
  startedAt: number | null;
  /** What the next start goes on with instead of starting something. */
  recovered: RecoveredProcess | null;
  /** The process is one that an earlier master has started. */
  reattached: boolean;
  /** Whether the unit can be used. */
  readonly readiness: Readiness.Readiness;
  /** How far its start is, for those that wait for it. */
  phase: Known["phase"];
  /** Hears of each change of the phase. */
  onPhase: (() => void) | null;
  /** Whom its last start has found that it has to wait for. */
  blockedBy: ReadonlyArray<string>;
  /** No start before it, Unix milliseconds: the wait of an earlier master goes on. */
  notBefore: number | null;
  /** What the probes say of the process that runs; null: nothing. */
  health: Health | null;
  /** Why the master ends the process, where nobody has asked it to. */
  because: string | null;
  /** Of an integrated unit: where it listens. */
  port: number | null;
  /** Calls to it that are open, and how many were made. */
  readonly calls: { open: number; made: number };
  /** A one-shot that an earlier master has seen through: its next start has nothing to do. */
  completed: boolean;
  /** Its last start, which may be over when it is told of. */
  lastStart?: { readonly pid: number; readonly reattached: boolean };
  /** Somebody has asked for the run, which a unit with a schedule needs: it does not start because its siblings do. */
  requested: boolean;
  /** What the process says of itself, for people. */
  said: string | null;
  /** Why the process that somebody else is to run was not found. */
  missing?: string | null;
  /** Of a module unit that has been started: the thread that it runs on, null for the master's own. */
  module?: { readonly thread: number | null };
  /** Of a unit with limits, while its process runs: who holds them, which of them nobody holds, and which are broken. */
  limits?: {
    readonly held: ReadonlyArray<HeldLimit>;
    readonly warnings: ReadonlyArray<string>;
    readonly broken: ReadonlyArray<string>;
  } | null;
  /** Sees to the limits of the process that runs, or has run last; null: it has none. */
  limiting: Limiting | null;
  /** What `restart_adjusted` has made of its limits. */
  raised?: Raised;
  /** Such a process is to be ended with its watcher. */
  endsByHand?: boolean;
}

export const emptySlot = (): Slot => ({
  task: null,
  startedAt: null,
  recovered: null,
  reattached: false,
  readiness: Readiness.make(),
  phase: "down",
  onPhase: null,
  blockedBy: [],
  notBefore: null,
  row: noFailures,
  lastStartAt: null,
  health: null,
  because: null,
  port: null,
  calls: { open: 0, made: 0 },
  ...Demand.noSockets(),
  completed: false,
  requested: false,
  said: null,
  limiting: null,
});

const RunRpc = RpcGroup.make(
  Rpc.make("Exited", { payload: LastExit }),
  /** The process is to be ended, as a failure. */
  Rpc.make("Unhealthy", { payload: ProbeFailed }),
  /** It has run for as long as it may. */
  Rpc.make("Overdue"),
  Rpc.make("WatchdogDue"),
  /** It says that it stops, by itself; and the time for that is over. */
  Rpc.make("Stopping"),
  Rpc.make("Overstayed"),
  /** Its spec says something else now, and its process goes on. */
  Rpc.make("Respec"),
  /** The same of its limits. Which of them only its next process can be held to. */
  Rpc.make("Relimit", { success: Schema.Array(Schema.String), error: Overcommitted }),
  /** It is over a limit, and is to be ended for that. */
  Rpc.make("Violated", { payload: LimitExceeded }),
);
export type RunRpcs = RpcGroup.Rpcs<typeof RunRpc>;

export interface RunArgs {
  readonly spec: UnitSpec;
  readonly driver: Driver;
  readonly slot: Slot;
  readonly mailbox: ActorRef<UnitRpcs>;
  readonly store: Store;
  readonly ports: Ports;
  readonly monitor: Monitor;
  /** Whether it starts with its group. */
  readonly autoStart: boolean;
  /** Ids of its siblings that it starts after; none where its group has an order of its own. */
  readonly after: ReadonlyArray<string>;
  /** Completes when the shutdown waits for nobody any more. */
  readonly forced: Effect.Effect<void>;
  /** Whom it has to wait for just now. */
  readonly waitsFor: () => ReadonlyArray<string>;
  /** From [0, 1), for delays with jitter. */
  readonly random: () => number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told how long a start has taken, in milliseconds. */
  readonly took?: (millis: number) => void;
  /** These secrets are known now. */
  readonly learned: (secrets: Iterable<string>) => void;
}

/** The process, as long as the scope is open. */
const launch = Effect.fnUntraced(function* (args: RunArgs, notifying: Notifying | null = null) {
  const { mailbox, slot, spec, store } = args;
  const wait = slot.notBefore === null ? 0 : slot.notBefore - (yield* Clock.currentTimeMillis);
  slot.notBefore = null;
  if (wait > 0) return yield* new NotDue({ waitMillis: wait });
  // Added first, so run last: however it ended, the exit is told before the supervisor hears of this incarnation's end.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const { because, task } = slot;
      slot.health = slot.because = null;
      slot.task = slot.startedAt = slot.port = slot.behind = null;
      slot.reattached = false;
      slot.readiness.set(false);
      store.removeProcess(spec.id);
      return task === null
        ? Effect.void
        : Effect.map(ended(task), (exit) => {
            const why = because ?? slot.limiting?.endedBy(exit)?.message;
            mailbox.cast("ProcessExited", why === undefined ? exit : { ...exit, because: why });
          });
    }),
  );
  const task = yield* Effect.flatMap(goOn(args), Option.match({ onSome: Effect.succeed, onNone: () => startNew(args, notifying) }));
  slot.task = task;
  slot.lastStart = { pid: task.identity.pid, reattached: slot.reattached };
  const now = yield* Clock.currentTimeMillis;
  slot.lastStartAt = slot.startedAt ??= now;
  slot.limiting?.attach(task);
  yield* watched(args.monitor, args, task, slot.limiting?.onSample);
  if (spec.start !== undefined || spec.probes?.startup !== undefined)
    mailbox.cast("Reported", { report: "starting", note: null, delayMillis: null, at: now });
  return task;
});

/** A one-shot's start is its whole run; what it leaves running is ended with it. */
const runOnce = Effect.fnUntraced(function* (args: RunArgs, context: Actor.ActorContext<RunRpcs>) {
  yield* limited(limitsOf(args, context));
  const task = yield* launch(args);
  const exit = yield* Gently.whileStarting(task, Gently.patienceOf(args), ended(task));
  const failure = failureOf(args, exit);
  if (failure !== null) return yield* Effect.fail(failure);
}, Effect.scoped);

/** Why an end that nobody asked for is none that is as it should be; null: it is. */
const failureOf = ({ slot, spec }: RunArgs, exit: LastExit) =>
  slot.limiting?.endedBy(exit) ?? (isSuccess(spec, exit) ? null : new ProcessFailed({ exit }));

/** What its limits need to know. */
const limitsOf = (args: RunArgs, context: Actor.ActorContext<RunRpcs>) => ({
  ...args,
  patience: Gently.patienceOf(args),
  violated: (error: LimitExceeded) => context.self.cast("Violated", error),
});

/** Holds its process to what its spec says now. */
const relimit = (state: Running, context: Actor.ActorContext<RunRpcs>) => {
  const { args, task } = state;
  if (task === null) return Effect.succeed(Actor.reply(state, []));
  const changed = Effect.provideService(relimited(limitsOf(args, context), task), Scope.Scope, context.scope);
  return Effect.map(changed, (refused) => Actor.reply(state, refused));
};

interface Running {
  readonly args: RunArgs;
  /** Null where no process belongs to the unit any more. */
  readonly task: Task | null;
  readonly probing: Probing | null;
  readonly notifying: Notifying | null;
}

const start = (args: RunArgs, context: Actor.ActorContext<RunRpcs>) =>
  Effect.gen(function* () {
    const { slot, spec } = args;
    if (spec.schedule !== undefined && !slot.requested && slot.recovered === null) return Actor.ignore;
    if (spec.listen !== undefined) {
      yield* Demand.hold(args, (message) => args.mailbox.cast("Noticed", { type: "listening", message }));
      if (Demand.waitsForConnection(spec, slot)) return Actor.ignore;
    }
    // What runs already, or has run already, waits for nobody.
    slot.blockedBy = slot.recovered === null && !slot.completed ? args.waitsFor() : [];
    if (slot.blockedBy.length > 0) {
      enter(slot, "blocked");
      return Actor.ignore;
    }
    enter(slot, "starting");
    yield* Effect.addFinalizer(() => Effect.sync(() => enter(slot, "down")));
    const began = args.now();
    const running = yield* run(args, context);
    enter(slot, "up");
    if (!slot.reattached) args.took?.(args.now() - began);
    return running;
  });

export const enter = (slot: Slot, phase: Slot["phase"]): void => {
  slot.phase = phase;
  slot.onPhase?.();
};

const run = (args: RunArgs, context: Actor.ActorContext<RunRpcs>) =>
  Effect.gen(function* () {
    const running = (parts: Omit<Running, "args">): Running => ({ args, ...parts });
    const { runTimeoutMillis } = args.spec;
    if (args.spec.start === "oneshot") {
      const isDone = args.slot.completed;
      args.slot.completed = false;
      if (!isDone) yield* runOnce(args, context);
      yield* Effect.addFinalizer(() => Effect.sync(() => args.slot.readiness.set(false)));
      args.slot.readiness.set(true);
      return running({ task: null, probing: null, notifying: null });
    }
    const notifying = yield* listen(args, context);
    yield* limited(limitsOf(args, context));
    const task = yield* launch(args, notifying);
    yield* Effect.forkIn(
      Effect.map(ended(task), (exit) => {
        args.slot.readiness.set(false);
        Proxying.stop(args.slot);
        context.self.cast("Exited", exit);
      }),
      context.scope,
    );
    if (notifying !== null) yield* heard(args, task, notifying);
    const probing = yield* probe(args, task, context);
    notifying?.watchdog.expired((millis) => context.sendAfter(millis, "WatchdogDue"));
    if (runTimeoutMillis !== undefined) {
      const since = (yield* Clock.currentTimeMillis) - (args.slot.startedAt ?? 0);
      context.sendAfter(Math.max(0, runTimeoutMillis - since), "Overdue");
    }
    yield* Proxying.begin(args.spec, args.slot, (message) => args.mailbox.cast("Noticed", { type: "proxy", message }));
    return running({ task, probing, notifying });
  });

/** Asks its process what these probes ask; where it fails them, it hears of it. */
const asked = (args: RunArgs, probes: ProbesSpec, context: Actor.ActorContext<RunRpcs>) =>
  beginProbing({ ...args, exec: args.driver.exec }, probes, (error) => context.self.cast("Unhealthy", error));

/** Returns when the start is complete: at once, or when the startup probe has passed. */
const probe = Effect.fnUntraced(function* (args: RunArgs, task: Task, context: Actor.ActorContext<RunRpcs>) {
  const { slot, spec } = args;
  if (spec.probes === undefined) {
    slot.readiness.set(true);
    return null;
  }
  const { probes } = spec;
  const patience = Gently.patienceOf(args);
  // With success it has done what it is there for: no failed start, whatever comes of that.
  const isGone = Effect.flatMap(ended(task), (exit) => {
    const failure = failureOf(args, exit);
    return failure === null ? Effect.void : Effect.fail(failure);
  });
  const started = Effect.flatMap(asked(args, probes, context), (probing) =>
    Effect.tapError(Effect.as(Effect.raceFirst(probing.started, isGone), probing), () => {
      probing.stop();
      return Gently.end(task, patience);
    }),
  );
  return yield* Gently.whileStarting(task, patience, started);
});

/** Asks what the spec says now of a process that runs: its start is over, so nobody asks for that. */
const reprobe = (state: Running, context: Actor.ActorContext<RunRpcs>) => {
  const { args, task } = state;
  if (task === null) return state;
  state.probing?.stop();
  const { startup: _startup, ...probes } = args.spec.probes ?? {};
  if (probes.readiness === undefined && probes.liveness === undefined) {
    args.slot.health = null;
    args.slot.readiness.set(true);
    return { ...state, probing: null };
  }
  const begun = Effect.provideService(asked(args, probes, context), Scope.Scope, context.scope);
  return Effect.map(begun, (probing): Running => ({ ...state, probing }));
};

/** With what an earlier master has started, if that runs. */
const goOn = (args: RunArgs) =>
  Effect.suspend(() => {
    const { driver, ports, slot, spec } = args;
    const { recovered } = slot;
    slot.recovered = null;
    if (recovered === null) return Effect.succeedNone;
    return Effect.tap(driver.recover(recovered.identity, recovered.invocation, spec.id, slot.limiting?.capped), (task) => {
      if (Option.isNone(task)) return Effect.void;
      slot.reattached = true;
      slot.startedAt = recovered.startedAt;
      const kept = Effect.andThen(Proxying.keepPort(spec, slot, ports, recovered.port), keepPort(spec, slot, ports, recovered.port));
      // What it was given may still be what there is: then it is known.
      return Effect.andThen(kept, Effect.ignore(secretsOf(args)));
    });
  });

/** Written down before it is there, so that no instant exists in which a killed master leaves behind what nobody knows of. */
const startNew = Effect.fnUntraced(function* (args: RunArgs, notifying: Notifying | null) {
  const { driver, ports, slot, spec, store } = args;
  const invocation = newInvocation();
  const asked = yield* Clock.currentTimeMillis;
  const intent = { unit: spec.id, invocation, fingerprint: fingerprint(spec), identity: null, startedAt: asked };
  // Those of all that wait for their turn are written with that of the first.
  store.putProcessSoon(intent);
  const among = yield* turn;
  const startedAt = yield* Clock.currentTimeMillis;
  const port = yield* newPort(spec, slot, ports);
  const behind = yield* Proxying.newPort(spec, slot, ports);
  const record = { ...intent, startedAt, ...recordedPort(port ?? behind) };
  if ((port ?? behind) !== null) store.putProcessSoon(record);
  store.settle();
  const secrets = yield* secretsOf(args);
  const task = yield* driver.start({
    id: spec.id,
    invocation: record.invocation,
    executable: spec.executable,
    args: withPort(spec.args, port),
    workingDirectory: spec.workingDirectory,
    environment: { ...spec.environment, ...secrets, ...notifying?.environment, ...Proxying.environmentOf(behind) },
    capture: spec.capture,
    ...(spec.stdin === undefined ? {} : { stdin: spec.stdin }),
    ...(spec.logs === undefined ? {} : { logs: spec.logs }),
    ...(slot.sockets === null ? {} : { sockets: { held: slot.sockets, told: spec.proxy === undefined } }),
    keeper: notifying?.keeper ?? undefined,
    capped: slot.limiting?.capped,
    among,
  });
  // A master that is killed in this turn leaves an invocation by which it is found.
  store.putProcessSoon({ ...record, identity: task.identity });
  return task;
});

/** Ends the process as a stop does, which is a failure; people are told why. */
const fail = ({ args, probing, task }: Running, error: Error, stopSignal = args.spec.stopSignal) => {
  const exit = Actor.exit(ExitReason.error(error));
  if (task === null) return exit;
  args.slot.because = error.message;
  probing?.stop();
  args.slot.readiness.set(false);
  return Effect.as(Gently.end(task, { ...Gently.patienceOf(args), stopSignal }), exit);
};

const Run = Actor.make({
  name: "run",
  protocol: RunRpc,
  init: start,
  handlers: {
    Exited: ({ args }, exit) => {
      const failure = failureOf(args, exit) ?? Demand.unanswered(args.spec, args.slot, exit.at);
      return Actor.exit(failure === null ? ExitReason.normal : ExitReason.error(failure));
    },
    Violated: (state, error) => fail(state, error, stopSignalFor(state.args.spec, error)),
    Unhealthy: (state, error) => fail(state, error),
    WatchdogDue: (state, _, context) => {
      const watchdog = state.notifying?.watchdog;
      if (watchdog === undefined || !watchdog.expired((millis) => context.sendAfter(millis, "WatchdogDue"))) return state;
      return fail(state, new WatchdogExpired({ millis: watchdog.intervalMillis() }), "SIGABRT");
    },
    Stopping: (state, _, context) => {
      // A probe that fails now says nothing.
      state.probing?.stop();
      context.sendAfter(state.args.spec.stopTimeoutMillis, "Overstayed");
      return state;
    },
    Overstayed: (state) => fail(state, new StopOverdue({ millis: state.args.spec.stopTimeoutMillis }), "SIGKILL"),
    Respec: (state, _, context) => reprobe(state, context),
    Relimit: (state, _, context) => relimit(state, context),
    Overdue: (state) => fail(state, new RunTimeout({ millis: state.args.spec.runTimeoutMillis ?? 0 })),
  },
  terminate: ({ args, probing, task }, reason) => {
    if (reason._tag !== "Shutdown" || task === null) return Effect.void;
    // What is being stopped is not ready, and a probe that fails now says nothing.
    probing?.stop();
    Proxying.stop(args.slot);
    args.slot.readiness.set(false);
    return askedToEnd(args, task);
  },
});

export const restartTypes = {
  always: "permanent",
  unless_stopped: "permanent",
  on_failure: "transient",
  never: "temporary",
} as const satisfies Record<RestartWhen, string>;

/** The child of the unit's group: its restarts, its backoff and its stop deadline are the supervisor's own. */
export const childSpec = (args: RunArgs): ChildSpec.ChildSpec<RunRpcs, never> => {
  const { id, restart, startTimeoutMillis, stopTimeoutMillis } = args.spec;
  // A start that fails is tried again by default whatever the restart type is; one-shots fail in their start.
  const maxAttempts = restart.when === "never" ? 0 : restart.maxAttempts;
  return ChildSpec.make(Run, args, {
    id,
    restart: restartTypes[restart.when],
    shutdown: stopTimeoutMillis,
    // Who tells its state may ask for more time as it starts: that deadline is Notifying's.
    ...(args.spec.start === "notify" ? {} : { startTimeoutMillis }),
    autoStart: args.autoStart,
    ...(args.after.length === 0 ? {} : { after: args.after }),
    onStartFailure: "restart",
    retain: true,
    mailbox: "discard",
    failurePolicy: carriedOut(maxAttempts === undefined ? restart : { ...restart, maxAttempts }, args.slot, args),
  });
};
