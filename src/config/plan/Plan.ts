/**
 * What has to be done to a tree so that it becomes another one. Pure: nothing here knows of anything that runs.
 */
import * as Recovered from "../../unit/Recovered.ts";
import type { GroupSpec, MasterSpec, UnitSpec } from "../../unit/UnitSpec.ts";
import type { Action, Change, KeyChange, Plan } from "../../protocol/PlanRpc.ts";
import { fieldsOf, keyChanges, masterFields, type Row, rowsOf, withChanges } from "./Flat.ts";

/** Keys of a unit that a running process need not be replaced for: they hold at once, or from its next start on. */
const IN_PLACE = new Set([
  "after",
  "ageIdentity",
  "description",
  "enabled",
  "instanceOf",
  "limits",
  "logs",
  "maxUnavailable",
  "onCall",
  "probes",
  "reloadSignal",
  "requires",
  "restart",
  "runTimeoutMillis",
  "schedule",
  "startTimeoutMillis",
  "stopSignal",
  "stopTimeoutMillis",
]);

/** Keys of the master that hold at once. */
const MASTER_IN_PLACE = new Set(["forceShutdownTimeoutMillis", "overcommitPercent", "sampling", "watch"]);

type Decision = readonly [action: Action, because: string];

/** What of a unit that is in both. */
const decide = (was: Row, is: Row, keys: ReadonlyArray<KeyChange>): Decision => {
  const [from, to] = [was.spec as UnitSpec, is.spec as UnitSpec];
  if (moves(was, is)) return ["restart", `it moves from ${was.path.join("/")} to ${is.path.join("/")}`];
  if (from.kind !== to.kind) return ["restart", `it was ${from.kind} and is ${to.kind}`];
  // A run goes on to its end as what it is.
  if (from.schedule !== undefined && to.schedule !== undefined && from.enabled === to.enabled) return ["change", "from its next run on"];
  if (to.kind !== "unmanaged") {
    const another = [...new Set(keys.map(({ path }) => path[0]!))].filter((key) => !IN_PLACE.has(key));
    if (Recovered.fingerprint(from) !== Recovered.fingerprint(to)) return ["restart", "it is another process"];
    if (another.length > 0) return ["restart", `${another.join(", ")} of a process cannot be changed while it runs`];
  }
  if (from.enabled !== to.enabled) return to.enabled ? ["start", "it has been enabled"] : ["stop", "it has been disabled"];
  return ["change", to.kind === "unmanaged" ? "it is watched in another way" : "its process goes on"];
};

export const moves = (was: Row, is: Row): boolean =>
  was.path.length !== is.path.length || was.path.some((id, index) => id !== is.path[index]);

const changeOf = (was: Row | undefined, is: Row): ReadonlyArray<Change> => {
  const { group, id, kind } = is;
  if (was === undefined) {
    return [{ action: "add", kind, id, group, keys: keyChanges({}, fieldsOf(is)), because: "it is new" }];
  }
  if (was.spec === is.spec && !moves(was, is)) return [];
  const keys = keyChanges(fieldsOf(was), fieldsOf(is));
  if (keys.length === 0 && !moves(was, is)) return [];
  const [action, because]: Decision =
    kind === "unit"
      ? decide(was, is, keys)
      : moves(was, is)
        ? ["restart", `it moves to ${is.path.join("/")}`]
        : ["change", "its units go on"];
  return [{ action, kind, id, group, keys, because }];
};

/** An id that was a unit and is a group is another thing. */
const sameKind = (rows: ReadonlyMap<string, Row>, { id, kind }: Row): Row | undefined => {
  const found = rows.get(id);
  return found?.kind === kind ? found : undefined;
};

/** The plan that makes `to` of `from`. Empty where they are the same. */
export const plan = (from: MasterSpec, to: MasterSpec): Plan => {
  const [before, after] = [rowsOf(from.root), rowsOf(to.root)];
  const changes: Array<Change> = [];
  const own = keyChanges(masterFields(from), masterFields(to));
  for (const action of ["change", "later"] as const) {
    const keys = own.filter(({ path }) => MASTER_IN_PLACE.has(path[0]!) === (action === "change"));
    const because = action === "change" ? "it holds at once" : "it holds from the next start of the master on: hsu upgrade";
    if (keys.length > 0) changes.push({ action, kind: "master", id: "master", group: null, keys, because });
  }
  let touched = 0;
  let units = 0;
  for (const row of after.values()) {
    const found = changeOf(sameKind(before, row), row);
    changes.push(...found);
    if (row.kind === "unit") {
      units++;
      touched += found.length;
    }
  }
  for (const row of before.values()) {
    if (sameKind(after, row) !== undefined) continue;
    const { group, id, kind } = row;
    changes.push({ action: "remove", kind, id, group, keys: keyChanges(fieldsOf(row), {}), because: "it is not there any more" });
  }
  return { changes, unchanged: units - touched };
};

export const isEmpty = ({ changes }: Plan): boolean => changes.length === 0;

/** The tree after these changes: what {@link plan} says is all that there is to it. */
export const patch = (from: MasterSpec, { changes }: Plan): MasterSpec => {
  const fields = new Map(Array.from(rowsOf(from.root).values(), (row) => [row.id, { kind: row.kind, fields: fieldsOf(row) }]));
  let master = masterFields(from);
  for (const { action, id, keys, kind } of changes) {
    if (kind === "master") master = withChanges(master, keys);
    // An id that is removed as the one kind may have been added as the other.
    else if (action === "remove") {
      if (fields.get(id)?.kind === kind) fields.delete(id);
    } else fields.set(id, { kind, fields: withChanges(action === "add" ? {} : (fields.get(id)?.fields ?? {}), keys) });
  }
  const build = (id: string): UnitSpec | GroupSpec => {
    const { fields: values, kind } = fields.get(id)!;
    if (kind === "unit") return { ...(values as unknown as UnitSpec), _tag: "Unit", id };
    const children = (values["children"] as ReadonlyArray<string>).map(build);
    return { ...(values as unknown as GroupSpec), _tag: "Group", id, children };
  };
  return { source: from.source, ...master, root: build(from.root.id) } as MasterSpec;
};

const WORDS: ReadonlyArray<readonly [Action, string]> = [
  ["add", "added"],
  ["remove", "removed"],
  ["restart", "restarted"],
  ["start", "started"],
  ["stop", "stopped"],
  ["change", "changed in place"],
];

/** In one line, what it does to units; groups and the master only where nothing happens to any unit. */
export const summary = ({ changes, unchanged }: Plan): string => {
  const units = changes.filter(({ kind }) => kind === "unit");
  const counted = WORDS.flatMap(([action, word]) => {
    const number = units.filter((change) => change.action === action).length;
    return number === 0 ? [] : [`${number} ${word}`];
  });
  if (counted.length > 0) return [...counted, `${unchanged} untouched`].join(", ");
  return changes.length === 0 ? "no changes" : "no unit is touched";
};
