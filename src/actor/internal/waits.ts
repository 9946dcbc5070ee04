/**
 * Who waits for whom, and whether they wait in a circle.
 */
import { ActorCell } from "./actorCell.ts";
import type { Cell } from "./cell.ts";
import { SupervisorCell } from "./supervisorCell.ts";

/** A call that waits for its reply. `from` is null where the caller is none of the actors that were looked at. */
export interface Wait {
  readonly from: ReadonlyArray<string> | null;
  readonly to: ReadonlyArray<string>;
  readonly tag: string;
}

const actorsBelow = (roots: ReadonlyArray<Cell>): Set<ActorCell> => {
  const actors = new Set<ActorCell>();
  const open = [...roots];
  for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
    if (cell instanceof ActorCell) actors.add(cell);
    else if (cell instanceof SupervisorCell) for (const child of cell.children.list()) open.push(child.cell);
  }
  return actors;
};

export const waitsBelow = (roots: ReadonlyArray<Cell>): ReadonlyArray<Wait> => {
  const actors = actorsBelow(roots);
  const byFiber = new Map<unknown, ActorCell>();
  for (const actor of actors) if (actor.fiber !== null) byFiber.set(actor.fiber, actor);
  return [...actors].flatMap((target) =>
    target.pendingCalls().map(({ caller, tag }) => ({ from: byFiber.get(caller)?.path ?? null, to: target.path, tag })),
  );
};

const key = (path: ReadonlyArray<string>): string => JSON.stringify(path);

/** The circles among these, each once and beginning anywhere in it. Pure. */
export const circles = (waits: ReadonlyArray<Wait>): ReadonlyArray<ReadonlyArray<Wait>> => {
  const from = new Map<string, Array<Wait>>();
  for (const wait of waits) {
    if (wait.from === null) continue;
    const known = from.get(key(wait.from));
    if (known === undefined) from.set(key(wait.from), [wait]);
    else known.push(wait);
  }
  const found: Array<ReadonlyArray<Wait>> = [];
  const done = new Set<string>();
  // Depth first, without recursion: a chain of waits may be as long as there are actors.
  for (const start of from.keys()) {
    const trail: Array<Wait> = [];
    const onTrail = new Map<string, number>([[start, 0]]);
    const open: Array<{ readonly at: string; next: number }> = done.has(start) ? [] : [{ at: start, next: 0 }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const wait = from.get(top.at)?.[top.next++];
      if (wait === undefined) {
        done.add(top.at);
        onTrail.delete(top.at);
        open.pop();
        trail.pop();
        continue;
      }
      const to = key(wait.to);
      const since = onTrail.get(to);
      if (since !== undefined) found.push([...trail.slice(since), wait]);
      else if (!done.has(to)) {
        trail.push(wait);
        onTrail.set(to, trail.length);
        open.push({ at: to, next: 0 });
      }
    }
  }
  return found;
};
