/**
 * A cell that runs a behaviour: one handler at a time, in the loop where it can, as a fiber where it must wait.
 */
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as ExitReason from "../ExitReason.ts";
import * as attachments from "./attachments.ts";
import { type Behavior, Continuation, Directive, type IdleTimeout, infoOp } from "./behavior.ts";
import { BoundedCell } from "./boundedCell.ts";
import { Caller, Current } from "./caller.ts";
import { type Call, type Cell, type Op, type Ops, type Owner, Phase } from "./cell.ts";
import { crashed } from "./crash.ts";
import { Nursery } from "./nursery.ts";
import { release } from "./ring.ts";
import { budgetFor, turnBudget, type System } from "./system.ts";

export class ActorCell extends BoundedCell {
  override behavior: Behavior;
  args: unknown;
  state: unknown = undefined;
  /** The effect that the cell waits for. */
  fiber: Fiber.Fiber<unknown, unknown> | null = null;
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
    if (!(state instanceof Directive)) {
      this.state = state;
      return this.up();
    }
    if (state.kind === "ignore") return this.end(ExitReason.ignored);
    if (state.kind === "exit") return this.end(state.value as ExitReason.ExitReason);
    this.ready(state.state);
    if (this.phase === Phase.Up) this.andThen(state);
  }

  override exitSignal(from: Cell | null, reason: ExitReason.ExitReason): void {
    if (this.behavior.trapExit) this.pushInfo({ _tag: "Exit", ref: from, reason });
    else if (reason._tag !== "Normal") {
      const { incarnation } = this;
      this.pushControl({ run: () => (this.incarnation === incarnation ? this.shutdown(reason) : undefined) });
    }
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
    if (this.extras !== null && this.extras.closing) return this.extras.nursery?.killAll();
    if (this.fiber === null) this.end(ExitReason.killed);
    else this.fiber.interruptUnsafe();
  }

  override turn(): boolean {
    this.runControls();
    let budget = this.messages === null ? turnBudget : budgetFor(this.messages.length);
    // A handler, or a caller that its reply resumed, may have put something into the lanes above: it goes first.
    while (this.phase === Phase.Up && this.fiber === null && this.control === null) {
      const { extras } = this;
      let handled = infoOp;
      if (extras !== null && extras.infos !== null && extras.infos.length > 0) {
        this.handleInfo(extras.infos.shift());
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
        handled = op;
        this.currentCall = slots[head + 2] as Call | null;
        ring.shift();
        if (extras !== null && extras.idle !== null) this.cancelIdle();
        if (this.behavior.mailbox !== undefined) this.admitWaiters();
        let result: unknown;
        try {
          result = op.handle(this.state, payload, this);
        } catch (error) {
          this.crash(Cause.die(error), op, payload);
          break;
        }
        this.settle(op, payload, result);
      }
      if (this.system.spend(this, handled) || --budget === 0) {
        if (this.fiber === null && this.phase === Phase.Up) return true;
      }
    }
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  override pendingCalls(): Array<Call> {
    const current = this.currentCall;
    return current === null || !current.awaited ? super.pendingCalls() : [current, ...super.pendingCalls()];
  }

  private handleInfo(info: unknown): void {
    let result: unknown;
    try {
      if (info instanceof Continuation) {
        result = this.behavior.continue!(this.state, info.token, this);
      } else {
        this.cancelIdle();
        result = this.behavior.info?.(this.state, info, this);
      }
    } catch (error) {
      return this.crash(Cause.die(error), infoOp, info);
    }
    this.settle(infoOp, info, result);
  }

  /** Does what a handler's result says. */
  private settle(op: Op, payload: unknown, result: unknown): void {
    if (typeof result !== "object" || result === null) {
      if (result !== undefined) this.state = result;
      if (this.currentCall !== null) this.reply(Exit.void);
    } else if (result instanceof Directive) {
      this.follow(op, payload, result);
    } else if (Effect.isEffect(result)) {
      this.run(result as Effect.Effect<unknown, unknown>, (exit) => this.settleExit(op, payload, exit));
      if (this.system.watch !== null) attachments.watchFiber(this, op, this.fiber, this.system.watch);
    } else {
      this.state = result;
      if (this.currentCall !== null) this.reply(Exit.void);
    }
  }

  private follow(op: Op, payload: unknown, directive: Directive): void {
    switch (directive.kind) {
      case "exit":
        return this.end(directive.value as ExitReason.ExitReason);
      case "continue":
      case "timeout":
        this.settle(op, payload, directive.state);
        if (this.ending === null) this.andThen(directive);
        return;
      case "replyLater":
        this.state = directive.state;
        return attachments.replyLater(this, op, directive.value as Effect.Effect<unknown, unknown>);
      case "noReply":
        this.state = directive.state;
        this.deferReply();
        return;
      default:
        this.state = directive.state;
        if (this.currentCall !== null) this.reply(Exit.succeed(directive.value));
    }
  }

  /** What a handler wants to come next. */
  private andThen({ kind, value }: Directive): void {
    if (kind === "timeout") return attachments.setIdle(this, value as IdleTimeout);
    if (this.behavior.continue === undefined) {
      return this.crash(
        Cause.die(new TypeError(`${this.behavior.name}: a handler returned Actor.continue, and there is no continue handler`)),
      );
    }
    (this.more.infos ??= []).unshift(new Continuation(value));
    this.schedule();
  }

  private cancelIdle(): void {
    const timer = this.extras === null ? null : this.extras.idle;
    if (timer === null) return;
    this.extras!.idle = null;
    this.system.timers.cancel(timer);
  }

  private settleExit(op: Op, payload: unknown, exit: Exit.Exit<unknown, unknown>): void {
    if (this.ending !== null) return this.end(this.ending);
    if (Exit.isSuccess(exit)) return this.settle(op, payload, exit.value);
    if (!attachments.isAnswer(op, exit.cause)) return this.crash(exit.cause, op, payload);
    if (this.currentCall !== null) return this.reply(exit);
    attachments.reportUnheard(this, op, exit.cause);
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
    // A scheduler may have put it off before its first step.
    this.fiber = fiber;
    fiber.addObserver((late) => {
      done(late);
      if (this.phase === Phase.Up && this.fiber === null) this.schedule();
    });
  }

  crash(cause: Cause.Cause<unknown>, op?: Op, payload?: unknown): void {
    const message = op === undefined ? null : { tag: op.tag, payload };
    this.end(crashed(cause, { state: this.state, message, behavior: this.behavior }));
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

  /** What it has spawned ends before anything is released that may be used by it. */
  private releaseAll(reason: ExitReason.ExitReason, starting: boolean): void {
    const nursery = this.extras === null ? null : this.extras.nursery;
    if (nursery === null || nursery.size === 0) return this.releaseScope(reason, starting);
    this.extras!.closing = true;
    if (!starting) this.phase = Phase.Stopping;
    if (reason._tag === "Killed") nursery.killAll();
    nursery.stopAll(() => {
      this.extras!.closing = false;
      this.releaseScope(this.ending ?? reason, starting);
    });
  }

  private releaseScope(reason: ExitReason.ExitReason, starting: boolean): void {
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
    // Spawned by what was being released.
    if (this.extras !== null) this.extras.nursery?.killAll();
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
  get effectContext(): Context.Context<never> {
    return (this.more.effectContext ??= Context.add(Context.add(this.context, Scope.Scope, this.scope), Current, new Caller(this)));
  }

  deferReply(): Call | null {
    const call = this.currentCall;
    this.currentCall = null;
    if (call !== null) this.hold(call);
    return call;
  }

  sendAfter(millis: number, tag: string, payload?: unknown): () => void {
    return attachments.sendAfter(this, millis, tag, payload);
  }

  spawn(actor: { readonly name: string; readonly "~hsu/Actor": unknown }, args: unknown, options?: { readonly id?: string }): ActorCell {
    const nursery = (this.more.nursery ??= new Nursery(this));
    return nursery.spawn(ActorCell, options?.id ?? actor.name, actor["~hsu/Actor"] as Behavior, args);
  }

  alias(tag: string, options?: { readonly once?: boolean }): attachments.Alias {
    return new attachments.Alias(this, tag, options?.once ?? false);
  }

  monitor(target: Cell): () => void {
    return attachments.monitor(this, target);
  }

  link(target: Cell): void {
    attachments.link(this, target);
  }

  unlink(target: Cell): void {
    attachments.unlink(this, target);
  }

  pushInfo(info: unknown): void {
    if (this.phase === Phase.Down || this.phase === Phase.Stopping) return;
    (this.more.infos ??= []).push(info);
    this.schedule();
  }
}
