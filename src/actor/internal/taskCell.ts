/**
 * A cell that runs one effect as a fiber and ends with it. It takes no messages: its start is done at once, its work begins in a turn of its own.
 */
import * as Cause from "effect/Cause";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import { ActorDown } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import { calledBy } from "./caller.ts";
import { Cell, type Ops, type Owner, Phase } from "./cell.ts";
import type { System } from "./system.ts";
import { Timer } from "./timers.ts";

const noOps: Ops = {};

/** An effect; the services that it needs are in the context that comes with it. */
export type Work = Effect.Effect<unknown, unknown>;

export type TaskExit = Exit.Exit<any, any>;

export class TaskCell extends Cell {
  private work: Work;
  /** Who gets the result; null where nobody does. */
  readonly result: Result | null;
  private fiber: Fiber.Fiber<unknown, unknown> | null = null;
  private begun = false;
  /** Why it was told to end. */
  private ending: ExitReason.ExitReason | null = null;
  private told = false;
  private dismissed = false;
  /** Ended from outside, with nothing to say. */
  wasStopped = false;

  /** `context` is the caller's: the services that the effect needs are there. */
  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string, work: Work, awaited: boolean) {
    super(system, context, owner, id);
    this.work = work;
    this.result = awaited ? new Result(this) : null;
  }

  override get ops(): Ops {
    return noOps;
  }

  override runs(fiber: unknown): boolean {
    return this.fiber !== null && this.fiber === fiber;
  }

  /** Its failure has reached a waiting or linked caller, or it was ended from outside: it is no news to anybody. */
  override get crashIsKnown(): boolean {
    return this.told;
  }

  /** From now on its end is wanted: only what fails in the course of it is news. */
  dismiss(): void {
    this.dismissed = true;
  }

  override start(): void {
    this.incarnation++;
    this.begun = this.told = this.dismissed = false;
    this.ending = null;
    this.inStart = true;
    this.up();
    this.inStart = false;
    this.schedule();
  }

  override adopt(other: Cell): void {
    if (other instanceof TaskCell) this.work = other.work;
  }

  override exitSignal(_: Cell | null, reason: ExitReason.ExitReason): void {
    if (reason._tag === "Normal") return;
    const { incarnation } = this;
    const run = (): void => {
      if (this.incarnation !== incarnation || this.phase === Phase.Down || this.ending !== null) return;
      // The failure is that of who has sent it.
      this.dismiss();
      this.shutdown(reason);
    };
    this.pushControl({ run });
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    if (this.phase === Phase.Down || this.ending !== null) return;
    this.stopWith(reason);
  }

  override kill(): void {
    if (this.phase !== Phase.Down) this.stopWith(ExitReason.killed);
  }

  private stopWith(reason: ExitReason.ExitReason): void {
    this.ending = reason;
    this.phase = Phase.Stopping;
    if (this.fiber === null) this.done(Exit.interrupt());
    else this.fiber.interruptUnsafe();
  }

  override turn(): boolean {
    this.runControls();
    if (this.phase === Phase.Up && !this.begun) this.begin();
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  private begin(): void {
    this.begun = true;
    const fiber = Effect.runForkWith(calledBy(this.context, this))(
      Effect.withFiber((self) => {
        this.fiber = self;
        return Effect.scoped(this.work);
      }),
    );
    const exit = fiber.pollUnsafe();
    if (exit !== undefined) this.done(exit);
    else fiber.addObserver((late) => this.done(late));
  }

  private done(exit: TaskExit): void {
    this.fiber = null;
    const reason = endOf(exit, this.ending);
    const links = this.extras === null ? null : this.extras.links;
    const { result } = this;
    this.told = (result !== null && result.awaited) || (links !== null && links.size > 0) || (this.dismissed && reason === this.ending);
    if (result !== null) {
      const answers =
        Exit.isSuccess(exit) || (reason._tag === "Error" && reason.cause === exit.cause && !Cause.hasInterruptsOnly(exit.cause));
      this.wasStopped = !answers && this.ending !== null;
      // Who hears of the end finds it there.
      result.exit = answers ? exit : Exit.fail(new ActorDown({ path: this.path, reason }));
    }
    this.finish(reason, false);
    this.system.timersChanged();
    if (result === null) return;
    result.letGo();
    result.tell();
  }
}

/** The reason of an end. Pure. */
const endOf = (exit: TaskExit, asked: ExitReason.ExitReason | null): ExitReason.ExitReason => {
  if (asked === null) return Exit.isSuccess(exit) ? ExitReason.normal : ExitReason.fromCause(exit.cause);
  // What fails while it is being shut down is the reason itself; a kill is a kill.
  const failed = asked._tag === "Shutdown" && Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause);
  return failed ? ExitReason.fromCause(exit.cause) : asked;
};

/** The result of a task, which is there when it has ended, however it did. It is what users have as a `Task`. */
export class Result {
  readonly ref: TaskCell;
  exit: TaskExit | null = null;
  private waiters: Set<Waiter> | null = null;
  /** Somebody gets it who does not wait for it here. */
  expected = false;
  /** What holds the task for its caller, as long as it runs. */
  holder: Scope.Closeable | null = null;

  constructor(ref: TaskCell) {
    this.ref = ref;
  }

  get path(): ReadonlyArray<string> {
    return this.ref.path;
  }

  get alive(): boolean {
    return this.exit === null;
  }

  get awaited(): boolean {
    return this.expected || (this.waiters !== null && this.waiters.size > 0);
  }

  /** Takes the end of the task from the ends of its caller's scope: there is nothing to stop any more. */
  letGo(): void {
    if (this.holder !== null) void Scope.closeUnsafe(this.holder, Exit.void);
    this.holder = null;
  }

  /** Tells who waits. */
  tell(): void {
    const { waiters } = this;
    this.waiters = null;
    if (waiters === null) return;
    const { system } = this.ref;
    for (const waiter of waiters) system.timers.cancel(waiter);
    system.timersChanged();
    for (const waiter of waiters) waiter.resume(this.exit);
  }

  /** The exit, or null when the time has run out; after that nothing more is told. */
  within(millis: number | "infinity"): Effect.Effect<TaskExit | null> {
    return Effect.callback<TaskExit | null>((resume) => {
      if (this.exit !== null) return resume(Effect.succeed(this.exit));
      const waiter = new Waiter(this, (exit) => resume(Effect.succeed(exit)));
      (this.waiters ??= new Set()).add(waiter);
      const { system } = this.ref;
      if (millis !== "infinity") system.timers.add(waiter, millis);
      system.timersChanged();
      return Effect.sync(() => this.forget(waiter));
    });
  }

  forget(waiter: Waiter): void {
    this.waiters?.delete(waiter);
    const { system } = this.ref;
    system.timers.cancel(waiter);
    system.timersChanged();
  }
}

/** Somebody who waits for a result. It is its own deadline. */
class Waiter extends Timer {
  private readonly result: Result;
  readonly resume: (exit: TaskExit | null) => void;

  constructor(result: Result, resume: (exit: TaskExit | null) => void) {
    super();
    this.result = result;
    this.resume = resume;
  }

  override fire(): void {
    this.result.forget(this);
    this.resume(null);
  }
}
