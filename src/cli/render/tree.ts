/**
 * The supervision tree in box drawing.
 */
import type { TreeNode, UnitStatus } from "../../protocol/MasterRpc.ts";
import { type Paint, stateStyle } from "./paint.ts";
import { align, clean, count } from "./text.ts";
import { note, uptime } from "./units.ts";

/** What is known of the units beyond the tree itself, for uptimes and notes. */
export interface Details {
  readonly units: ReadonlyMap<string, UnitStatus>;
  readonly now: number;
}

/** A line for each node: its place and name, a supervisor's strategy or a state, and the figures that there are, in columns. */
export const treeLines = (root: TreeNode, paint: Paint, details?: Details): ReadonlyArray<string> => {
  const rows: Array<ReadonlyArray<string>> = [];
  const walk = (node: TreeNode, lead: string, branch: string, below: string): void => {
    rows.push([paint.dim(lead + branch) + name(node, paint), ...cells(node, paint, details)]);
    node.children.forEach((child, index) => {
      const last = index === node.children.length - 1;
      walk(child, lead + below, last ? "└── " : "├── ", last ? "    " : "│   ");
    });
  };
  walk(root, "", "", "");
  return align(rows);
};

/** `treeLines` as a text. */
export const treeText = (root: TreeNode, paint: Paint): string => `${treeLines(root, paint).join("\n")}\n`;

const name = (node: TreeNode, paint: Paint): string => {
  const id = clean(node.id);
  if (node.kind === "supervisor") return paint.bold(id);
  return node.kind === "worker" ? paint.dim(id) : id;
};

const cells = (node: TreeNode, paint: Paint, details: Details | undefined): ReadonlyArray<string> => {
  const pid = node.pid === null ? "" : `pid ${node.pid}`;
  const restarts = node.restarts === 0 ? "" : count(node.restarts, "restart");
  const state = stateStyle(paint, node.state)(clean(node.state));
  if (node.kind === "supervisor") {
    const strategy = paint.cyan(clean(node.strategy ?? "supervisor"));
    return [node.state === "running" ? strategy : `${strategy} ${state}`, pid, ...(details === undefined ? [] : [""]), restarts];
  }
  if (details === undefined) return [state, pid, restarts];
  const unit = node.kind === "unit" ? details.units.get(node.id) : undefined;
  if (unit === undefined) return [state, pid, "", restarts];
  const up = uptime(unit, details.now);
  return [state, pid, up === "" ? "" : `up ${up}`, restarts, paint.dim(note(unit, details.now))];
};
