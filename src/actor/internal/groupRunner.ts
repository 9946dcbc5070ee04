/**
 * What a supervisor does to several children: stops them in reverse order, starts them in order, one waiting for the other. Such an operation is
 * kept as data, and taken as far as it goes at each step: the supervisor never waits for it.
 */
import type * as ExitReason from "../ExitReason.ts";
import type { Child, ChildState } from "./child.ts";
import { ChildRunner } from "./childRunner.ts";
import type { StartPlan } from "./startOrder.ts";
import { ActTimer } from "./timers.ts";

/** Stops the children from the last down to `from`, then starts those that are wanted from `from` up. */
interface GroupOp {
  from: number;
  stopping: boolean;
  cursor: number;
  /** All have been asked to stop, where they have no order. */
  asked: boolean;
  /** When the start may begin, in the system's time. */
  notBefore: number;
  timer: ActTimer | null;
  /** Set where children start, or stop, at once: who is next, and who is still waited for. */
  plan: StartPlan | null;
  /** Whose failure it is the answer to. */
  culprit: Child | null;
}

export abstract class GroupRunner extends ChildRunner {
  protected op: GroupOp | null = null;
  /** Set when the supervisor itself ends: then what was stopped stays down. */
  protected stopReason: ExitReason.ExitReason | null = null;
  private nested = false;

  /** All children are down, and the supervisor ends. */
  protected abstract stopFinished(reason: ExitReason.ExitReason): void;
  /** All children that are wanted have been started. */
  protected abstract startFinished(): void;
  /** Whether children have no order: all are asked to stop before the first is waited for. */
  protected abstract get stopsAtOnce(): boolean;

  override get busy(): boolean {
    return this.op !== null;
  }

  protected restartGroup(from: number, culprit: Child, notBefore: number): void {
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
      asked: false,
      timer: null,
      plan: null,
      culprit,
    };
  }

  /** Nobody wants the child any more on whose account a group is being restarted: as in OTP, those that are not up yet stay down. */
  endRestartOf(child: Child): void {
    const { op } = this;
    if (op === null || op.culprit !== child || child.state === "up") return;
    if (op.timer !== null) this.system.timers.cancel(op.timer);
    op.timer = null;
    op.notBefore = 0;
    for (let i = op.from; i < this.children.length; i++) {
      const other = this.children.at(i);
      if (other === undefined || !other.wanted) continue;
      if (op.stopping) other.wanted = false;
      if (other.state !== "down") continue;
      other.wanted = false;
      this.settleDown(other);
    }
  }

  protected cancelOp(): void {
    if (this.op !== null && this.op.timer !== null) this.system.timers.cancel(this.op.timer);
    this.op = null;
  }

  /** Takes the operation as far as it goes without waiting. */
  advance(): void {
    if (this.nested) return;
    this.nested = true;
    for (let op = this.op; op !== null; op = this.op) {
      if (!this.step(op, op.plan)) break;
    }
    this.nested = false;
  }

  private step(op: GroupOp, plan: StartPlan | null): boolean {
    if (plan === null) return op.stopping ? this.advanceStop(op) : this.advanceStart(op);
    return op.stopping ? this.stopAtOnce(op, plan) : this.advanceAtOnce(op, plan);
  }

  /** Asks everybody who may stop now. The last part, when all are down, is that of a stop in order. */
  private stopAtOnce(op: GroupOp, plan: StartPlan): boolean {
    for (let id = plan.next(); id !== undefined; id = plan.next()) {
      const child = this.children.byKey.get(id);
      if (child?.state === "waiting") {
        this.setTimer(child, null);
        child.state = "down";
      } else if (child?.state === "up" || child?.state === "starting") this.stopChild(child);
      // A kill has come in between.
      if (this.op !== op) return true;
      if (child === undefined || child.state === "down") plan.settled(id);
      // Thousands of them must not keep others waiting.
      if (this.system.spend()) return this.later();
    }
    if (plan.done) op.plan = null;
    return plan.done;
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
          if (this.op !== op) return true;
          // It has ended on this stack. Thousands of them must not keep others waiting.
          if ((child.state as ChildState) === "down") {
            if (this.system.spend()) return this.later();
            continue;
          }
          // Children that are alike have no order: all are asked before the first is waited for.
          if (!this.stopsAtOnce || this.allAsked(op)) return false;
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

  /** Goes on in a step of its own. */
  private later(): false {
    this.pushControl({ run: () => this.advance() });
    return false;
  }

  /** Asks all children of a dynamic supervisor to stop, once; true, as there is somebody to wait for. */
  private allAsked(op: GroupOp): boolean {
    if (op.asked) return true;
    op.asked = true;
    for (let i = op.cursor; i >= op.from; i--) {
      const child = this.children.at(i);
      if (child !== undefined && (child.state === "up" || child.state === "starting")) this.stopChild(child);
    }
    return true;
  }

  /** Its start, or its stop, has come to an end, one way or the other. */
  protected settledNow(child: Child): void {
    if (this.op !== null && this.op.plan !== null) this.op.plan.settled(child.id);
  }

  private advanceAtOnce(op: GroupOp, plan: StartPlan): boolean {
    for (let id = plan.next(); id !== undefined; id = plan.next()) {
      const child = this.children.byKey.get(id);
      if (child !== undefined && child.wanted && child.state === "down") this.startChild(child);
      // A start that failed has ended the supervisor's own.
      if (this.op !== op) return true;
      if (child === undefined || child.state !== "starting") plan.settled(id);
    }
    if (!plan.done) return false;
    this.op = null;
    this.startFinished();
    return this.op !== null;
  }

  private advanceStart(op: GroupOp): boolean {
    const wait = op.notBefore - this.system.now();
    if (wait > 0) {
      if (op.timer === null) {
        op.timer = new ActTimer(() =>
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
          return this.later();
        }
        if ((child.state as ChildState) === "starting") return false;
      }
      op.cursor++;
    }
    this.op = null;
    this.startFinished();
    return this.op !== null;
  }
}
