/**
 * A tree as a table: each unit and each group by its id, and each of its values by the way to it. Two trees are compared in it. Pure.
 */
import type { GroupSpec, MasterSpec, UnitSpec } from "../../unit/UnitSpec.ts";
import type { KeyChange } from "../../protocol/PlanRpc.ts";

export interface Row {
  readonly kind: "unit" | "group";
  readonly id: string;
  /** Null: the root group. */
  readonly group: string | null;
  /** Ids of the groups that it is in, from the root on. */
  readonly path: ReadonlyArray<string>;
  readonly spec: UnitSpec | GroupSpec;
}

/** Without `_tag` and `id`; a group's children are their ids. */
export const fieldsOf = ({ spec }: Row): Readonly<Record<string, unknown>> => {
  const { _tag, id: _id, ...rest } = spec;
  return "children" in rest ? { ...rest, children: rest.children.map((child) => child.id) } : rest;
};

/** Every unit and group, each group before what is in it. */
export const rowsOf = (root: GroupSpec): ReadonlyMap<string, Row> => {
  const rows = new Map<string, Row>();
  const add = (spec: UnitSpec | GroupSpec, path: ReadonlyArray<string>): void => {
    rows.set(spec.id, { kind: spec._tag === "Unit" ? "unit" : "group", id: spec.id, group: path.at(-1) ?? null, path, spec });
    if (spec._tag === "Unit") return;
    const inside = [...path, spec.id];
    for (const child of spec.children) add(child, inside);
  };
  add(root, []);
  return rows;
};

/** How its file was written is for nobody to see, and does not outlive the master. */
export const withoutMarks = ({ marks: _marks, ...spec }: MasterSpec): MasterSpec => spec;

/** What the master itself is told; where the file lies and how it was written is no part of it. */
export const masterFields = ({ marks: _marks, root: _root, source: _source, ...rest }: MasterSpec): Readonly<Record<string, unknown>> =>
  rest;

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/** Equal as data: keys in any order, `undefined` as not there. */
export const same = (one: unknown, other: unknown): boolean => {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => same(item, other[index]));
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one).filter((key) => one[key] !== undefined);
  return (
    keys.length === Object.keys(other).filter((key) => other[key] !== undefined).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
  );
};

/** Each value that differs. Maps are looked into as long as both sides have one; lists are one value. */
export const keyChanges = (from: Plain, to: Plain, above: ReadonlyArray<string> = []): ReadonlyArray<KeyChange> =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key): ReadonlyArray<KeyChange> => {
    const [was, is] = [Object.hasOwn(from, key) ? from[key] : undefined, Object.hasOwn(to, key) ? to[key] : undefined];
    if (same(was, is)) return [];
    const path = [...above, key];
    if (isPlain(was) && isPlain(is)) return keyChanges(was, is, path);
    return [{ path, ...(was === undefined ? {} : { from: was }), ...(is === undefined ? {} : { to: is }) }];
  });

/** The same with these changes. */
export const withChanges = (fields: Plain, changes: ReadonlyArray<KeyChange>): Plain => {
  const changed: Record<string, unknown> = { ...fields };
  const by = Map.groupBy(changes, ({ path }) => path[0]!);
  for (const [key, below] of by) {
    const [first] = below;
    let next: unknown;
    if (first !== undefined && first.path.length === 1) next = first.to;
    else
      next = withChanges(
        (changed[key] ?? {}) as Plain,
        below.map((change) => ({ ...change, path: change.path.slice(1) })),
      );
    if (next === undefined) delete changed[key];
    // Not by assignment: a key may be called __proto__.
    else Object.defineProperty(changed, key, { value: next, enumerable: true, writable: true, configurable: true });
  }
  return changed;
};
