/**
 * What is another master's, under the name that it has here: `east/web`. Pure.
 */
import { UnitNotFound } from "../protocol/Errors.ts";
import type { TreeNode, UnitStatus } from "../protocol/MasterRpc.ts";
import { above } from "./Reach.ts";

export const named = (peer: string, unit: string): string => `${peer}/${unit}`;

/** The peer and the unit there; undefined of a unit of this master: its id has no slash. */
export const split = (unit: string): { readonly peer: string; readonly unit: string } | undefined => {
  const at = unit.indexOf("/");
  return at === -1 ? undefined : { peer: unit.slice(0, at), unit: unit.slice(at + 1) };
};

/** Whether what has this path is in the group. Groups of another master are called as its units are, `east/front`: its `front` is not ours. */
export const isWithin = (path: ReadonlyArray<string>, group: string): boolean => {
  const [first, peer, ...rest] = path;
  if (first !== above || peer === undefined) return path.includes(group);
  return group === above || group === peer || rest.some((each) => named(peer, each) === group);
};

export const statusAs = (peer: string, status: UnitStatus): UnitStatus => ({
  ...status,
  id: named(peer, status.id),
  groups: [above, peer, ...status.groups],
});

export const treeAs = (peer: string, { children, id, kind, pid, restarts, state, strategy }: TreeNode): TreeNode => ({
  id: kind === "unit" ? named(peer, id) : id,
  kind,
  strategy,
  state,
  pid,
  restarts,
  children: children.map((child) => treeAs(peer, child)),
});

/** The tree with those of other masters below the supervisor of their connections. */
export const withPeers = (own: TreeNode, peers: ReadonlyArray<TreeNode>): TreeNode =>
  Object.assign({}, own, {
    children: own.children.map((child) => (child.id === above ? Object.assign({}, child, { children: peers }) : child)),
  });

/** The same error, about the unit as it is called here. */
export const errorAs = <E>(peer: string, error: E): E => {
  if (error instanceof UnitNotFound) {
    const nearest = error.nearest === null ? null : named(peer, error.nearest);
    return new UnitNotFound({ unit: named(peer, error.unit), nearest }) as E;
  }
  if (typeof error !== "object" || error === null || !("unit" in error) || typeof error.unit !== "string") return error;
  const Same = error.constructor as new (fields: object) => E & object;
  return new Same({ ...error, unit: named(peer, error.unit) });
};
