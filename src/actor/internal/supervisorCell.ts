/**
 * A cell that runs children. It never waits: each step reacts to one message of its control lane, and an operation that spans several
 * (start all in order, stop in reverse, restart a group) is kept as data in `op`. So a shutdown or an admin call always gets through.
 */
import type * as Context from "effect/Context";
import * as Backoff from "../Backoff.ts";
import { report } from "../CrashReport.ts";
import type { TreeEventBody } from "../Event.ts";
import * as ExitReason from "../ExitReason.ts";
import { makeWindow, type RestartIntensity, type RestartWindow } from "../RestartIntensity.ts";
import { affected, shouldRestart, type Strategy } from "../Strategy.ts";
import { Cell, Phase, type Ops, type Owner } from "./cell.ts";
import { Children } from "./children.ts";
import { type Child, ChildTimer, type ChildState, type ErasedSpec } from "./child.ts";
import type { System } from "./system.ts";

export interface ErasedSupervisor {
  readonly strategy: Strategy;
  readonly limit: RestartIntensity;
  readonly children: ReadonlyArray<ErasedSpec>;
}

/** Why a supervisor's start failed, with the child that it failed at. */
export interface ChildStartFailure {
  readonly path: ReadonlyArray<string>;
  readonly reason: ExitReason.ExitReason;
}

/** Stops the children from the last down to `from`, then starts those that are wanted from `from` up. */
interface GroupOp {
  from: number;
  stopping: boolean;
  cursor: number;
  /** When the start may begin, in the system's time. */
  notBefore: number;
  timer: ChildTimer | null;
}

const noOps: Ops = {};

export class SupervisorCell extends Cell implements Owner {
  readonly spec: ErasedSupervisor;
  readonly children = new Children();
  /** Set while the start fails: the child that it failed at. */
  failedChild: ChildStartFailure | null = null;
  /** Cells of the spec's own children: their refs survive a restart of this supervisor. */
  private readonly ownCells = new Map<string, Cell>();
  private window: RestartWindow;
  private op: GroupOp | null = null;
  private stopReason: ExitReason.ExitReason | null = null;
  private startFailed = false;
  private nested = false;

  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string, spec: ErasedSupervisor) {
    super(system, context, owner, id);
    this.spec = spec;
    this.window = makeWindow(spec.limit);
  }

  override get ops(): Ops {
    return noOps;
  }

  override runs(): boolean {
    return false;
  }

  // ---- the cell's own life

  override start(): void {
    this.incarnation++;
    this.gone = false;
    this.phase = Phase.Starting;
    this.startFailure = this.stopReason = this.failedChild = null;
    this.startFailed = false;
    this.window = makeWindow(this.spec.limit);
    for (const spec of this.spec.children) {
      let cell = this.ownCells.get(spec.id);
      if (cell === undefined) this.ownCells.set(spec.id, (cell = spec.make(this.system, this.context, this)));
      const child = this.children.add(spec, cell);
      // Nobody is there to be called until it is started by hand.
      if (child.held) cell.retire(ExitReason.noProc);
    }
    this.op = { from: 0, stopping: false, cursor: 0, notBefore: 0, timer: null };
    this.inStart = true;
    this.advance();
    this.inStart = false;
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    if (this.phase === Phase.Down || this.stopReason !== null) return;
    this.beginStop(reason);
  }

  override kill(): void {
    if (this.phase === Phase.Down) return;
    this.stopReason = ExitReason.killed;
    for (const child of this.children.byId.values()) {
      if (child.stopped) continue;
      this.setTimer(child, null);
      child.state = "stopping";
      child.cell.kill();
    }
    this.beginStop(ExitReason.killed);
  }

  override turn(): boolean {
    // One batch a turn: a restart loop, whose each step asks for the next, lets the others and the clock in.
    this.runControls();
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  override retire(reason: ExitReason.ExitReason): void {
    super.retire(reason);
    for (const cell of this.ownCells.values()) cell.retire(reason);
  }

  private beginStop(reason: ExitReason.ExitReason): void {
    this.stopReason = reason;
    this.startFailed = this.phase === Phase.Starting;
    if (!this.startFailed) this.phase = Phase.Stopping;
    this.cancelOp();
    this.op = { from: 0, stopping: true, cursor: this.children.length - 1, notBefore: 0, timer: null };
    this.advance();
  }

  private stopFinished(reason: ExitReason.ExitReason): void {
    this.op = null;
    for (const child of this.children.byId.values()) {
      this.settleStopped(child);
      child.onStarted?.(reason);
      child.onStarted = null;
      if (this.ownCells.get(child.spec.id) !== child.cell) child.cell.retire(ExitReason.noProc);
    }
    this.children.clear();
    this.finish(reason, this.startFailed);
  }

  // ---- news from children

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    this.pushControl({ run: () => this.onStarted(cell, reason) });
  }

  exited(cell: Cell, reason: ExitReason.ExitReason): void {
    this.pushControl({ run: () => this.onExited(cell, reason) });
  }

  private onStarted(cell: Cell, reason: ExitReason.ExitReason | null): void {
    const child = this.children.of(cell);
    if (child === undefined) return;
    if (child.state === "stopping") {
      // It was stopped while it started: its end counts, not its start.
      if (reason !== null) this.onExited(cell, reason);
      return;
    }
    if (child.state !== "starting") return;
    this.setTimer(child, null);
    if (reason === null) this.isUp(child);
    else this.isNotUp(child, reason);
    this.advance();
  }

  private onExited(cell: Cell, reason: ExitReason.ExitReason): void {
    const child = this.children.of(cell);
    if (child === undefined) return;
    const asked = child.state === "stopping";
    this.setTimer(child, null);
    child.state = "down";
    if (child.spec.mailbox === "discard") cell.discardMessages(reason);
    // Who is asked to stop and fails is reported as well; who is killed because it was slow is not.
    if (ExitReason.isAbnormal(reason) && !(asked && reason._tag === "Killed")) {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    if (asked || this.stopReason !== null || this.isDueToStop(child)) this.isStopped(child, reason);
    else if (child.wanted && shouldRestart(child.spec.restart, reason)) this.failed(child, reason);
    else this.isDone(child, reason);
    this.advance();
  }

  /** It died by itself while the group operation was about to stop it: one failure, not two. */
  private isDueToStop(child: Child): boolean {
    const op = this.op;
    return op !== null && op.stopping && child.position >= op.from && child.position <= op.cursor;
  }

  private isUp(child: Child): void {
    child.state = "up";
    child.upSince = this.system.now();
    this.emit({ _tag: "Started", incarnation: child.cell.incarnation }, child);
    child.onStarted?.(null);
    child.onStarted = null;
  }

  private isNotUp(child: Child, reason: ExitReason.ExitReason): void {
    child.state = "down";
    this.emit({ _tag: "StartFailed", reason }, child);
    if (child.onStarted !== null) {
      // Somebody asked for this start and is told; nothing is retried behind his back.
      child.wanted = false;
      const tell = child.onStarted;
      child.onStarted = null;
      child.cell.retire(reason);
      tell(reason);
      return;
    }
    const below = child.cell instanceof SupervisorCell ? child.cell.failedChild : null;
    const failure = below ?? { path: child.cell.path, reason };
    if (this.phase === Phase.Starting && child.spec.onStartFailure === "escalate") {
      this.failedChild = failure;
      this.beginStop(reason);
    } else if (this.stopReason === null) {
      // Nobody asked for it, so nobody is told but by a report.
      report(child.cell.context, { ...failure, incarnation: child.cell.incarnation });
      this.failed(child, reason);
    }
  }

  private isStopped(child: Child, reason: ExitReason.ExitReason): void {
    const willRestart = child.wanted && child.spec.restart !== "temporary" && this.stopReason === null;
    this.emit({ _tag: "Exited", incarnation: child.cell.incarnation, reason, willRestart }, child);
    if (!willRestart) {
      if (this.stopReason === null) child.cell.retire(reason);
      child.wanted = false;
      // Somebody may wait for the start that this stop has cut short.
      const tell = child.onStarted;
      child.onStarted = null;
      tell?.(reason);
      this.removeIfTemporary(child);
    }
    this.settleStopped(child);
  }

  private isDone(child: Child, reason: ExitReason.ExitReason): void {
    child.wanted = false;
    this.emit({ _tag: "Exited", incarnation: child.cell.incarnation, reason, willRestart: false }, child);
    child.cell.retire(reason);
    this.removeIfTemporary(child);
  }

  private settleStopped(child: Child): void {
    const waiting = child.onStopped;
    child.onStopped = null;
    if (waiting !== null) for (const tell of waiting) tell();
  }

  private removeIfTemporary(child: Child): void {
    if (child.spec.restart === "temporary" && !child.spec.retain) this.remove(child);
  }

  // ---- restarts

  private failed(child: Child, reason: ExitReason.ExitReason): void {
    const { backoff, maxAttempts } = child.spec;
    const now = this.system.now();
    const wasUp = child.upSince < 0 ? 0 : now - child.upSince;
    child.upSince = -1;
    if (backoff?.resetAfterMillis !== undefined && wasUp >= backoff.resetAfterMillis) child.attempts = 0;
    const incarnation = child.cell.incarnation;
    if (maxAttempts !== undefined && child.attempts >= maxAttempts) {
      child.wanted = false;
      child.gaveUp = true;
      this.emit({ _tag: "Exited", incarnation, reason, willRestart: false }, child);
      this.emit({ _tag: "GaveUp", attempts: child.attempts }, child);
      child.cell.retire(reason);
      return;
    }
    child.attempts++;
    child.restarts++;
    const { limit, strategy } = this.spec;
    if (!this.window.record(now)) {
      this.emit({ _tag: "Exited", incarnation, reason, willRestart: false }, child);
      const intensity = limit.intensity === "infinity" ? Infinity : limit.intensity;
      this.emit({ _tag: "Escalated", intensity, periodMillis: limit.periodMillis });
      this.beginStop(ExitReason.shutdownWith({ exceeded: limit, child: child.cell.path.join("/"), last: ExitReason.format(reason) }));
      return;
    }
    const delayMillis = backoff === undefined ? 0 : Math.round(Backoff.delay(backoff, child.attempts, Math.random()));
    this.emit({ _tag: "Exited", incarnation, reason, willRestart: true }, child);
    this.emit({ _tag: "Restarting", attempt: child.attempts, delayMillis }, child);
    if (strategy === "one_for_one") this.restartAlone(child, delayMillis);
    else this.restartGroup(affected(strategy, child.position, this.children.length)[0], child, now + delayMillis);
  }

  private restartAlone(child: Child, delayMillis: number): void {
    child.state = "waiting";
    const begin = (): void => {
      if (child.state !== "waiting") return;
      this.setTimer(child, null);
      this.startChild(child);
      this.advance();
    };
    // Even without a delay it is a step of its own: a child that fails at once must not keep a shutdown out.
    if (delayMillis <= 0) this.pushControl({ run: begin });
    else this.setTimer(child, delayMillis, begin);
  }

  private restartGroup(from: number, culprit: Child, notBefore: number): void {
    for (let i = from; i < this.children.length; i++) {
      const child = this.children.at(i);
      if (child === undefined || child === culprit || child.held || child.gaveUp) continue;
      child.wanted = child.spec.restart !== "temporary";
    }
    const before = this.op;
    this.cancelOp();
    this.op = {
      // Those that an operation before this one has started again already stay up.
      from: before === null ? from : Math.min(from, before.stopping ? before.from : before.cursor),
      stopping: true,
      cursor: this.children.length - 1,
      notBefore: before === null ? notBefore : Math.max(notBefore, before.notBefore),
      timer: null,
    };
  }

  // ---- the group operation

  private cancelOp(): void {
    if (this.op !== null && this.op.timer !== null) this.system.timers.cancel(this.op.timer);
    this.op = null;
  }

  /** Takes the operation as far as it goes without waiting. */
  advance(): void {
    if (this.nested) return;
    this.nested = true;
    for (let op = this.op; op !== null; op = this.op) {
      if (!(op.stopping ? this.advanceStop(op) : this.advanceStart(op))) break;
    }
    this.nested = false;
  }

  private advanceStop(op: GroupOp): boolean {
    while (op.cursor >= op.from) {
      const child = this.children.at(op.cursor);
      if (child !== undefined) {
        if (child.state === "waiting") {
          this.setTimer(child, null);
          child.state = "down";
        } else if (child.state !== "down") {
          if (child.state !== "stopping") this.stopChild(child);
          return false;
        }
      }
      op.cursor--;
    }
    if (this.stopReason !== null) {
      this.stopFinished(this.stopReason);
      return false;
    }
    op.stopping = false;
    op.cursor = op.from;
    return true;
  }

  private advanceStart(op: GroupOp): boolean {
    const wait = op.notBefore - this.system.now();
    if (wait > 0) {
      if (op.timer === null) {
        op.timer = new ChildTimer(() =>
          this.pushControl({
            run: () => {
              op.notBefore = 0;
              this.advance();
            },
          }),
        );
        this.system.timers.add(op.timer, wait);
      }
      return false;
    }
    while (op.cursor < this.children.length) {
      const child = this.children.at(op.cursor);
      // One that waits for its backoff alone holds nobody up.
      if (child !== undefined && child.wanted && child.state !== "up" && child.state !== "waiting") {
        if (child.state !== "down") return false;
        this.startChild(child);
        // A start that failed has changed the operation. The next try is a step of its own: it must not keep a shutdown out.
        if (this.op !== op) {
          if (this.stopReason !== null) return true;
          this.pushControl({ run: () => this.advance() });
          return false;
        }
        if ((child.state as ChildState) === "starting") return false;
      }
      op.cursor++;
    }
    this.op = null;
    if (this.phase === Phase.Starting) this.up();
    return false;
  }

  // ---- one child

  startChild(child: Child): void {
    child.state = "starting";
    child.gaveUp = false;
    child.upSince = -1;
    child.cell.gone = false;
    child.cell.start();
    if (child.cell.phase === Phase.Up) {
      this.isUp(child);
    } else if (child.cell.phase === Phase.Down) {
      this.isNotUp(child, child.cell.startFailure ?? ExitReason.killed);
    } else if (child.spec.startTimeoutMillis !== undefined) {
      this.setTimer(child, child.spec.startTimeoutMillis, () => child.cell.kill());
    }
  }

  stopChild(child: Child): void {
    const { shutdown } = child.spec;
    child.state = "stopping";
    this.setTimer(child, null);
    this.emit({ _tag: "Stopping" }, child);
    if (shutdown === "brutal_kill") {
      child.cell.kill();
    } else {
      if (shutdown !== "infinity") this.setTimer(child, shutdown, () => child.cell.kill());
      child.cell.shutdown(ExitReason.shutdown);
    }
  }

  /** A child that is not running stays so. */
  settleDown(child: Child): void {
    this.setTimer(child, null);
    child.state = "down";
    child.gaveUp = false;
    child.cell.retire(ExitReason.noProc);
    this.removeIfTemporary(child);
  }

  remove(child: Child): void {
    if (this.children.of(child.cell) !== child) return;
    this.children.remove(child);
    this.ownCells.delete(child.spec.id);
    child.cell.retire(ExitReason.noProc);
    if (this.op === null) this.children.compact();
  }

  private setTimer(child: Child, millis: number, act: () => void): void;
  private setTimer(child: Child, millis: null): void;
  private setTimer(child: Child, millis: number | null, act?: () => void): void {
    if (child.timer !== null) this.system.timers.cancel(child.timer);
    child.timer = null;
    if (millis === null || act === undefined) return;
    const timer = new ChildTimer(() =>
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

  private emit(event: TreeEventBody, child?: Child): void {
    if (this.system.listeners.size === 0) return;
    this.system.emit({ ...event, path: (child?.cell ?? this).path, at: this.system.wallClock() });
  }
}
