/**
 * What a supervisor does to one child: start it, stop it within its deadline, forget it. supervisorCell.ts decides when.
 */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Random from "effect/Random";
import * as Backoff from "../Backoff.ts";
import type { FailurePolicy } from "../ChildSpec.ts";
import { report } from "../CrashReport.ts";
import type { TreeEventBody } from "../Event.ts";
import * as ExitReason from "../ExitReason.ts";
import { Cell, Phase } from "./cell.ts";
import type { Child } from "./child.ts";
import { ActTimer } from "./timers.ts";
import { Children } from "./children.ts";

/** A start took longer than its deadline, and was killed. */
class StartTimeout extends Data.TaggedError("StartTimeout")<{ readonly millis: number }> {
  readonly code = "HSU-SUP-007";
  override get message(): string {
    return `not up after ${this.millis} ms`;
  }
}

export abstract class ChildRunner extends Cell {
  children = new Children();
  /** The children of the last incarnation, while there is none. */
  protected kept: Children | null = null;
  /** Cells of children that are not the spec's own: they do not come back with the next incarnation of this supervisor. */
  readonly added = new Set<Cell>();

  /** Children whose start was killed at its deadline: few, so not a field of each. */
  private readonly timedOut = new Set<Child>();

  /** Why a start has failed, with its deadline named where it was that. */
  protected startReason(child: Child, reason: ExitReason.ExitReason): ExitReason.ExitReason {
    const late = this.timedOut.delete(child) && reason._tag === "Killed";
    return late ? ExitReason.error(new StartTimeout({ millis: child.spec.startTimeoutMillis ?? 0 })) : reason;
  }

  protected abstract isUp(child: Child): void;
  protected abstract isNotUp(child: Child, reason: ExitReason.ExitReason): void;
  /** Whether an operation over several children is under way, which holds positions. */
  protected abstract get busy(): boolean;
  /** Whether a child that has ended for good is forgotten. */
  protected abstract forgets(child: Child): boolean;

  startChild(child: Child): void {
    child.state = "starting";
    child.gaveUp = false;
    this.timedOut.delete(child);
    child.upSince = -1;
    const { cell } = child;
    if (child.next !== null) cell.adopt(child.next);
    child.next = null;
    cell.gone = false;
    cell.start();
    if (cell.phase === Phase.Up) this.isUp(child);
    else if (cell.phase === Phase.Down) this.isNotUp(child, cell.startFailure ?? ExitReason.killed);
    else if (child.spec.startTimeoutMillis !== undefined) {
      this.setTimer(child, child.spec.startTimeoutMillis, () => {
        this.timedOut.add(child);
        cell.kill();
      });
    }
  }

  /** Counts a failure; how long the child waits for its next start, and null when it is given up. */
  protected waitOf(child: Child, reason: ExitReason.ExitReason, now: number): number | null {
    const { backoff, failurePolicy, maxAttempts } = child.spec;
    const upMillis = child.upSince < 0 ? 0 : now - child.upSince;
    child.upSince = -1;
    if (failurePolicy !== undefined) {
      const answer = this.ask(failurePolicy, child, { reason, upMillis });
      if (answer !== null) child.attempts = answer.attempt;
      return answer === null ? null : Math.max(0, Math.round(answer.delayMillis));
    }
    if (backoff?.resetAfterMillis !== undefined && upMillis >= backoff.resetAfterMillis) child.attempts = 0;
    if (maxAttempts !== undefined && child.attempts >= maxAttempts) return null;
    child.attempts++;
    if (backoff === undefined) return 0;
    const chance = Context.get(this.context, Random.Random).nextDoubleUnsafe();
    return Math.round(Backoff.delay(backoff, child.attempts, chance));
  }

  private ask(
    policy: FailurePolicy,
    { cell }: Child,
    failure: Parameters<FailurePolicy["failed"]>[0],
  ): ReturnType<FailurePolicy["failed"]> {
    try {
      return policy.failed(failure);
    } catch (error) {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason: ExitReason.error(error) });
      return null;
    }
  }

  stopChild(child: Child): void {
    const { cell, spec } = child;
    child.state = "stopping";
    this.setTimer(child, null);
    if (this.watched) this.emit({ _tag: "Stopping" }, child);
    this.stoppingNow = cell;
    if (spec.shutdown === "brutal_kill") cell.kill();
    else cell.shutdown(ExitReason.shutdown);
    this.stoppingNow = null;
    const reason = this.endedNow;
    this.endedNow = null;
    if (reason !== null) this.onExited(cell, reason);
    else if (typeof spec.shutdown === "number") this.setTimer(child, spec.shutdown, () => cell.kill());
  }

  /** The child that is being stopped on this very stack, and its reason when it has ended there: it need not be told by the lane. */
  protected stoppingNow: Cell | null = null;
  protected endedNow: ExitReason.ExitReason | null = null;
  protected abstract onExited(cell: Cell, reason: ExitReason.ExitReason): void;

  /** A child that is not running stays so. */
  settleDown(child: Child): void {
    this.setTimer(child, null);
    child.state = "down";
    child.gaveUp = false;
    child.cell.retire(ExitReason.noProc);
    // Somebody may wait for a start that its siblings' restart has put off.
    const tell = child.onStarted;
    child.onStarted = null;
    tell?.(ExitReason.shutdown);
    this.removeIfForgotten(child);
  }

  remove(child: Child): void {
    if (this.children.of(child.cell) !== child) return;
    this.children.remove(child);
    this.added.delete(child.cell);
    child.cell.retire(ExitReason.noProc);
    if (!this.busy) this.children.compact();
  }

  protected removeIfForgotten(child: Child): void {
    if (this.forgets(child)) this.remove(child);
  }

  protected setTimer(child: Child, millis: number, act: () => void): void;
  protected setTimer(child: Child, millis: null): void;
  protected setTimer(child: Child, millis: number | null, act?: () => void): void {
    if (child.timer !== null) this.system.timers.cancel(child.timer);
    child.timer = null;
    if (millis === null || act === undefined) return;
    const timer = new ActTimer(() =>
      this.pushControl({
        run: () => {
          // What came ahead of it in the lane may have made it void.
          if (child.timer !== timer) return;
          child.timer = null;
          act();
        },
      }),
    );
    child.timer = timer;
    this.system.timers.add(timer, millis);
  }

  /** Whether anybody listens to what happens here. */
  protected get watched(): boolean {
    return this.system.listeners.size > 0;
  }

  protected emit(event: TreeEventBody, child?: Child): void {
    if (this.system.listeners.size === 0) return;
    this.system.emit({ ...event, path: (child?.cell ?? this).path, at: this.system.wallClock() });
  }
}
