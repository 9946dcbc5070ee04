/**
 * The root: one supervision tree with the units' mailboxes, the master's own workers and the units' supervisors in it.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, CrashReport, Event, Supervisor } from "../actor/index.ts";
import { direct } from "../logs/index.ts";
import { secretsIn } from "../config/plan/Masked.ts";
import * as Masking from "../security/Masking.ts";
import { makePorts, optimize } from "../platform/index.ts";
import type { UnitMemory } from "../store/index.ts";
import { childSpec, type GroupSpec, moduleSpec, Recovered, Unit, watchSpec } from "../unit/index.ts";
import { audited } from "./Audited.ts";
import type { Control } from "./Control.ts";
import { entriesOf, type Entry, refOf, withSpec } from "./Entry.ts";
import * as History from "./History.ts";
import * as LiveControl from "./LiveControl.ts";
import * as LiveOrder from "./LiveOrder.ts";
import { masked } from "./Masked.ts";
import * as Monitoring from "./Monitoring.ts";
import { afterOf, orderOf, turnsOf } from "./Order.ts";
import * as Published from "./Published.ts";
import { reattach } from "./Reattach.ts";
import { toPeople, toUnit } from "./Reports.ts";
import * as Revisions from "./Revisions.ts";
import type { Options } from "./Options.ts";
import { shared } from "./Shared.ts";
import * as Timings from "./Timings.ts";
import type { GroupAt } from "./Tree.ts";

/** The master, or a part of it, did not start. Whatever had been started has been stopped. */
export class MasterStartError extends Schema.TaggedError<MasterStartError>()("MasterStartError", {
  code: Schema.String,
  message: Schema.String,
  hint: Schema.String,
}) {}

const Worker = Actor.make({
  name: "service",
  protocol: RpcGroup.make(),
  init: (start: Effect.Effect<void, unknown, Scope.Scope>) => start,
  handlers: {},
});

/** How long it is waited for what was killed. */
const killMillis = 1000;

/**
 * Starts a master: all units that are enabled have been started, in order, when it returns. When the scope closes they are stopped, in
 * reverse order, within the spec's `forceShutdownTimeoutMillis`.
 */
export const start = (options: Options): Effect.Effect<Control["Service"], MasterStartError, Scope.Scope> =>
  Effect.gen(function* () {
    const { spec } = options;
    const current = { spec };
    const clock = yield* Clock.Clock;
    const startedAt = clock.currentTimeMillisUnsafe();
    const masker = Masking.make();
    masker.learn(Masking.secretsIn(process.env));
    masker.learn(secretsIn(spec));
    const history = History.make(() => clock.currentTimeMillisUnsafe(), masker.text);
    let stopping = false;
    const terminated = yield* Deferred.make<void>();
    const patience = yield* Deferred.make<void>();
    const entries = entriesOf(spec.root, []);

    // Several masters of one process share a clock, and so their events.
    const rootId = `hsu-${++masters}`;
    let root: Supervisor.SupervisorRef | null = null;
    const groupAt: GroupAt = (path) =>
      Effect.suspend(() =>
        path.reduce<Effect.Effect<Supervisor.SupervisorRef, unknown>>(
          (above, id) => Effect.flatMap(above, (supervisor) => supervisor.supervisor(id)),
          root === null ? Effect.never : Effect.succeed(root),
        ),
      );
    const { driver, store } = options;
    const outputs = options.outputs ?? direct(options.stateDirectory);
    outputs.listen((unit, message) => history.publish([...(entries.get(unit)?.groups ?? []), unit], "log", message), masker.learn);
    const registry = yield* Published.make({ entries, store, publish: history.publish });
    const now = (): number => clock.currentTimeMillisUnsafe();
    const random = Context.get(yield* Effect.context(), Random.Random).nextDoubleUnsafe;
    const ports = makePorts();
    const timings = Timings.make();
    const monitoring = yield* Monitoring.make({ current, driver, pid: options.pid, startedAt, clock });
    const order = LiveOrder.make(spec.root, entries, (entry) => (stopping ? undefined : entry.ref?.cast("Unblocked")));
    const childOf = (entry: Entry, after: ReadonlyArray<string>) => {
      const autoStart = entry.late !== true && Recovered.startsWithMaster(entry.spec, entry.recovered, store.held.has(entry.spec.id));
      const { slot, spec: unit } = entry;
      const child = { slot, mailbox: refOf(entry), autoStart, after };
      if (unit.unmanaged !== undefined) {
        return watchSpec(
          withSpec(entry, { ...child, unmanaged: unit.unmanaged, finder: driver.finder, exec: driver.exec, monitor: monitoring }),
        );
      }
      const waitsFor = () => order.waitsFor(unit.id);
      if (unit.module !== undefined) {
        return moduleSpec(withSpec(entry, { ...child, module: unit.module, outputs, waitsFor, now, random }));
      }
      const forced = Deferred.await(patience);
      return childSpec(
        withSpec(entry, {
          ...child,
          driver,
          store,
          ports,
          monitor: monitoring,
          waitsFor,
          forced,
          now,
          random,
          learned: masker.learn,
          took: timings.started,
        }),
      );
    };

    yield* reattach({ driver, store, entries, publish: history.publish });
    const turns = turnsOf(spec.root, order.after());
    const mailboxOf = (entry: Entry) => {
      const { id } = entry.spec;
      const args = withSpec(entry, {
        groups: entry.groups,
        slot: entry.slot,
        recovered: entry.recovered,
        remember: (memory: UnitMemory, soon: boolean) => (soon ? store.putUnitSoon(id, memory) : store.putUnit(id, memory)),
        isHeld: store.held.has(id),
        turn: root === null ? (turns.get(id) ?? []) : null,
        hold: (held: boolean) => (held ? store.hold(id) : store.unhold(id)),
        now,
        supervisor: groupAt(entry.groups),
        finder: driver.finder,
        clockwork: {
          chance: random,
          last: () => store.schedules.get(id) ?? null,
          remember: (last: number) => store.putSchedule(id, last),
        },
        publish: (type: string, message: string) => history.publish([...entry.groups, id], type, message),
      });
      return ChildSpec.make(Unit, args, { id });
    };
    const mailboxes = Supervisor.child({ id: "mailboxes", intensity: "infinity", children: Array.from(entries.values(), mailboxOf) });
    const supervisorOf = (group: GroupSpec, options_: Partial<ChildSpec.Options>): ChildSpec.ChildSpec<never, never> =>
      Supervisor.child({ ...options_, id: group.id, ...optionsOf(group) });
    const optionsOf = (group: GroupSpec): Supervisor.Options<never> => {
      const siblings = afterOf(group, order.after());
      return {
        strategy: group.strategy,
        ...orderOf(group),
        intensity: group.limit?.intensity ?? "infinity",
        ...(group.limit === undefined ? {} : { periodMillis: group.limit.periodMillis }),
        ...(group.limit?.breaker === undefined ? {} : { whenExceeded: group.limit.breaker }),
        children: group.children.map((child) => {
          const after = siblings.get(child.id) ?? [];
          return child._tag === "Group" ? supervisorOf(child, { after }) : childOf(entries.get(child.id)!, after);
        }),
      };
    };

    const stop = Effect.suspend(() => {
      history.publish([], "shutdown", "stopping all units");
      const supervisor = root;
      if (supervisor === null) return Effect.void;
      const millis = current.spec.forceShutdownTimeoutMillis;
      const forced = Effect.suspend(() => {
        history.publish([], "shutdown", `not over after ${millis} ms: killing what is left`);
        Deferred.doneUnsafe(patience, Exit.void);
        // What does not even let itself be killed is not waited for: the next master is to start afresh.
        return Effect.timeoutOrElse(supervisor.kill, { duration: killMillis, orElse: () => Effect.void });
      });
      return Effect.timeoutOrElse(supervisor.stop, { duration: millis, orElse: () => forced });
    }).pipe(
      // In good order: the next master starts afresh. What this one has not come to take over is left for it.
      Effect.ensuring(Effect.sync(() => (options.store.processes.length === 0 ? options.store.clear() : undefined))),
      Effect.ensuring(Deferred.succeed(terminated, undefined)),
    );
    // A fiber of its own: who asks for the shutdown may be one of those that it ends.
    const fork = Effect.runForkWith(yield* Effect.context());
    let running = false;
    const shutdown = Effect.sync(() => {
      if (stopping) return;
      stopping = true;
      fork(stop);
    });
    yield* Event.subscribe(listener(rootId, spec.root.id, entries, history, () => void fork(shutdown)));
    const live = LiveControl.make({
      options,
      masker,
      entries,
      history,
      outputs,
      registry,
      startedAt,
      phase: () => (stopping ? "stopping" : running ? "running" : "starting"),
      groupAt,
      order,
      monitoring,
      shutdown,
      terminated: Deferred.await(terminated),
      current,
      tree: { mailboxOf, optionsOf },
      fork,
    });
    const told = masked(live, masker);
    const noted = options.audit === undefined ? told : audited(told, options.audit);
    const control = shared(noted, { history, now, fork, hurry: optimize, timings });
    root = yield* Effect.mapError(Supervisor.start({ id: rootId, intensity: "infinity", children: [mailboxes] }), explain);
    // Runs before the root's own finalizer, which knows no deadline.
    yield* Effect.addFinalizer(() => Effect.andThen(shutdown, Deferred.await(terminated)));
    const mailboxesRef = yield* Effect.orDie(groupAt(["mailboxes"]));
    for (const child of yield* Effect.orDie(mailboxesRef.whichChildren)) entries.get(child.id)!.ref = child.ref;

    for (const service of options.services) {
      const worker = ChildSpec.make(Worker, service.start(control, { root, publish: history.publish }), {
        id: service.id,
        backoff: serviceBackoff,
      });
      yield* Effect.mapError(root.startChild(worker), explain);
    }
    // The units as a whole: they come back inside of it, and when it gives up there is nothing left to do.
    yield* Effect.mapError(root.startChild(supervisorOf(spec.root, { restart: "temporary" })), explain);
    yield* Published.restore(registry, store);
    running = true;
    Revisions.begin(store, spec, now());
    return control;
  }).pipe(Effect.provideService(CrashReport.Reporter, () => Effect.void));

let masters = 0;

const serviceBackoff = { initialMillis: 100, factor: 2, maxMillis: 10_000, resetAfterMillis: 60_000 };

/** The error that a start failed with, in its own words. */
const explain = (error: unknown): MasterStartError => {
  const origin = error instanceof Actor.StartError && error.reason._tag === "Error" ? Cause.squash(error.reason.cause) : error;
  const known = origin as { readonly code?: unknown; readonly message?: unknown; readonly hint?: unknown };
  return new MasterStartError({
    code: typeof known.code === "string" ? known.code : "HSU-MST-001",
    message: typeof known.message === "string" ? known.message : String(origin),
    hint: typeof known.hint === "string" ? known.hint : "`hsu events` and the units' logs may say more",
  });
};

/** Passes the tree's events on: to the mailbox of the unit that they are about, or straight to the history. */
const listener = (
  rootId: string,
  rootGroup: string,
  entries: ReadonlyMap<string, Entry>,
  history: History.History,
  gaveUp: () => void,
): ((event: Event.TreeEvent) => void) => {
  return (event) => {
    if (event.path[0] !== rootId) return;
    const [, ...path] = event.path;
    const id = path.at(-1) ?? "";
    const entry = entries.get(id);
    if (entry !== undefined && path[0] === rootGroup && path.length === entry.groups.length + 1) {
      const report = toUnit(event);
      if (report !== null) entry.ref?.cast("Reported", { ...report, at: event.at });
      return;
    }
    // Each try to reach another master ends here; whether it is reached is told by who tries.
    if (path[0] === "peers" && path.length > 2) return;
    const said = toPeople(event);
    if (said !== null) history.publish(path, said.type, said.message);
    // The root group is gone: a decision of its own limit, so the master ends.
    if (event._tag === "Exited" && path.length === 1 && path[0] === rootGroup) gaveUp();
  };
};
