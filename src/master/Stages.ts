/**
 * What a plan means for the parts of a running master, and in which order. Pure.
 */
import { moves } from "../config/plan/Plan.ts";
import { type Row, rowsOf } from "../config/plan/Flat.ts";
import type { Plan } from "../protocol/PlanRpc.ts";
import { type GroupSpec, type MasterSpec, Order, type UnitSpec } from "../unit/index.ts";

export interface Stages {
  /** Units whose actors go, deepest need last: removed ones, and those that come back as another kind of actor or elsewhere. */
  readonly gone: ReadonlyArray<Row>;
  /** Units that get new actors. */
  readonly fresh: ReadonlyArray<Row>;
  /** Groups whose supervisors go, the inner before the outer. */
  readonly goneGroups: ReadonlyArray<Row>;
  /** Groups whose supervisors are told their new options, the outer before the inner. */
  readonly told: ReadonlyArray<Row>;
  /** New groups in groups that there are already. */
  readonly freshGroups: ReadonlyArray<Row>;
  /** Units that keep their actors, with a process that is another one now. */
  readonly restarted: ReadonlyArray<Row>;
  /** Units that keep their actors and their process; `was`: their old spec. */
  readonly changed: ReadonlyArray<{ readonly row: Row; readonly was: UnitSpec }>;
  /** Enabled and disabled ones. */
  readonly enabled: ReadonlyArray<Row>;
  readonly disabled: ReadonlyArray<Row>;
}

/** A unit that has one of these and had none, or the other way round, has another kind of actor. */
const needsNewActors = (from: UnitSpec, to: UnitSpec): boolean => from !== to && isAnotherActor(from, to);

const isAnotherActor = (from: UnitSpec, to: UnitSpec): boolean =>
  from.kind !== to.kind ||
  (from.schedule === undefined) !== (to.schedule === undefined) ||
  JSON.stringify([from.listen, from.onDemand]) !== JSON.stringify([to.listen, to.onDemand]) ||
  (from.onCall === undefined) !== (to.onCall === undefined) ||
  from.start !== to.start ||
  (from.kind === "unmanaged" && JSON.stringify(from.unmanaged) !== JSON.stringify(to.unmanaged)) ||
  JSON.stringify(from.module) !== JSON.stringify(to.module);

/** What a process is made from is looked at when one is started: its supervisor has nothing to do with it. */
const OF_PROCESS = new Set(["args", "description", "environment", "executable", "workingDirectory"]);
const isOwn = ({ action, keys, kind }: Plan["changes"][number]): boolean =>
  kind === "unit" && (action === "restart" || action === "change") && keys.length > 0 && keys.every(({ path }) => OF_PROCESS.has(path[0]!));

export const stagesOf = (from: MasterSpec, to: MasterSpec, { changes }: Plan): Stages => {
  const [before, after] = [rowsOf(from.root), rowsOf(to.root)];
  const actions = new Map(changes.map((change) => [`${change.action === "remove" ? "-" : "+"}${change.kind} ${change.id}`, change]));
  const isSame = (row: Row, other: Row | undefined): boolean => other !== undefined && other.kind === row.kind && !moves(row, other);
  const unitIn = (row: Row | undefined): UnitSpec | undefined => (row?.kind === "unit" ? (row.spec as UnitSpec) : undefined);
  const stays = (row: Row): boolean => {
    const [was, is] = [before.get(row.id), after.get(row.id)];
    if (was === undefined || is === undefined || !isSame(was, is)) return false;
    const [one, other] = [unitIn(was), unitIn(is)];
    return one === undefined || other === undefined || !needsNewActors(one, other);
  };
  const units = [...after.values()].filter(({ kind }) => kind === "unit");
  const kept = units.filter((row) => stays(row) && actions.has(`+unit ${row.id}`));
  const withAction = (...names: ReadonlyArray<string>): ReadonlyArray<Row> =>
    kept.filter(({ id }) => names.includes(actions.get(`+unit ${id}`)!.action));
  const groups = [...after.values()].filter(({ kind }) => kind === "group");
  const isOrderNew = changes.some(({ keys }) => keys.some(({ path }) => path[0] === "after" || path[0] === "requires"));
  const touched = new Set(
    changes.flatMap((change) => (isOwn(change) ? [] : change.kind === "group" ? [change.id, change.group] : [change.group])),
  );
  return {
    gone: [...before.values()].filter((row) => row.kind === "unit" && !stays(row)),
    fresh: units.filter((row) => !stays(row)),
    goneGroups: [...before.values()].filter((row) => row.kind === "group" && !stays(row)).reverse(),
    told: groups.filter((row) => stays(row) && (isOrderNew || touched.has(row.id))),
    freshGroups: groups.filter((row) => !stays(row) && row.group !== null && stays(after.get(row.group)!)),
    restarted: withAction("restart"),
    changed: withAction("change", "start", "stop").map((row) => ({ row, was: unitIn(before.get(row.id))! })),
    enabled: withAction("start"),
    disabled: withAction("stop"),
  };
};

/** These units so that each comes behind those that it waits for: all of one list may go at the same time. */
export const inOrder = (root: GroupSpec, ids: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const needs = Order.needsOf(root);
  const chosen = new Set(ids);
  const levels = new Map<string, number>();
  const waitsOf = (id: string) => ({ id, others: [...(needs.get(id)?.requires ?? []), ...(needs.get(id)?.after ?? [])], at: 0, level: 0 });
  // A stack of its own: a chain of units may be longer than the engine's is deep.
  const levelOf = (first: string): number => {
    const way = levels.has(first) ? [] : [waitsOf(first)];
    const on = new Set([first]);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const other = last.others[last.at];
      const level = other === undefined ? undefined : levels.get(other);
      if (other === undefined) {
        levels.set(last.id, last.level);
        way.pop();
      } else if (level === undefined && !on.has(other)) {
        on.add(other);
        way.push(waitsOf(other));
      } else {
        // A circle is none that a config can have: it ends here all the same.
        if (level !== undefined) last.level = Math.max(last.level, level + (chosen.has(other) ? 1 : 0));
        last.at++;
      }
    }
    return levels.get(first)!;
  };
  const lists: Array<Array<string>> = [];
  for (const id of ids) (lists[levelOf(id)] ??= []).push(id);
  return lists.filter((list) => list !== undefined);
};
