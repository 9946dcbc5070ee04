/**
 * A cell that runs a behaviour: one handler at a time, in the loop where it can, as a fiber where it must wait.
 */
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import { UnknownMessage } from "../ActorRef.ts";
import { type ActorDown, MailboxFull } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type { Mailbox, MailboxInfo } from "../Mailbox.ts";
import { Bounds, type Waiter } from "./bounds.ts";
import { Cell, Phase, type Call, type Op, type Ops, type Owner } from "./cell.ts";
import { release } from "./ring.ts";
import { turnBudget, type System } from "./system.ts";
import { Timer } from "./timers.ts";

/** A behaviour with its types erased. */
export interface Behavior {
  readonly name: string;
  /** Absent: without a bound. */
  readonly mailbox: Mailbox | undefined;
  readonly ops: Ops;
  readonly init: (args: any, cell: any) => unknown;
  readonly info: ((state: any, info: any, cell: any) => unknown) | undefined;
  readonly terminate: ((state: any, reason: ExitReason.ExitReason, cell: any) => unknown) | undefined;
}

/** What a handler may return instead of its next state. */
export class Directive {
  readonly kind: "reply" | "noReply" | "exit" | "ignore";
  readonly state: unknown;
  readonly value: unknown;
  constructor(kind: Directive["kind"], state: unknown, value: unknown) {
    this.kind = kind;
    this.state = state;
    this.value = value;
  }
}

const infoOp: Op = { tag: "info", handle: () => undefined, typedError: false };

class DelayedMessage extends Timer {
  readonly send: () => void;
  constructor(send: () => void) {
    super();
    this.send = send;
  }
  override fire(): void {
    this.send();
  }
}

export class ActorCell extends Cell {
  behavior: Behavior;
  args: unknown;
  state: unknown = undefined;
  /** The effect that the cell waits for. */
  private fiber: Fiber.Fiber<unknown, unknown> | null = null;
  /** The call that is being handled. */
  private currentCall: Call | null = null;
  /** Set as soon as the end is decided. */
  private ending: ExitReason.ExitReason | null = null;

  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string, behavior: Behavior, args: unknown) {
    super(system, context, owner, id);
    this.behavior = behavior;
    this.args = args;
  }

  override get ops(): Ops {
    return this.behavior.ops;
  }

  override runs(fiber: unknown): boolean {
    return this.fiber !== null && this.fiber === fiber;
  }

  override start(): void {
    this.incarnation++;
    this.phase = Phase.Starting;
    this.ending = null;
    this.inStart = true;
    let initial: unknown;
    try {
      initial = this.behavior.init(this.args, this);
    } catch (error) {
      this.end(ExitReason.fromCause(Cause.die(error)));
      this.inStart = false;
      return;
    }
    this.initialised(initial);
    this.inStart = false;
  }

  private initialised(initial: unknown): void {
    if (!Effect.isEffect(initial)) return this.ready(initial);
    this.run(initial as Effect.Effect<unknown, unknown>, (exit) => {
      if (this.ending !== null) this.end(this.ending);
      else if (Exit.isFailure(exit)) this.end(ExitReason.fromCause(exit.cause));
      else this.ready(exit.value);
    });
  }

  override adopt(other: Cell): void {
    if (!(other instanceof ActorCell)) return;
    this.behavior = other.behavior;
    this.args = other.args;
  }

  private ready(state: unknown): void {
    if (state instanceof Directive) return this.end(state.kind === "ignore" ? ExitReason.ignored : (state.value as ExitReason.ExitReason));
    this.state = state;
    this.up();
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    if (this.phase === Phase.Down || this.ending !== null) return;
    this.ending = reason;
    if (this.fiber === null) this.end(reason);
    else this.fiber.interruptUnsafe();
  }

  override kill(): void {
    if (this.phase === Phase.Down) return;
    this.ending = ExitReason.killed;
    if (this.extras !== null && this.extras.closing) return;
    if (this.fiber === null) this.end(ExitReason.killed);
    else this.fiber.interruptUnsafe();
  }

  override turn(): boolean {
    this.runControls();
    let budget = turnBudget;
    // A handler, or a caller that its reply resumed, may have put something into the lanes above: it goes first.
    while (this.phase === Phase.Up && this.fiber === null && this.control === null) {
      const infos = this.extras === null ? undefined : this.extras.infos;
      if (infos !== undefined && infos.length > 0) {
        this.handleInfo(infos.shift());
      } else {
        const ring = this.messages;
        if (ring === null) break;
        if (ring.used === 0) {
          this.messages = null;
          release(ring);
          break;
        }
        const { head, slots } = ring;
        const op = slots[head] as Op;
        const payload = slots[head + 1];
        this.currentCall = slots[head + 2] as Call | null;
        ring.shift();
        if (this.behavior.mailbox !== undefined) this.admitWaiters();
        let result: unknown;
        try {
          result = op.handle(this.state, payload, this);
        } catch (error) {
          this.crash(Cause.die(error));
          break;
        }
        this.settle(op, result);
      }
      if (this.system.spend() || --budget === 0) {
        if (this.fiber === null && this.phase === Phase.Up) return true;
      }
    }
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  override push(op: Op, payload: unknown, call: Call | null): void {
    const { mailbox } = this.behavior;
    if (mailbox === undefined || !this.isFull(mailbox)) return super.push(op, payload, call);
    const bounds = this.bounds;
    if (mailbox.overflow === "drop_oldest") {
      this.dropOldest(mailbox);
      super.push(op, payload, call);
    } else if (mailbox.overflow === "suspend" && call !== null) {
      bounds.waiters.add({ op, payload, call, admitted: null });
    } else {
      bounds.dropped++;
      call?.settle(this.full(op, mailbox));
    }
  }

  protected override offer(
    op: Op,
    payload: unknown,
    admitted: (exit: Exit.Exit<void, MailboxFull | ActorDown>) => void,
  ): (() => void) | null {
    const { mailbox } = this.behavior;
    if (mailbox !== undefined && this.isFull(mailbox)) {
      if (mailbox.overflow === "suspend") {
        const waiter: Waiter = { op, payload, call: null, admitted };
        const { waiters } = this.bounds;
        waiters.add(waiter);
        return () => void waiters.delete(waiter);
      }
      if (mailbox.overflow === "fail") {
        admitted(this.full(op, mailbox));
        return null;
      }
    }
    return super.offer(op, payload, admitted);
  }

  private isFull(mailbox: Mailbox): boolean {
    return this.messages !== null && this.messages.length >= mailbox.capacity;
  }

  private full(op: Op, { capacity }: Mailbox): Exit.Exit<never, MailboxFull> {
    return Exit.fail(new MailboxFull({ path: this.path, tag: op.tag, capacity }));
  }

  private dropOldest(mailbox: Mailbox): void {
    const ring = this.messages!;
    const op = ring.slots[ring.head] as Op;
    const call = ring.slots[ring.head + 2] as Call | null;
    ring.shift();
    this.bounds.dropped++;
    call?.settle(this.full(op, mailbox));
  }

  /** There may be room again. */
  private admitWaiters(): void {
    const bounds = this.extras === null ? null : this.extras.bounds;
    const { mailbox } = this.behavior;
    if (bounds === null || mailbox === undefined) return;
    while (bounds.waiters.size > 0 && !this.isFull(mailbox)) {
      const waiter = bounds.next();
      if (waiter === undefined) return;
      super.push(waiter.op, waiter.payload, waiter.call);
      waiter.admitted?.(Exit.void);
    }
  }

  private get bounds(): Bounds {
    return (this.more.bounds ??= new Bounds());
  }

  override get mailbox(): MailboxInfo {
    const bounds = this.extras === null ? null : this.extras.bounds;
    const depth = this.messages === null ? 0 : this.messages.length;
    const capacity = this.behavior.mailbox?.capacity ?? null;
    return { depth, capacity, waiting: bounds === null ? 0 : bounds.waiters.size, dropped: bounds === null ? 0 : bounds.dropped };
  }

  override discardMessages(reason: ExitReason.ExitReason): void {
    super.discardMessages(reason);
    const bounds = this.extras === null ? null : this.extras.bounds;
    if (bounds === null) return;
    // For good, or only what the last incarnation left: then there is room for those that wait.
    if (this.gone) bounds.close(this.path, reason);
    else this.admitWaiters();
  }

  private handleInfo(info: unknown): void {
    let result: unknown;
    try {
      result = this.behavior.info?.(this.state, info, this);
    } catch (error) {
      return this.crash(Cause.die(error));
    }
    this.settle(infoOp, result);
  }

  /** Does what a handler's result says. */
  private settle(op: Op, result: unknown): void {
    if (typeof result !== "object" || result === null) {
      if (result !== undefined) this.state = result;
      if (this.currentCall !== null) this.reply(Exit.void);
    } else if (result instanceof Directive) {
      this.follow(result);
    } else if (Effect.isEffect(result)) {
      this.run(result as Effect.Effect<unknown, unknown>, (exit) => this.settleExit(op, exit));
    } else {
      this.state = result;
      if (this.currentCall !== null) this.reply(Exit.void);
    }
  }

  private follow(directive: Directive): void {
    if (directive.kind === "exit") return this.end(directive.value as ExitReason.ExitReason);
    this.state = directive.state;
    if (directive.kind === "noReply") this.deferReply();
    else if (this.currentCall !== null) this.reply(Exit.succeed(directive.value));
  }

  private settleExit(op: Op, exit: Exit.Exit<unknown, unknown>): void {
    if (this.ending !== null) return this.end(this.ending);
    if (Exit.isSuccess(exit)) return this.settle(op, exit.value);
    if (!op.typedError || !Cause.hasFails(exit.cause) || Cause.hasDies(exit.cause)) return this.crash(exit.cause);
    if (this.currentCall !== null) return this.reply(exit);
    // Nobody waits for the error of a cast, and it must not go unsaid.
    Effect.runForkWith(this.context)(Effect.logWarning(`${this.path.join("/")}: cast ${op.tag} failed`, exit.cause));
  }

  private reply(exit: Exit.Exit<unknown, unknown>): void {
    const call = this.currentCall!;
    this.currentCall = null;
    call.settle(exit);
  }

  private run(effect: Effect.Effect<unknown, unknown>, then: (exit: Exit.Exit<unknown, unknown>) => void): void {
    if (Exit.isExit(effect)) return then(effect);
    const fiber = Effect.runForkWith(this.effectContext)(
      Effect.withFiber((self) => {
        this.fiber = self;
        return effect;
      }),
    );
    const done = (exit: Exit.Exit<unknown, unknown>): void => {
      this.fiber = null;
      then(exit);
    };
    const exit = fiber.pollUnsafe();
    if (exit !== undefined) return done(exit);
    fiber.addObserver((late) => {
      done(late);
      if (this.phase === Phase.Up && this.fiber === null) this.schedule();
    });
  }

  private crash(cause: Cause.Cause<unknown>): void {
    this.end(ExitReason.fromCause(cause));
  }

  /** terminate, then the scope, then the news. */
  private end(reason: ExitReason.ExitReason): void {
    const starting = this.phase === Phase.Starting;
    const wasStopping = this.phase === Phase.Stopping;
    this.ending = reason;
    // The caller hears of it with everybody else, when the end is complete.
    this.deferReply();
    if (starting || wasStopping || reason._tag === "Killed" || this.behavior.terminate === undefined) {
      return this.releaseAll(reason, starting);
    }
    this.phase = Phase.Stopping;
    let result: unknown;
    try {
      result = this.behavior.terminate(this.state, reason, this);
    } catch (error) {
      return this.releaseAll(ExitReason.fromCause(Cause.die(error)), false);
    }
    if (!Effect.isEffect(result)) return this.releaseAll(reason, false);
    this.run(result as Effect.Effect<unknown, unknown>, (exit) => {
      // A kill in between has changed `ending`; a terminate that fails is the reason itself.
      const failed = Exit.isFailure(exit) && this.ending === reason;
      this.releaseAll(failed ? ExitReason.fromCause(exit.cause) : this.ending!, false);
    });
  }

  private releaseAll(reason: ExitReason.ExitReason, starting: boolean): void {
    const scope = this.extras === null ? null : this.extras.scope;
    if (scope === null) return this.ended(reason, starting);
    this.extras!.scope = this.extras!.effectContext = null;
    const release = Scope.closeUnsafe(scope, reason._tag === "Error" ? Exit.failCause(reason.cause) : Exit.void);
    if (release === undefined) return this.ended(reason, starting);
    this.extras!.closing = true;
    if (!starting) this.phase = Phase.Stopping;
    // Not `this.run`: releasing cannot be interrupted, not even by a kill.
    const fiber = Effect.runForkWith(this.context)(release, { uninterruptible: true });
    fiber.addObserver((closed) => {
      this.extras!.closing = false;
      const final = this.ending ?? reason;
      this.ended(Exit.isFailure(closed) && final._tag !== "Killed" ? ExitReason.fromCause(closed.cause) : final, starting);
    });
  }

  private ended(reason: ExitReason.ExitReason, starting: boolean): void {
    this.state = undefined;
    this.finish(reason, starting);
  }

  // What handlers see as their context.

  get self(): this {
    return this;
  }

  get scope(): Scope.Closeable {
    return (this.more.scope ??= Scope.makeUnsafe());
  }

  /** What effects run with: whatever they acquire is the incarnation's. Only an effect can acquire something, so the others never pay for it. */
  private get effectContext(): Context.Context<never> {
    return (this.more.effectContext ??= Context.add(this.context, Scope.Scope, this.scope));
  }

  deferReply(): Call | null {
    const call = this.currentCall;
    this.currentCall = null;
    if (call !== null) this.hold(call);
    return call;
  }

  sendAfter(millis: number, tag: string, payload?: unknown): () => void {
    const op = this.ops[tag];
    if (op === undefined) throw new UnknownMessage({ path: this.path, tag });
    const { incarnation } = this;
    const { timers } = this.system;
    const { releases } = this.more;
    // The next incarnation must not find it in the mailbox: an actor that ticks would tick twice as often after each crash.
    const handle: Op["handle"] = (state, sent, cell) => (this.incarnation === incarnation ? op.handle(state, sent, cell) : undefined);
    const timer = new DelayedMessage(() => {
      releases.delete(cancel);
      this.push({ tag, handle, typedError: op.typedError }, payload, null);
    });
    const cancel = (): void => {
      releases.delete(cancel);
      timers.cancel(timer);
    };
    releases.add(cancel);
    timers.add(timer, millis);
    return cancel;
  }

  monitor(target: Cell): () => void {
    const { releases } = this.more;
    let demonitor = (): void => {};
    const stop = (): void => {
      releases.delete(stop);
      demonitor();
    };
    releases.add(stop);
    // With a dead target the news comes before `addMonitor` returns.
    demonitor = target.addMonitor({
      notify: (cell, reason) => {
        releases.delete(stop);
        this.pushInfo({ _tag: "Down", ref: cell, reason });
      },
    });
    return stop;
  }

  pushInfo(info: unknown): void {
    if (this.phase !== Phase.Up && this.phase !== Phase.Starting) return;
    this.more.infos.push(info);
    this.schedule();
  }
}
