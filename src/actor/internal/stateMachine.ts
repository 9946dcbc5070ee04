/**
 * The engine of a state machine: gen_statem's, on a cell.
 *
 * The mailbox is the cell's own. Events that go ahead of it (inserted ones, retried ones, timeouts of zero) wait here, and a marker in the
 * cell's lane of news asks for a turn for each: so they take their share of the loop like any message, and nothing overtakes them.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import type { Action } from "../StateMachine.ts";
import { UnhandledEvent } from "../StateMachine.ts";
import type { ActorCell } from "./actorCell.ts";
import type { Alias } from "./attachments.ts";
import { Directive } from "./behavior.ts";
import type { Call, Cell } from "./cell.ts";
import { MachineEvent, Step, Transition, type Definition } from "./stateMachineParts.ts";
import { MachineTimers, type TimeoutTimer } from "./stateMachineTimers.ts";

/** In the cell's lane of news: there is something ahead of the mailbox. */
const marker = {};

/** Goes on at once, or in the handler's own fiber when it takes time. */
const andThen = (result: unknown, then: (exit: Exit.Exit<unknown, unknown>) => unknown): unknown => {
  if (!Effect.isEffect(result)) return then(Exit.succeed(result));
  if (Exit.isExit(result)) return then(result);
  return Effect.flatMap(Effect.exit(result as Effect.Effect<unknown, unknown>), (exit) => {
    const next = then(exit);
    return Effect.isEffect(next) ? (next as Effect.Effect<unknown, unknown>) : Effect.succeed(next);
  });
};

/** One incarnation: the state of its cell, and what handlers see as their context. */
export class Machine {
  readonly cell: ActorCell;
  private readonly definition: Definition;
  private readonly timers: MachineTimers;
  private current: string;
  data: unknown;
  /** The transition into the first state, until it was done. */
  private initial: Step | null;
  /** Events ahead of the mailbox; the next one is the last. */
  private queue: Array<MachineEvent> = [];
  /** The oldest one is the first. */
  private postponed: Array<MachineEvent> = [];
  private readonly news: Array<MachineEvent> = [];
  private marked = false;
  private event: MachineEvent | null = null;

  constructor(cell: ActorCell, definition: Definition, initial: Step) {
    this.cell = cell;
    this.definition = definition;
    this.current = initial.to as string;
    this.data = initial.data;
    this.initial = initial;
    this.timers = new MachineTimers(this);
    this.proceed();
  }

  /** A message from the mailbox: nothing is ahead of it. */
  receive(key: string, payload: unknown): unknown {
    return this.handle(new MachineEvent(key, payload, this.cell.deferReply()));
  }

  timedOut(timer: TimeoutTimer): unknown {
    return this.timers.take(timer) ? this.handle(new MachineEvent(timer.key, timer.content, null)) : undefined;
  }

  /** The lane of news: the marker, or news that wait until what is ahead of them was handled. */
  inform(info: unknown): unknown {
    if (info === marker) this.marked = false;
    else this.news.push(new MachineEvent("info", info, null));
    if (this.initial !== null) {
      const { initial } = this;
      this.initial = null;
      return this.follow(new Transition(null, this.current), initial, true);
    }
    const event = this.queue.pop() ?? this.zeroTimeout() ?? this.news.shift();
    return event === undefined ? undefined : this.handle(event);
  }

  private zeroTimeout(): MachineEvent | undefined {
    const timer = this.timers.takeZero();
    return timer && new MachineEvent(timer.key, timer.content, null);
  }

  private handle(event: MachineEvent): unknown {
    this.event = event;
    this.timers.cancel("eventTimeout");
    const handler = this.definition.table[this.current]![event.key];
    if (handler === undefined) throw new UnhandledEvent({ path: this.path, state: this.current, event: event.key });
    return andThen(handler(this.data, event.payload, this), (exit) => {
      const transition = new Transition(event, this.current);
      if (Exit.isSuccess(exit)) return this.follow(transition, exit.value, false);
      if (!this.definition.typedErrors.has(event.key) || !Cause.hasFails(exit.cause) || Cause.hasDies(exit.cause)) return exit;
      this.refuse(event, exit.cause);
      return this.complete(transition);
    });
  }

  /** What a handler has returned: data, replies, the new state, and its enter handler. */
  private follow(transition: Transition, result: unknown, entering: boolean): unknown {
    if (!(result instanceof Step)) return this.complete(transition);
    if (result.data !== undefined) this.data = result.data;
    for (const action of result.actions) this.act(transition, action);
    if (result.kind === "stop") return new Directive("exit", undefined, result.to);
    if (result.kind === "next" && result.to !== this.current) {
      this.current = result.to as string;
      transition.changed = true;
    }
    const enter = entering || transition.changed || result.kind === "repeat" ? this.definition.table[this.current]!["enter"] : undefined;
    if (enter === undefined) return this.complete(transition);
    this.event = null;
    return andThen(enter(this.data, transition.from, this), (exit) => (Exit.isSuccess(exit) ? this.entered(transition, exit.value) : exit));
  }

  private entered(transition: Transition, result: unknown): unknown {
    if (!(result instanceof Step)) return this.complete(transition);
    const { actions, data, kind } = result;
    const wrong = kind === "next" || kind === "repeat" ? kind : actions.find(({ _tag }) => _tag !== "ReplyTo" && _tag !== "Timeout")?._tag;
    if (wrong !== undefined) throw new TypeError(`${this.path.join("/")}: the enter handler of ${this.current} may not use ${wrong}`);
    if (data !== undefined) this.data = data;
    for (const action of actions) this.act(transition, action);
    return kind === "stop" ? new Directive("exit", undefined, result.to) : this.complete(transition);
  }

  private act(transition: Transition, action: Action): void {
    const { event } = transition;
    switch (action._tag) {
      case "Reply":
        return event?.call?.settle(Exit.succeed(action.value));
      case "Fail":
        return event === null ? undefined : this.refuse(event, Cause.fail(action.error));
      case "ReplyTo":
        return (action.to as unknown as Call).settle(Exit.succeed(action.value));
      case "NoReply":
        if (event !== null) event.deferred = true;
        return;
      case "Postpone":
        transition.postpone = true;
        return;
      case "NextEvent":
        transition.nextEvents.push(action);
        return;
      case "Timeout":
        transition.timeouts.push(action);
    }
  }

  private refuse(event: MachineEvent, cause: Cause.Cause<unknown>): void {
    if (event.call !== null) return event.call.settle(Exit.failCause(cause));
    // Nobody waits for the error of a cast, and it must not go unsaid.
    Effect.runForkWith(this.cell.context)(Effect.logWarning(`${this.path.join("/")}: cast ${event.key} failed`, cause));
  }

  /** The order is gen_statem's: the event is postponed, what was postponed comes back, events are inserted ahead, timers are set. */
  private complete(transition: Transition): undefined {
    const { event, nextEvents, timeouts } = transition;
    if (event !== null) {
      if (transition.postpone) this.postponed.push(event);
      else if (event.call !== null && !event.deferred) event.call.settle(Exit.void);
    }
    if (transition.changed) {
      for (const postponed of this.postponed.reverse()) this.queue.push(postponed);
      this.postponed = [];
      this.timers.cancel("stateTimeout");
    }
    for (const { payload, tag } of nextEvents.reverse()) this.queue.push(new MachineEvent(`on.${tag}`, payload, null));
    if (timeouts.length > 0) this.timers.set(timeouts);
    this.event = null;
    this.proceed();
  }

  private proceed(): void {
    if (this.marked) return;
    if (this.initial === null && this.queue.length === 0 && !this.timers.hasZero && this.news.length === 0) return;
    this.marked = true;
    this.cell.pushInfo(marker);
  }

  /** From outside, while no handler runs: no transition, so nothing is entered and no timeout ends. */
  replace(state: string, data: unknown): this {
    this.current = state;
    this.data = data;
    return this;
  }

  get state(): string {
    return this.current;
  }

  get self(): ActorCell {
    return this.cell;
  }

  get path(): ReadonlyArray<string> {
    return this.cell.path;
  }

  get incarnation(): number {
    return this.cell.incarnation;
  }

  get scope(): Scope.Closeable {
    return this.cell.scope;
  }

  deferReply(): Call | null {
    const { event } = this;
    if (event === null || event.call === null) return null;
    event.deferred = true;
    return event.call;
  }

  sendAfter(millis: number, tag: string, payload?: unknown): () => void {
    return this.cell.sendAfter(millis, tag, payload);
  }

  spawn(...args: Parameters<ActorCell["spawn"]>): ActorCell {
    return this.cell.spawn(...args);
  }

  link(target: Cell): void {
    this.cell.link(target);
  }

  unlink(target: Cell): void {
    this.cell.unlink(target);
  }

  alias(tag: string, options?: { readonly once?: boolean }): Alias {
    return this.cell.alias(tag, options);
  }

  monitor(target: Cell): () => void {
    return this.cell.monitor(target);
  }
}
