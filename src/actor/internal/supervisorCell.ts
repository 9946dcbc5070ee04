/**
 * A cell that runs children. It never waits: each step reacts to one message of its control lane, and an operation that spans several
 * (start all in order, stop in reverse, restart a group) is kept as data in `op`. So a shutdown or an admin call always gets through.
 */
import type * as Context from "effect/Context";
import { report } from "../CrashReport.ts";
import type { ExitDecision } from "../Event.ts";
import * as ExitReason from "../ExitReason.ts";
import { makeWindow, type RestartWindow } from "../RestartIntensity.ts";
import { affected, shouldRestart } from "../Strategy.ts";
import { type Cell, Phase, type Ops, type Owner } from "./cell.ts";
import { type CircuitState, closed } from "../CircuitBreaker.ts";
import { checkAllButIds, duplicateId } from "./check.ts";
import { Circuit } from "./circuit.ts";
import type { Child, ErasedSpec } from "./child.ts";
import { Children } from "./children.ts";
import { GroupRunner } from "./groupRunner.ts";
import { StartPlan, stopPlan } from "./startOrder.ts";
import { type ErasedSupervisor, IntensityExceeded, InvalidSpec } from "./supervisorSpec.ts";
import type { System } from "./system.ts";

/** Why a supervisor's start failed, with the child that it failed at. */
export interface ChildStartFailure {
  readonly path: ReadonlyArray<string>;
  readonly reason: ExitReason.ExitReason;
}

const noOps: Ops = {};

export class SupervisorCell extends GroupRunner implements Owner {
  /** Replaced by a reconfiguration. */
  spec: ErasedSupervisor;
  /** Set while the start fails: the child that it failed at. */
  failedChild: ChildStartFailure | null = null;
  private window: RestartWindow;
  private circuit: Circuit | null = null;
  private startFailed = false;
  /** The spec is another than that which the children's cells were made from. */
  private changed = false;
  /** A significant child has ended during the start. */
  private endsOnceUp = false;
  /** Where a significant child was there when it was last looked for: the next look begins here, so that many that end do not all look at all. */
  private lastSignificant = 0;

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

  /** Supervisors trap exits, and take no note of those that are not their children's. */
  override exitSignal(): void {}

  // ---- the cell's own life

  override start(): void {
    this.incarnation++;
    this.gone = false;
    this.phase = Phase.Starting;
    this.stopReason = this.failedChild = null;
    this.startFailed = this.endsOnceUp = false;
    this.window = makeWindow(this.spec.limit);
    this.circuit = this.makeCircuit();
    this.inStart = true;
    const problem = checkAllButIds(this.spec) ?? this.addChildren(this.spec.children);
    if (problem !== null) {
      this.finish(ExitReason.error(new InvalidSpec({ path: this.path, problem })), true);
      this.inStart = false;
      return;
    }
    const plan = this.spec.startOrder === "parallel" ? new StartPlan(this.spec.children) : null;
    this.op = { from: 0, stopping: false, cursor: 0, notBefore: 0, asked: false, timer: null, plan, culprit: null };
    this.advance();
    this.inStart = false;
  }

  override adopt(other: Cell): void {
    if (!(other instanceof SupervisorCell)) return;
    this.spec = other.spec;
    this.changed = true;
  }

  /** Takes in the children of the spec, with the cells that they had in the last incarnation; says what is wrong when two have one id. */
  private addChildren(specs: ReadonlyArray<ErasedSpec>): string | null {
    const { kept } = this;
    this.kept = null;
    for (const spec of specs) {
      const cell = this.ownCell(spec, kept === null ? undefined : kept.byKey.get(spec.id)?.cell);
      const child = this.children.add(spec.id, spec, cell);
      // Nobody is there to be called until it is started by hand.
      if (child.held) cell.retire(ExitReason.noProc);
    }
    if (kept !== null && this.changed) {
      for (const { cell } of kept.list()) if (this.children.of(cell) === undefined) cell.retire(ExitReason.noProc);
    }
    this.changed = false;
    if (this.children.byKey.size === specs.length) return null;
    this.children.clear();
    return duplicateId(specs);
  }

  /** The cell of a child of the spec, the same in each incarnation; it runs what the spec says now. */
  private ownCell(spec: ErasedSpec, known: Cell | undefined): Cell {
    if (known !== undefined && !this.changed) return known;
    const made = spec.make(this.system, this.context, this);
    if (known === undefined || known.constructor !== made.constructor) return made;
    known.adopt(made);
    return known;
  }

  /** Takes new options while it runs: flags at once, specs of children at their next start, new children when they are started by hand. */
  reconfigure(spec: ErasedSupervisor): void {
    for (const next of spec.children) {
      const cell = next.make(this.system, this.context, this);
      const child = this.children.byKey.get(next.id);
      if (child === undefined) {
        const added = this.children.add(next.id, next, cell);
        added.wanted = false;
        cell.retire(ExitReason.noProc);
      } else {
        child.spec = next;
        child.next = cell;
        this.added.delete(child.cell);
      }
    }
    const ids = spec.children.map(({ id }) => id);
    this.children.arrange(ids);
    // What is left out stays until the next incarnation, as if it had been added by hand.
    const listed = new Set(ids);
    for (const { cell, id } of this.children.list()) if (!listed.has(id)) this.added.add(cell);
    const { limit } = this.spec;
    if (limit.intensity !== spec.limit.intensity || limit.periodMillis !== spec.limit.periodMillis) {
      this.window = makeWindow(spec.limit, this.window);
    }
    this.spec = spec;
    this.changed = true;
  }

  /** The cell of a child; one of its own also while it is down itself. */
  cellOf(id: string): Cell | undefined {
    return (this.children.byKey.get(id) ?? this.kept?.byKey.get(id))?.cell;
  }

  /** Whether its end is decided: nothing is started any more. */
  get ending(): boolean {
    return this.stopReason !== null;
  }

  protected override get stopsAtOnce(): boolean {
    return this.spec.dynamic !== null;
  }

  protected override forgets(child: Child): boolean {
    return this.spec.dynamic !== null || (child.spec.restart === "temporary" && !child.spec.retain);
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    if (this.phase === Phase.Down || this.stopReason !== null) return;
    this.beginStop(reason);
  }

  override kill(): void {
    if (this.phase === Phase.Down) return;
    this.stopReason = ExitReason.killed;
    for (const child of this.children.byKey.values()) {
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
    if (this.kept !== null) for (const { cell } of this.kept.byKey.values()) cell.retire(reason);
  }

  private beginStop(reason: ExitReason.ExitReason): void {
    this.stopReason = reason;
    this.startFailed = this.phase === Phase.Starting;
    if (!this.startFailed) this.phase = Phase.Stopping;
    this.cancelOp();
    this.op = {
      from: 0,
      stopping: true,
      cursor: this.children.length - 1,
      notBefore: 0,
      asked: false,
      timer: null,
      plan: this.spec.stopOrder === "parallel" ? stopPlan(this.children.list().map(({ spec }) => spec)) : null,
      culprit: null,
    };
    this.advance();
  }

  protected override stopFinished(reason: ExitReason.ExitReason): void {
    this.op = null;
    this.circuit?.cancel();
    for (const child of this.children.byKey.values()) {
      this.settleStopped(child);
      child.onStarted?.(reason);
      child.onStarted = null;
      if (this.spec.dynamic === null && !this.added.has(child.cell)) continue;
      child.cell.retire(ExitReason.noProc);
      this.children.remove(child);
    }
    // Their refs are good again with the next incarnation.
    this.kept = this.children;
    this.children = new Children();
    this.added.clear();
    this.finish(reason, this.startFailed);
  }

  get circuitState(): CircuitState {
    return this.circuit === null ? closed : this.circuit.state;
  }

  private makeCircuit(): Circuit | null {
    const { breaker } = this.spec;
    if (breaker === undefined) return null;
    const inTurn = (run: () => void): void => this.pushControl({ run });
    return new Circuit(breaker, this.system, inTurn, ({ _tag }) => {
      if (_tag === "Closed") this.window = makeWindow(this.spec.limit);
      this.emit({ _tag: `Circuit${_tag}` });
    });
  }

  protected override startFinished(): void {
    if (this.phase === Phase.Starting) this.up();
    if (this.endsOnceUp) this.beginStop(ExitReason.shutdown);
  }

  // ---- news from children

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    const { incarnation } = cell;
    // Both may have been stopped and started again before this turn comes: then it is no news of this start.
    this.pushControl({ run: () => (cell.incarnation === incarnation ? this.onStarted(cell, reason) : undefined) });
  }

  exited(cell: Cell, reason: ExitReason.ExitReason): void {
    if (this.stoppingNow === cell) this.endedNow = reason;
    else this.pushControl({ run: () => this.onExited(cell, reason) });
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
    else this.isNotUp(child, this.startReason(child, reason));
    this.settledNow(child);
    this.advance();
  }

  protected override onExited(cell: Cell, reason: ExitReason.ExitReason): void {
    const child = this.children.of(cell);
    if (child === undefined) return;
    const asked = child.state === "stopping";
    this.setTimer(child, null);
    child.state = "down";
    if (child.spec.mailbox === "discard") cell.discardMessages(reason);
    // Who is asked to stop and fails is reported as well; who is killed because it was slow is not.
    if (ExitReason.isAbnormal(reason) && !(asked && reason._tag === "Killed") && !cell.crashIsKnown) {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    if (asked || this.stopReason !== null || this.isDueToStop(child)) this.isStopped(child, reason, asked);
    else if (child.wanted && shouldRestart(child.spec.restart, reason)) this.failed(child, reason);
    else this.isDone(child, reason);
    this.settledNow(child);
    this.advance();
  }

  /** It died by itself while the group operation was about to stop it: one failure, not two. */
  private isDueToStop(child: Child): boolean {
    const op = this.op;
    return op !== null && op.stopping && child.position >= op.from && child.position <= op.cursor;
  }

  protected override isUp(child: Child): void {
    child.state = "up";
    // The clock costs as much as the rest of a start: it is asked where the answer is used.
    if (child.spec.backoff?.resetAfterMillis !== undefined || child.spec.failurePolicy !== undefined) child.upSince = this.system.now();
    if (this.watched) this.emit({ _tag: "Started", incarnation: child.cell.incarnation }, child);
    child.onStarted?.(null);
    child.onStarted = null;
  }

  protected override isNotUp(child: Child, reason: ExitReason.ExitReason): void {
    child.state = "down";
    if (reason === ExitReason.ignored) return this.isIgnored(child);
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
    if (this.stopReason === null && this.phase === Phase.Starting && child.spec.onStartFailure === "escalate") {
      this.failedChild = failure;
      this.beginStop(reason);
    } else {
      // Nobody asked for it, so nobody is told but by a report.
      report(child.cell.context, { ...failure, incarnation: child.cell.incarnation });
      if (this.stopReason === null) this.failed(child, reason);
    }
  }

  /** Its start had nothing to do: neither up nor failed. */
  private isIgnored(child: Child): void {
    child.wanted = false;
    this.emit({ _tag: "Ignored" }, child);
    child.cell.retire(ExitReason.ignored);
    this.removeIfForgotten(child);
    child.onStarted?.(null);
    child.onStarted = null;
  }

  private isStopped(child: Child, reason: ExitReason.ExitReason, asked: boolean): void {
    const restarts = child.wanted && child.spec.restart !== "temporary" && this.stopReason === null;
    this.emitExit(child, reason, asked, restarts ? "restart" : "stay");
    if (!restarts) {
      if (this.stopReason === null) child.cell.retire(reason);
      child.wanted = false;
      // Somebody may wait for the start that this stop has cut short.
      const tell = child.onStarted;
      child.onStarted = null;
      tell?.(reason);
      this.removeIfForgotten(child);
    }
    this.settleStopped(child);
  }

  /** It ended by itself and is not started again. */
  private isDone(child: Child, reason: ExitReason.ExitReason): void {
    child.wanted = false;
    this.emitExit(child, reason, false, "stay");
    child.cell.retire(reason);
    this.removeIfForgotten(child);
    this.endsWith(child);
  }

  /** A child has ended by itself, and for good: so does the supervisor, where that child is significant. */
  private endsWith(child: Child): void {
    const { autoShutdown } = this.spec;
    if (!child.spec.significant || autoShutdown === "never" || (autoShutdown === "all_significant" && this.hasSignificant())) return;
    // A start that is under way is finished first: to have done one's work is not to have failed to start.
    if (this.phase === Phase.Starting) this.endsOnceUp = true;
    else this.beginStop(ExitReason.shutdown);
  }

  /** Whether a significant child is still there, up or about to be. */
  private hasSignificant(): boolean {
    const { length } = this.children;
    for (let n = 0; n < length; n++) {
      const position = (this.lastSignificant + n) % length;
      const child = this.children.at(position);
      if (child === undefined || !child.spec.significant || (child.state === "down" && !child.wanted)) continue;
      this.lastSignificant = position;
      return true;
    }
    return false;
  }

  private emitExit(child: Child, reason: ExitReason.ExitReason, asked: boolean, decision: ExitDecision): void {
    if (this.watched) this.emit({ _tag: "Exited", incarnation: child.cell.incarnation, reason, asked, decision }, child);
  }

  private settleStopped(child: Child): void {
    const waiting = child.onStopped;
    child.onStopped = null;
    if (waiting !== null) for (const tell of waiting) tell();
  }

  // ---- restarts

  private failed(child: Child, reason: ExitReason.ExitReason): void {
    const now = this.system.now();
    const wait = this.waitOf(child, reason, now);
    if (wait === null) {
      child.wanted = false;
      child.gaveUp = true;
      this.emitExit(child, reason, false, "giveUp");
      this.emit({ _tag: "GaveUp", attempts: child.attempts }, child);
      child.cell.retire(reason);
      if (this.spec.dynamic !== null) this.remove(child);
      return this.endsWith(child);
    }
    child.restarts++;
    const { limit, strategy } = this.spec;
    const exceeded = !this.window.record(now);
    const pause = this.circuit === null ? 0 : this.circuit.failed(exceeded, now);
    if (exceeded && this.circuit === null) {
      this.emitExit(child, reason, false, "escalate");
      const intensity = limit.intensity === "infinity" ? Infinity : limit.intensity;
      this.emit({ _tag: "Escalated", intensity, periodMillis: limit.periodMillis });
      const end = ExitReason.shutdownWith(new IntensityExceeded({ ...limit, child: child.cell.path, last: reason }));
      // To its own supervisor it is an end like any other: that it gave up is said here.
      report(this.context, { path: this.path, incarnation: this.incarnation, reason: end });
      this.beginStop(end);
      return;
    }
    const delayMillis = Math.max(pause, wait);
    this.emitExit(child, reason, false, "restart");
    if (this.watched) this.emit({ _tag: "Restarting", attempt: child.attempts, delayMillis }, child);
    if (strategy === "one_for_one") this.restartAlone(child, delayMillis);
    else this.restartGroup(affected(strategy, child.position, this.children.length)[0], child, now + delayMillis);
  }

  private restartAlone(child: Child, delayMillis: number): void {
    child.state = "waiting";
    const begin = (): void => {
      if (child.state !== "waiting" || this.ending) return;
      this.setTimer(child, null);
      this.startChild(child);
      this.advance();
    };
    // Even without a delay it is a step of its own: a child that fails at once must not keep a shutdown out.
    if (delayMillis <= 0) this.pushControl({ run: begin });
    else this.setTimer(child, delayMillis, begin);
  }
}
