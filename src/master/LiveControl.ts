/**
 * `Control` of a master that runs in this process.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { type CallError, Remote } from "../actor/index.ts";
import { nearest } from "../config/Nearest.ts";
import type { Masking } from "../security/index.ts";
import type { Registry } from "../integrated/Registry.ts";
import { type Outputs, queryOf } from "../logs/index.ts";
import { NotUpgradable, UnitNotFound } from "../protocol/Errors.ts";
import type { MasterStatus, UnitStatus } from "../protocol/MasterRpc.ts";
import { Demand, statusOf, type UnitRef } from "../unit/index.ts";
import type { Applier, Live } from "./Apply.ts";
import * as Revisions from "./Revisions.ts";
import { withoutMarks } from "../config/plan/Flat.ts";
import { call as callUnit } from "./Call.ts";
import type { Control } from "./Control.ts";
import * as OnCall from "./OnCall.ts";
import { asked, commandTimeout, type Entry, refOf } from "./Entry.ts";
import type { Execs } from "./Exec.ts";
import type { History } from "./History.ts";
import { start as startWithNeeds } from "./NeedsFirst.ts";
import type { Options } from "./Options.ts";
import { inTurn, type LiveOrder } from "./LiveOrder.ts";
import type { Monitoring } from "./Monitoring.ts";
import { report } from "./Resources.ts";
import { type GroupAt, treeOf } from "./Tree.ts";

/** Loaded with the first question. */
const planning = Effect.promise(() => import("./Planning.ts"));

/** A unit's own words; without its mailbox, before the start and after the shutdown, what is certain. */
const describe = (entry: Entry): Effect.Effect<UnitStatus> => {
  const unknown: UnitStatus = {
    id: entry.spec.id,
    kind: entry.spec.kind,
    groups: [...entry.groups],
    state: "stopped",
    reason: null,
    pid: entry.slot.task?.identity.pid ?? null,
    restarts: 0,
    startedAt: null,
    nextStartAt: null,
    lastExit: null,
    memory: null,
    health: entry.spec.probes === undefined ? null : "unknown",
    ready: entry.slot.readiness.isReady(),
  };
  return entry.ref === null
    ? Effect.succeed(unknown)
    : Effect.orElseSucceed(entry.ref.call("Describe", undefined, commandTimeout), () => unknown);
};

/** What a running master is made of. */
export interface Parts {
  readonly options: Options;
  readonly entries: Map<string, Entry>;
  readonly history: History;
  readonly outputs: Outputs;
  readonly registry: Registry;
  readonly startedAt: number;
  readonly phase: () => MasterStatus["phase"];
  readonly groupAt: GroupAt;
  readonly order: LiveOrder;
  readonly monitoring: Monitoring;
  readonly masker: Masking.Masker;
  readonly shutdown: Effect.Effect<void>;
  readonly terminated: Effect.Effect<void>;
  /** The config that it runs now. */
  readonly current: Live["current"];
  readonly tree: Live["tree"];
  /** Runs something to its end, whatever becomes of who has asked for it. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>;
}

/** The operations on a running master. */
export const make = (parts: Parts): Control["Service"] => {
  const {
    current,
    entries,
    groupAt,
    history,
    masker,
    monitoring,
    options,
    order,
    outputs,
    phase,
    registry,
    shutdown,
    startedAt,
    terminated,
  } = parts;
  const find = (unit: string): Effect.Effect<Entry, UnitNotFound> => {
    const entry = entries.get(unit);
    return entry === undefined
      ? Effect.fail(new UnitNotFound({ unit, nearest: nearest(unit, [...entries.keys()]) ?? null }))
      : Effect.succeed(entry);
  };
  const withUnit = <A, E>(unit: string, use: (ref: UnitRef) => Effect.Effect<A, E | CallError>) =>
    Effect.flatMap(find(unit), (entry) => asked(use(refOf(entry))));
  // Who needs it is stopped before it, unless it is not going to stop at all.
  const stopDependents = (unit: string): Effect.Effect<void> => {
    const { slot, spec: of } = entries.get(unit)!;
    if (Demand.phaseOf(slot) === "down" || of.unmanaged?.canTerminate === false) return Effect.void;
    const up = order.dependentsOf(unit).filter((id) => entries.get(id)!.slot.phase !== "down");
    return inTurn(up, (id) => refOf(entries.get(id)!).call("StopFor", { unit }, commandTimeout));
  };
  const start = (unit: string) => Effect.flatMap(find(unit), (entry) => withUnit(unit, () => startWithNeeds(entry, entries, order)));
  const startByCall = (unit: string) => Effect.catchTag(start(unit), "UnitNotFound", Effect.die);
  /** With what was seen of it last; its memory is that of all its processes then, or before that of the one that was started. */
  const sampled = (own: UnitStatus): Effect.Effect<UnitStatus> => {
    const logTargets = outputs.targets(own.id);
    const waiting = [...(outputs.isFull(own.id) ? ["held back until its log has room"] : []), ...outputs.troubles(own.id)];
    const warned = waiting.length === 0 ? {} : { warnings: [...(own.warnings ?? []), ...waiting] };
    const status = { ...own, ...warned, ...(logTargets.length === 0 ? {} : { logTargets }) };
    const seen = status.pid === null ? null : monitoring.latest(status.id);
    if (seen !== null) {
      return Effect.succeed({ ...status, memory: seen.rssBytes, ...(seen.cpuPercent === null ? {} : { cpu: seen.cpuPercent }) });
    }
    const task = entries.get(status.id)?.slot.task ?? null;
    return task === null || status.pid === null ? Effect.succeed(status) : Effect.map(task.memory, (memory) => ({ ...status, memory }));
  };
  const described = (entry: Entry): Effect.Effect<UnitStatus> => Effect.flatMap(describe(entry), sampled);
  const units = Effect.suspend(() => Effect.forEach(entries.values(), described));
  const { store } = options;
  let running: Execs | undefined;
  const execs = Effect.map(
    Effect.promise(() => import("./Exec.ts")),
    ({ make: makeExecs }) =>
      (running ??= makeExecs({
        driver: options.driver,
        learned: masker.learn,
        publish: ({ groups, spec: { id } }, type, message) => history.publish([...groups, id], type, message),
      })),
  );
  let applier: Applier | undefined;
  // A change goes on to its end, also when who has asked for it has gone.
  const apply: Control["Service"]["apply"] = (next, how) =>
    Effect.flatMap(
      Effect.promise(() => import("./Apply.ts")),
      ({ make: makeApplier }) => Fiber.join(parts.fork((applier ??= makeApplier({ ...parts, store }, control)).apply(next, how))),
    );
  const control: Control["Service"] = {
    status: Effect.gen(function* () {
      return {
        pid: options.pid,
        version: options.version,
        source: current.spec.source,
        phase: phase(),
        startedAt,
        now: yield* Clock.currentTimeMillis,
        memory: yield* options.memory,
        units: yield* units,
      };
    }),
    tree: Effect.flatMap(units, (described) => treeOf(current.spec.root, new Map(described.map((unit) => [unit.id, unit])), groupAt)),
    start,
    stop: (unit) => withUnit(unit, (ref) => Effect.andThen(stopDependents(unit), ref.call("Stop", undefined, commandTimeout))),
    restart: (unit) => withUnit(unit, (ref) => Effect.andThen(stopDependents(unit), ref.call("Restart", undefined, commandTimeout))),
    roll: (units) =>
      Stream.unwrap(
        Effect.map(
          Effect.promise(() => import("./Roll.ts")),
          ({ roll }) => roll({ ...parts, describe: described }, control, units),
        ),
      ),
    describe: (unit) =>
      Effect.gen(function* () {
        const known = yield* withUnit(unit, (ref) => ref.call("History", undefined, commandTimeout));
        const logTargets = yield* outputs.counted(unit);
        const status = yield* sampled(known.status);
        const found = { ...known, status: logTargets.length === 0 ? status : { ...status, logTargets } };
        const own = status.port === undefined ? null : yield* statusOf(status.port);
        return own === null ? found : { ...found, own };
      }),
    reload: (unit) => withUnit(unit, (ref) => ref.call("Reload", undefined, commandTimeout)),
    resetFailed: (unit) => withUnit(unit, (ref) => ref.call("ResetFailed", undefined, commandTimeout)),
    signal: (unit, signal) => withUnit(unit, (ref) => ref.call("Signal", { signal }, commandTimeout)),
    events: history.events,
    logs: (request) => Stream.unwrap(Effect.map(find(request.unit), ({ spec: of }) => outputs.read(of.id, of.logs, queryOf(request)))),
    call: (request) =>
      Stream.unwrap(
        Effect.map(find(request.unit), (entry) =>
          OnCall.counted(
            entry,
            callUnit(
              entry,
              Effect.map(describe(entry), ({ state }) => state),
              OnCall.wake(entry, startByCall),
              request,
            ),
          ),
        ),
      ),
    exec: (request) => Stream.unwrap(Effect.zipWith(find(request.unit), execs, (entry, { run }) => run(entry, request))),
    execInput: (session, input) => Effect.flatMap(execs, ({ tell }) => tell(session, input)),
    input: (unit, data) => Effect.flatMap(find(unit), (entry) => Effect.flatMap(execs, ({ write }) => write(entry, data))),
    resources: (request) =>
      Effect.flatMap(
        request.unit === null ? Effect.succeed([...entries.values()]) : Effect.map(find(request.unit), (entry) => [entry]),
        (asked) =>
          Effect.flatMap(Clock.Clock, (clock) =>
            report(asked, request, { monitoring, describe: described, now: () => clock.currentTimeMillisUnsafe() }),
          ),
      ),
    registry,
    exports: new Remote.Exports(),
    upgrade: (command) => {
      if (options.replace === undefined) return Effect.fail(new NotUpgradable({ reason: "it is part of another program" }));
      if (phase() !== "running") return Effect.fail(new NotUpgradable({ reason: `it is ${phase()}` }));
      return Effect.andThen(
        options.replace(command),
        Effect.sync(() => history.publish([], "upgrade", `gives way to ${command.join(" ")}`)),
      );
    },
    compile: (yaml, file) =>
      Effect.flatMap(
        Effect.promise(() => import("./Compiling.ts")),
        ({ compile }) => compile(yaml, file ?? current.spec.source, masker),
      ),
    spec: Effect.sync(() => withoutMarks(current.spec)),
    marks: Effect.sync(() => ({ version: options.version, source: current.spec.source, marks: current.spec.marks ?? null })),
    plan: (next) => Effect.flatMap(planning, ({ planTo }) => planTo(current.spec, next, masker)),
    diff: (number) =>
      Effect.flatMap(Revisions.find(store, number), ({ spec }) =>
        Effect.map(planning, ({ planBetween }) => planBetween(spec, current.spec, masker)),
      ),
    apply,
    rejected: (how, why) => Effect.sync(() => history.publish([], "rejected", `${how}: not applied: ${why}`)),
    revisions: Effect.sync(store.revisions),
    revision: (number) => Revisions.find(store, number),
    rollback: (number) =>
      Effect.flatMap(Revisions.find(store, number), ({ revision, spec }) => apply(spec, `rollback to revision ${revision}`)),
    shutdown,
    terminated,
  };
  return control;
};
