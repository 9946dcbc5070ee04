/**
 * A change of the config, carried out on a running master: what a plan says and nothing else, and all of it or nothing.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Schedule from "effect/Schedule";
import * as Semaphore from "effect/Semaphore";
import type { ChildSpec, Supervisor } from "../actor/index.ts";
import { isEmpty, plan, summary } from "../config/plan/Plan.ts";
import { rowsOf } from "../config/plan/Flat.ts";
import { sharing } from "../config/plan/Shared.ts";
import { maskedPlan, secretsIn } from "../config/plan/Masked.ts";
import type { Masking } from "../security/index.ts";
import { ELSEWHERE, isPart, type Part, wholeOf } from "../config/plan/Part.ts";
import { problemOf } from "../config/plan/Shape.ts";
import { ApplyFailed, type Applied, type Plan } from "../protocol/PlanRpc.ts";
import type { MasterStatus } from "../protocol/MasterRpc.ts";
import type { Store } from "../store/index.ts";
import { Demand, emptySlot, type GroupSpec, type MasterSpec, Recovered, type UnitRpcs, type UnitSpec } from "../unit/index.ts";
import type { Control } from "./Control.ts";
import type { Entry } from "./Entry.ts";
import type { History } from "./History.ts";
import type { LiveOrder } from "./LiveOrder.ts";
import type { Outputs } from "../logs/index.ts";
import type { Monitoring } from "./Monitoring.ts";
import { asDone, relimit } from "./Relimit.ts";
import * as Revisions from "./Revisions.ts";
import * as Rolling from "./Rolling.ts";
import { comingUp } from "./ComingUp.ts";
import { inOrder, type Stages, stagesOf } from "./Stages.ts";
import type { GroupAt } from "./Tree.ts";

/** What of a running master a change touches. */
export interface Live {
  readonly current: { spec: MasterSpec };
  readonly entries: Map<string, Entry>;
  readonly order: LiveOrder;
  readonly groupAt: GroupAt;
  readonly tree: {
    readonly mailboxOf: (entry: Entry) => ChildSpec.ChildSpec<UnitRpcs, never>;
    readonly optionsOf: (group: GroupSpec) => Supervisor.Options<never>;
  };
  readonly store: Store;
  readonly history: History;
  readonly outputs: Outputs;
  readonly monitoring: Pick<Monitoring, "hurry">;
  readonly masker: Masking.Masker;
  readonly phase: () => MasterStatus["phase"];
}

export type Commands = Pick<Control["Service"], "start" | "stop" | "restart">;

/** Whether a unit that has a new spec is to run. */
type Wanted = (id: string, spec: UnitSpec) => boolean;

/** Units that are restarted at the same time. */
const atOnce = 10;
const busyMillis = 10_000;

const isHeldDown = ({ store }: Live, id: string): boolean => {
  const memory = store.units.get(id);
  return store.held.has(id) || (memory?.state === "stopped" && memory.reason === Recovered.stoppedByHand);
};

/** As it should be after the change: who runs goes on running, who was stopped by hand stays so, what has failed is tried again. */
const asWanted = (live: Live): Wanted => {
  const up = new Set(Array.from(live.entries).flatMap(([id, { slot }]) => (Demand.phaseOf(slot) === "down" ? [] : [id])));
  const held = new Set([...live.store.units.keys(), ...live.store.held].filter((id) => isHeldDown(live, id)));
  return (id, spec) => up.has(id) || (!held.has(id) && Recovered.startsWithMaster(spec, Recovered.nothing));
};

/** As it was before it. */
const asBefore = ({ entries, store }: Live): Wanted => {
  const up = new Set(
    Array.from(entries).flatMap(([id, { slot }]) =>
      Demand.phaseOf(slot) === "down" && store.units.get(id)?.state !== "backoff" ? [] : [id],
    ),
  );
  return (id) => up.has(id);
};

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Option.getOrElse(Cause.findErrorOption(cause), () => Cause.squash(cause));
  return error instanceof Error ? error.message : String(error);
};

export interface Applier {
  readonly apply: (next: MasterSpec | Part, how: string) => Effect.Effect<Applied, ApplyFailed>;
}

export const make = (live: Live, commands: Commands): Applier => {
  const lock = Semaphore.makeUnsafe(1);
  const { current, entries, groupAt, history, order, store, tree } = live;
  const coming = comingUp(live, commands);
  const unless = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void> => Effect.ignore(effect);

  /** Asks all of them to end, those first that need others. */
  const stopAll = (root: GroupSpec, ids: ReadonlyArray<string>) =>
    Effect.forEach(
      [...inOrder(root, ids)].reverse(),
      (level) => Effect.forEach(level, (id) => unless(commands.stop(id)), { concurrency: "unbounded", discard: true }),
      {
        discard: true,
      },
    );

  const forget = (above: ReadonlyArray<string>, id: string) =>
    Effect.flatMap(groupAt(above), (supervisor) =>
      Effect.andThen(supervisor.terminateChild(id, { hold: true }), supervisor.deleteChild(id)),
    ).pipe(unless);

  const remove = Effect.fnUntraced(function* ({ gone, goneGroups }: Stages, next: MasterSpec) {
    const rows = rowsOf(next.root);
    for (const { id, path } of gone) {
      yield* forget(path, id);
      yield* forget(["mailboxes"], id);
      entries.delete(id);
      if (rows.get(id)?.kind === "unit") continue;
      store.removeUnit(id);
      store.removeSchedule(id);
      store.unhold(id);
    }
    for (const { id, path } of goneGroups) yield* forget(path, id);
  });

  /** From here on everybody sees the new tree. */
  const take = (next: MasterSpec, { fresh }: Stages): void => {
    for (const { id, path, spec } of fresh) {
      const memory = isHeldDown(live, id) ? (store.units.get(id) ?? null) : null;
      const recovered = { ...Recovered.nothing, memory };
      entries.set(id, { spec: spec as UnitSpec, groups: path, slot: emptySlot(), recovered, ref: null, late: true });
    }
    const ordered = Array.from(rowsOf(next.root).values()).flatMap(({ id, kind, spec }) => {
      const entry = kind === "unit" ? entries.get(id) : undefined;
      if (entry === undefined) return [];
      if (entry.spec !== spec || fresh.length > 0) {
        entry.spec = spec as UnitSpec;
        live.outputs.keep(id, entry.spec.logs);
      }
      return [[id, entry] as const];
    });
    entries.clear();
    for (const [id, entry] of ordered) entries.set(id, entry);
    current.spec = next;
    live.monitoring.hurry();
    order.rebuild(next.root);
  };

  const tell = (row: Stages["told"][number]) =>
    Effect.flatMap(groupAt([...row.path, row.id]), (supervisor) =>
      Effect.retry(supervisor.reconfigure(tree.optionsOf(row.spec as GroupSpec)), {
        while: (error) => error._tag === "SupervisorBusy",
        schedule: Schedule.spaced(20),
        times: busyMillis / 20,
      }),
    );

  const install = Effect.fnUntraced(function* ({ fresh, freshGroups, told }: Stages) {
    const mailboxes = yield* groupAt(["mailboxes"]);
    for (const { id } of fresh) {
      const entry = entries.get(id)!;
      entry.ref = yield* mailboxes.startChild(tree.mailboxOf(entry));
    }
    for (const row of told) yield* tell(row);
    for (const { id, path } of freshGroups) yield* Effect.flatMap(groupAt(path), (supervisor) => supervisor.restartChild(id));
  });

  /** Tells those that go on what is new for them. */
  const respec = ({ changed }: Stages) =>
    Effect.forEach(
      changed,
      ({ row, was }) => {
        const { groups, ref, slot, spec } = entries.get(row.id)!;
        if (spec.schedule !== undefined) ref?.cast("Respec");
        const isProcess = spec.kind === "managed" || spec.kind === "integrated";
        if (!isProcess || slot.phase !== "up" || JSON.stringify(was.probes) === JSON.stringify(spec.probes)) return Effect.void;
        return Effect.map(
          Effect.flatMap(groupAt(groups), (supervisor) => supervisor.whichChild(row.id)),
          (child) => child.ref.cast("Respec", undefined),
        );
      },
      { discard: true },
    );

  /** What has come back with another unit has its new spec already. */
  const restart = (id: string, before: unknown, how: "restart" | "cycle") =>
    Effect.suspend(() => {
      const { slot } = entries.get(id)!;
      // Nobody is there, and its next process is the new one.
      if (slot.phase === "down" && slot.sockets !== null) return Effect.void;
      if (slot.phase === "blocked" || (slot.task !== null && slot.task !== before)) return coming.comesUp(id);
      return coming.bringUp(id, slot.phase === "down" ? "start" : how);
    });

  const carryOut = Effect.fnUntraced(function* (next: MasterSpec, change: Plan, wanted: Wanted) {
    const before = current.spec;
    const stages = stagesOf(before, next, change);
    const isOurs = ({ spec }: Stages["gone"][number]): boolean => (spec as UnitSpec).kind !== "unmanaged";
    yield* stopAll(
      before.root,
      [...stages.gone.filter(isOurs), ...stages.disabled].map(({ id }) => id),
    );
    const willRun = new Set([
      ...[...stages.fresh, ...stages.restarted].filter(({ id, spec }) => wanted(id, spec as UnitSpec)).map(({ id }) => id),
      ...stages.enabled.map(({ id }) => id),
    ]);
    const tasks = new Map(stages.restarted.map(({ id }) => [id, entries.get(id)?.slot.task ?? null]));
    yield* remove(stages, next);
    take(next, stages);
    yield* install(stages);
    yield* respec(stages);
    const refused = yield* relimit(live, stages.changed);
    for (const id of refused.keys()) {
      willRun.add(id);
      tasks.set(id, entries.get(id)?.slot.task ?? null);
    }
    order.recheck();
    for (const level of inOrder(next.root, [...willRun])) {
      const [again, anew] = [level.filter((id) => tasks.has(id)), level.filter((id) => !tasks.has(id))];
      yield* Effect.forEach(anew, (id) => coming.bringUp(id, "start"), { concurrency: "unbounded", discard: true });
      // Of several that are alike the others are there meanwhile.
      const rows = Map.groupBy(again, (id) => entries.get(id)!.spec.instanceOf ?? id);
      const inTurn = (ids: ReadonlyArray<string>) =>
        Effect.forEach(Rolling.inTurn(entries, ids), (id) => Rolling.one(entries, id, (how) => restart(id, tasks.get(id), how)), {
          concurrency: Rolling.mostOf(entries, ids),
          discard: true,
        });
      yield* Effect.forEach(rows.values(), inTurn, { concurrency: atOnce, discard: true });
    }
    const late = new Set(stages.fresh.flatMap(({ path }) => path));
    for (const { id } of stages.fresh) entries.get(id)!.late = false;
    // They start with their groups from now on.
    for (const row of rowsOf(next.root).values()) if (row.kind === "group" && late.has(row.id)) yield* tell(row);
    return asDone(change, refused);
  });

  const apply = Effect.fnUntraced(function* (sent: MasterSpec | Part, how: string) {
    const phase = live.phase();
    if (phase !== "running") return yield* new ApplyFailed({ reason: `the master is ${phase}`, left: [] });
    const before = current.spec;
    const given = isPart(sent) ? wholeOf(before, sent) : sent;
    if (given === undefined) return yield* new ApplyFailed({ reason: ELSEWHERE, left: [] });
    const wrong = given === sent ? problemOf(given) : null;
    if (wrong !== null) return yield* new ApplyFailed({ reason: wrong, left: [] });
    const next = sharing(before, given);
    const change = plan(before, next);
    if (isEmpty(change)) {
      current.spec = next;
      return { plan: change, revision: store.revisions().at(-1)?.revision ?? 0 };
    }
    live.masker.learn(secretsIn(next, before));
    const [wanted, was] = [asWanted(live), asBefore(live)];
    history.publish([], "applying", `${how}: ${summary(change)}`);
    const done = yield* Effect.exit(carryOut(next, change, wanted));
    if (Exit.isSuccess(done)) {
      const text = summary(done.value);
      const revision = Revisions.keep(store, next, { at: yield* Clock.currentTimeMillis, how, summary: text });
      history.publish([], "applied", `revision ${revision}: ${text}`);
      return { plan: maskedPlan(done.value, live.masker), revision };
    }
    const reason = reasonOf(done.cause);
    history.publish([], "apply_failed", `${reason}: going back`);
    // Both ways: whatever has been done is undone from the tree that there is now.
    const back = yield* Effect.exit(carryOut(before, plan(current.spec, before), was));
    const left = Exit.isSuccess(back) ? [] : [reasonOf(back.cause)];
    history.publish([], "rolled_back", left.length === 0 ? "all is as it was before" : `not all could be taken back: ${left.join("; ")}`);
    return yield* new ApplyFailed({ reason, left });
  });
  return { apply: (next, how) => lock.withPermit(apply(next, how)) };
};
