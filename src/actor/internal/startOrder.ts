/**
 * In which order children start: that of their list, but for those that say whom they start `after`. Pure.
 */
import type { ErasedSpec } from "./child.ts";

type Node = Pick<ErasedSpec, "id" | "after">;

/** Whether any child says whom it starts after. */
export const hasOrder = (children: ReadonlyArray<Node>): boolean =>
  Array.isArray(children) && children.some((child) => child?.after !== undefined);

/** Each child behind those that it is after, and otherwise as they are listed. There is no problem with their order. */
export const inStartOrder = <N extends Node>(children: ReadonlyArray<N>): ReadonlyArray<N> => {
  const byId = new Map(children.map((child) => [child?.id, child]));
  if (byId.size < children.length || byId.has(undefined!)) return children;
  const placed = new Set<N>();
  for (const first of children) {
    // A stack of its own: a chain may be longer than the engine's is deep.
    const path = [{ child: first, at: 0 }];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const id = last.child.after?.[last.at++];
      if (id === undefined) placed.add(path.pop()!.child);
      else if (!placed.has(byId.get(id)!)) path.push({ child: byId.get(id)!, at: 0 });
    }
  }
  return [...placed];
};

/** What is wrong with the `after` of these children; null when nothing is. */
export const orderProblem = (children: ReadonlyArray<Node>): string | null => {
  if (!hasOrder(children)) return null;
  const known = new Set(children.map((child) => child?.id));
  // Two with one id, or none at all, are a mistake of their own.
  if (known.size < children.length || known.has(undefined!)) return null;
  for (const child of children) {
    if (child?.after === undefined) continue;
    const name = `child ${JSON.stringify(child.id)}`;
    if (!Array.isArray(child.after)) return `${name}: after is no list of ids`;
    const unknown = child.after.find((id) => !known.has(id));
    if (unknown !== undefined) return `${name}: is after ${JSON.stringify(unknown)}, which is none of its siblings`;
  }
  const plan = new StartPlan(children);
  for (let id = plan.next(); id !== undefined; id = plan.next()) plan.settled(id);
  return plan.done ? null : `these children are after each other: ${circle(children, plan)}`;
};

/** Which children may be started now, when they start at once but for those that are after others. */
export class StartPlan {
  private readonly blocks = new Map<string, Array<string>>();
  private readonly blockers = new Map<string, number>();
  private readonly open = new Set<string>();
  private readonly ready: Array<string> = [];
  private taken = 0;

  constructor(children: ReadonlyArray<Node>) {
    for (const { after, id } of children) {
      this.open.add(id);
      const others = after === undefined ? 0 : new Set(after).size;
      if (others === 0) {
        this.ready.push(id);
        continue;
      }
      this.blockers.set(id, others);
      for (const other of new Set(after)) {
        const waiting = this.blocks.get(other);
        if (waiting === undefined) this.blocks.set(other, [id]);
        else waiting.push(id);
      }
    }
  }

  /** Takes a child that may be started now. */
  next(): string | undefined {
    return this.ready[this.taken] === undefined ? undefined : this.ready[this.taken++];
  }

  /** Its first start has come to an end, or there is none: nobody waits for it any more. */
  settled(id: string): void {
    if (!this.open.delete(id)) return;
    for (const other of this.blocks.get(id) ?? []) {
      const left = this.blockers.get(other)! - 1;
      this.blockers.set(other, left);
      if (left === 0) this.ready.push(other);
    }
  }

  get done(): boolean {
    return this.open.size === 0;
  }

  isOpen(id: string): boolean {
    return this.open.has(id);
  }
}

/** In which order children stop at once: each when those have ended that are after it. They come in the order of their start, the others are no siblings. */
export const stopPlan = (children: ReadonlyArray<Node>): StartPlan => {
  const behind = new Map<string, Array<string>>();
  for (const { after, id } of children) {
    // Only who comes behind: what a reconfiguration has left over may be after each other.
    for (const other of after ?? []) behind.get(other)?.push(id);
    behind.set(id, []);
  }
  return new StartPlan(children.map(({ id }) => ({ id, after: behind.get(id) })).reverse());
};

/** `a → b → a`: a is after b, and b is after a. From what a plan could not place. */
const circle = (children: ReadonlyArray<Node>, plan: StartPlan): string => {
  const byId = new Map(children.map((child) => [child.id, child]));
  const path: Array<string> = [];
  // Each that is left waits for another that is left: who follows these comes back to where he was.
  let id = children.find((child) => plan.isOpen(child.id))!.id;
  while (!path.includes(id)) {
    path.push(id);
    id = byId.get(id)!.after!.find((other) => plan.isOpen(other))!;
  }
  return [...path.slice(path.indexOf(id)), id].map((each) => JSON.stringify(each)).join(" → ");
};
