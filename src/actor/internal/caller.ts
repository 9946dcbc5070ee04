/**
 * Whom an effect runs for: it is in the context of what an actor's handlers and tasks run, so that a task that they start knows its caller.
 */
import * as Context from "effect/Context";
import type { Cell } from "./cell.ts";

/** An incarnation, as the caller of tasks. */
export class Caller {
  readonly cell: Cell;
  readonly incarnation: number;

  constructor(cell: Cell) {
    this.cell = cell;
    this.incarnation = cell.incarnation;
  }

  /** What was forked may run on when its incarnation has ended. */
  get alive(): boolean {
    return this.cell.alive && this.cell.incarnation === this.incarnation;
  }
}

/** Null where neither an actor nor a task runs the effect. */
export const Current = Context.Reference<Caller | null>("hsu/actor/Current", { defaultValue: () => null });

/** Re-exported by Task.ts, where it is documented. */
export const Callers = Context.Reference<ReadonlyArray<ReadonlyArray<string>>>("hsu/actor/Task/Callers", { defaultValue: () => [] });

/** The context of what `cell` runs, where `context` is that of its caller. */
export const calledBy = (context: Context.Context<never>, cell: Cell): Context.Context<never> => {
  const caller = Context.get(context, Current);
  const own = Context.add(context, Current, new Caller(cell));
  return caller === null ? own : Context.add(own, Callers, [caller.cell.path, ...Context.get(context, Callers)]);
};
