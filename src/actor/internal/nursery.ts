/**
 * The actors that an incarnation has spawned: they end with it, the last first, before anything else of it is released.
 */
import { report } from "../CrashReport.ts";
import * as ExitReason from "../ExitReason.ts";
import type { ActorCell } from "./actorCell.ts";
import type { Behavior } from "./behavior.ts";
import { type Cell, type Owner, Phase } from "./cell.ts";
import { Timer } from "./timers.ts";

/** Milliseconds that each has to stop before it is killed. */
const stopMillis = 5000;

class Deadline extends Timer {
  private readonly cell: Cell;
  constructor(cell: Cell) {
    super();
    this.cell = cell;
  }
  override fire(): void {
    this.cell.kill();
  }
}

export class Nursery implements Owner {
  private readonly parent: Cell;
  private readonly children = new Set<Cell>();
  private deadline: Deadline | null = null;
  /** Set while all are being stopped: what comes after. */
  private then: (() => void) | null = null;
  /** On the stack just now: its end is seen when the stack is back. */
  private stopping = false;

  constructor(parent: Cell) {
    this.parent = parent;
  }

  get path(): ReadonlyArray<string> {
    return this.parent.path;
  }

  get size(): number {
    return this.children.size;
  }

  spawn(
    make: new (...args: ConstructorParameters<typeof ActorCell>) => ActorCell,
    id: string,
    behavior: Behavior,
    args: unknown,
  ): ActorCell {
    const cell = new make(this.parent.system, this.parent.context, this, id, behavior, args);
    cell.start();
    if (cell.phase === Phase.Down) this.started(cell, cell.startFailure ?? ExitReason.killed);
    else this.children.add(cell);
    return cell;
  }

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    if (reason === null) return;
    if (reason !== ExitReason.ignored) report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    this.gone(cell, reason);
  }

  exited(cell: Cell, reason: ExitReason.ExitReason): void {
    if (ExitReason.isAbnormal(reason) && reason._tag !== "Killed") {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    this.gone(cell, reason);
  }

  private gone(cell: Cell, reason: ExitReason.ExitReason): void {
    this.children.delete(cell);
    cell.retire(reason);
    if (this.then !== null && !this.stopping) this.stopNext();
  }

  /** Stops them one after the other, the last first, then goes on. */
  stopAll(then: () => void): void {
    this.then = then;
    this.stopNext();
  }

  killAll(): void {
    for (const cell of this.children) cell.kill();
  }

  private stopNext(): void {
    const { timers } = this.parent.system;
    if (this.deadline !== null) timers.cancel(this.deadline);
    this.deadline = null;
    const waiting = [...this.children];
    for (let last = waiting.pop(); last !== undefined; last = waiting.pop()) {
      if (!this.children.has(last)) continue;
      this.stopping = true;
      last.shutdown(ExitReason.shutdown);
      this.stopping = false;
      if (!this.children.has(last)) continue;
      // It takes its time: its end goes on with the others.
      this.deadline = new Deadline(last);
      timers.add(this.deadline, stopMillis);
      return;
    }
    const then = this.then!;
    this.then = null;
    then();
  }
}
