/**
 * The cell: what an actor costs while it is idle. It is also its own `ActorRef`; a restart is a new incarnation of the same cell.
 * Two kinds exist: actorCell.ts runs a behaviour, supervisorCell.ts runs children.
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { ActorDown, CallingSelf, CallTimeout, UnknownMessage, type CallOptions, type MailboxFull, type NotEncodable } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type * as Scope from "effect/Scope";
import type { MailboxInfo } from "../Mailbox.ts";
import type { Bounds } from "./bounds.ts";
import type { Nursery } from "./nursery.ts";
import { acquire, type Ring } from "./ring.ts";
import type { Runnable, System } from "./system.ts";
import { Timer } from "./timers.ts";
import { traced, tracing } from "./tracing.ts";

/** Who owns a cell: its supervisor, or the scope or caller that spawned it. */
export interface Owner {
  /** The path of ids down to the owner. */
  readonly path: ReadonlyArray<string>;
  /** An incarnation that could not say so at once is up (`reason` null) or failed to start. */
  started(cell: Cell, reason: ExitReason.ExitReason | null): void;
  /** An incarnation that was up has ended. */
  exited(cell: Cell, reason: ExitReason.ExitReason): void;
}

/** Why a message is not in the mailbox. */
export type Unsent = MailboxFull | ActorDown | NotEncodable;

/** Something for the lanes above the messages; run in the cell's own turn. */
export interface Control {
  run(cell: Cell): void;
  /** A kill: nothing that waits in the lane goes before it. */
  readonly urgent?: true;
}

/** What a cell does with a message, looked up once by the sender. */
export interface Op {
  readonly tag: string;
  readonly handle: (state: unknown, payload: unknown, cell: unknown) => unknown;
  /** Whether the protocol declares an error for it: then a failure is a reply, otherwise a crash. */
  readonly typedError: boolean;
}

export type Ops = Readonly<Record<string, Op | undefined>>;

/** Cell phases. */
export const Phase = {
  /** Has never started, or has ended and may be started again. */
  Down: 0,
  Starting: 1,
  Up: 2,
  Stopping: 3,
  /** Up, but handles no messages. */
  Suspended: 4,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

const defaultCallMillis = 5000;

/** A call that waits for its reply. It is its own deadline timer and, while a handler keeps it for later, a node of the cell's list. */
export class Call extends Timer {
  resume: ((exit: Exit.Exit<any, any>) => void) | null;
  readonly cell: Cell;
  readonly tag: string;
  heldPrev: Call | null = null;
  heldNext: Call | null = null;
  held = false;
  /** The fiber that waits. */
  readonly caller: unknown;
  /** No deadline ends it, and its caller says nothing when it is interrupted: see `watchCaller`. */
  readonly patient: boolean;
  private unwatch: (() => void) | null = null;

  constructor(cell: Cell, tag: string, resume: (exit: Exit.Exit<any, any>) => void, caller: unknown, patient = false) {
    super();
    this.cell = cell;
    this.tag = tag;
    this.resume = resume;
    this.caller = caller;
    this.patient = patient;
  }

  /** Whether somebody waits for its answer. */
  get awaited(): boolean {
    return this.resume !== null && !(this.patient && (this.caller as Fiber.Fiber<unknown, unknown>).pollUnsafe() !== undefined);
  }

  settle(exit: Exit.Exit<any, any>): void {
    const resume = this.resume;
    if (resume === null) return;
    this.resume = null;
    this.cell.system.timers.cancel(this);
    if (this.held) this.cell.unhold(this);
    this.unwatch?.();
    resume(exit);
  }

  abandon(): void {
    this.resume = null;
    this.cell.system.timers.cancel(this);
    this.cell.system.timersChanged();
    if (this.held) this.cell.unhold(this);
  }

  /** For whoever keeps it for long: it ends with its caller. Most calls are answered at once, so that the caller has nothing to clean up. */
  watchCaller(): void {
    if (this.patient && this.unwatch === null)
      this.unwatch = (this.caller as Fiber.Fiber<unknown, unknown>).addObserver(() => this.abandon());
  }

  override fire(): void {
    this.settle(Exit.fail(new CallTimeout({ path: this.cell.path, tag: this.tag })));
  }
}

export interface MonitorEntry {
  notify(cell: Cell, reason: ExitReason.ExitReason): void;
}

/** What few actors need: kept apart so that the others do not pay for it. */
class Extras {
  /** Who watches this incarnation. */
  monitors: Array<MonitorEntry> | null = null;
  /** See `releases`. */
  made: Set<() => void> | null = null;
  /** First of the calls whose reply was put off. */
  heldCalls: Call | null = null;
  /** Of a bounded mailbox. */
  bounds: Bounds | null = null;
  /** What the incarnation's effects acquired. */
  scope: Scope.Closeable | null = null;
  /** The cell's context with that scope in it. */
  effectContext: Context.Context<never> | null = null;
  startFailure: ExitReason.ExitReason | null = null;
  /** The scope is being closed: the end waits for it, whatever comes. */
  closing = false;
  /** The supervision lane: news for the behaviour, ahead of its messages. */
  infos: Array<unknown> | null = null;
  /** Fires when no message has come for a while. */
  idle: Timer | null = null;
  /** Cells whose incarnation is linked with this one. */
  links: Set<Cell> | null = null;
  /** What waits for the start that is under way. */
  whenUp: Array<Control> | null = null;
  /** Actors that it has spawned. */
  nursery: Nursery | null = null;

  /** What this incarnation has to take back when it ends: its own monitors and timers. */
  get releases(): Set<() => void> {
    return (this.made ??= new Set());
  }
}

export abstract class Cell implements Runnable {
  readonly system: System;
  /** The services that effects of this cell run with. */
  readonly context: Context.Context<never>;
  readonly owner: Owner;
  readonly id: string;
  messages: Ring | null = null;
  control: Array<Control> | null = null;
  extras: Extras | null = null;
  phase: Phase = Phase.Down;
  /** In the run queue, or in its turn. */
  queued = false;
  /** Grows by one each start; 0 before the first. */
  incarnation = 0;
  /** Ended for good: messages go nowhere. */
  gone = false;
  /** `start` is on the stack: its caller reads the outcome from the phase. */
  protected inStart = false;

  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string) {
    this.system = system;
    this.context = context;
    this.owner = owner;
    this.id = id;
  }

  abstract get ops(): Ops;
  /** Starts an incarnation. The phase tells the outcome: Up, Starting (the owner will be told), or Down with `startFailure`. */
  abstract start(): void;
  /** Asks it to end, gracefully. */
  abstract shutdown(reason: ExitReason.ExitReason): void;
  /** Ends it now; what it holds is still released. */
  abstract kill(): void;
  /** Runs at its next start what `other` was made to run. */
  abstract adopt(other: Cell): void;
  abstract turn(): boolean;
  /** Whether `fiber` runs on behalf of this cell. */
  abstract runs(fiber: unknown): boolean;
  /** A linked cell has ended (or was not there), or somebody sends what such an end would. */
  abstract exitSignal(from: Cell | null, reason: ExitReason.ExitReason): void;

  /** Whether somebody hears of its crash without a report. */
  get crashIsKnown(): boolean {
    return false;
  }

  /** Why the start that has just been on the stack failed. */
  get startFailure(): ExitReason.ExitReason | null {
    return this.extras === null ? null : this.extras.startFailure;
  }

  get more(): Extras {
    return (this.extras ??= new Extras());
  }

  get path(): ReadonlyArray<string> {
    return [...this.owner.path, this.id];
  }

  get alive(): boolean {
    return this.phase !== Phase.Down;
  }

  cast(tag: string, payload?: unknown): void {
    const op = this.ops[tag];
    if (op === undefined) throw new UnknownMessage({ path: this.path, tag });
    this.push(tracing.on ? traced(op, this, "consumer") : op, payload, null);
  }

  send(tag: string, payload?: unknown): Effect.Effect<void, Unsent> {
    return Effect.callback((resume) => {
      const op = this.ops[tag];
      if (op === undefined) return resume(Exit.die(new UnknownMessage({ path: this.path, tag })));
      if (this.gone) return resume(Exit.fail(new ActorDown({ path: this.path, reason: ExitReason.noProc })));
      const giveUp = this.offer(tracing.on ? traced(op, this, "consumer") : op, payload, resume);
      return giveUp === null ? undefined : Effect.sync(giveUp);
    });
  }

  /** Puts a message into the mailbox and says so; where there is no room for it yet, gives back what takes it away again. */
  protected offer(op: Op, payload: unknown, admitted: (exit: Exit.Exit<void, Unsent>) => void): (() => void) | null {
    this.push(op, payload, null);
    admitted(Exit.void);
    return null;
  }

  get mailbox(): MailboxInfo {
    return { depth: this.messages === null ? 0 : this.messages.length, capacity: null, waiting: 0, dropped: 0 };
  }

  call(tag: string, payload?: unknown, options?: CallOptions): Effect.Effect<any, any> {
    return Effect.callback<any, any>((resume) => {
      const timeout = options?.timeout ?? defaultCallMillis;
      const call = this.request(tag, payload, timeout, resume, timeout === "infinity");
      // What an interrupted caller leaves behind is gone at its deadline. Only where that is far is it worth the price to clean up at once.
      return call !== null && timeout !== "infinity" && timeout > defaultCallMillis ? Effect.sync(() => call.abandon()) : undefined;
    });
  }

  /** Sends a call and says its end once; null when it was settled at once. `patient`: see `Call`. */
  request(
    tag: string,
    payload: unknown,
    timeout: number | "infinity",
    resume: (exit: Exit.Exit<any, any>) => void,
    patient = false,
  ): Call | null {
    const op = this.ops[tag];
    const caller = Fiber.getCurrent();
    const refusal =
      op === undefined
        ? Exit.die(new UnknownMessage({ path: this.path, tag }))
        : this.gone
          ? Exit.fail(new ActorDown({ path: this.path, reason: ExitReason.noProc }))
          : this.runs(caller)
            ? Exit.fail(new CallingSelf({ path: this.path, tag }))
            : null;
    if (op === undefined || refusal !== null) {
      resume(refusal!);
      return null;
    }
    const call = new Call(this, tag, resume, caller, patient);
    if (timeout !== "infinity") this.system.timers.add(call, timeout);
    this.push(tracing.on ? traced(op, this, "server") : op, payload, call);
    return call;
  }

  push(op: Op, payload: unknown, call: Call | null): void {
    if (this.gone) return;
    let ring = this.messages;
    if (ring === null) this.messages = ring = acquire();
    ring.push(op, payload, call);
    if (!this.queued && this.phase === Phase.Up) this.schedule();
  }

  /** Puts something into the lanes above the messages. */
  pushControl(control: Control): void {
    if (this.control === null) this.control = [control];
    else this.control.push(control);
    this.schedule();
  }

  /** Puts a kill ahead of all that waits, also of what is left of the batch that is running. */
  pushUrgent(control: Control & { readonly urgent: true }): void {
    if (this.control === null) this.control = [control];
    else this.control.unshift(control);
    this.schedule();
  }

  /** Runs one batch of the lanes above the messages, or as much of it as the time slice allows. */
  protected runControls(): void {
    const controls = this.control;
    if (controls === null) return;
    this.control = null;
    for (let i = 0; i < controls.length; i++) {
      controls[i]!.run(this);
      const next = this.control as ReadonlyArray<Control> | null;
      const urgent = next !== null && next[0]!.urgent === true;
      if ((this.system.spend() || urgent) && i + 1 < controls.length) {
        const rest = controls.slice(i + 1);
        if (urgent) rest.unshift(next[0]!);
        this.control = rest.concat(urgent ? next.slice(1) : (next ?? []));
        return;
      }
    }
  }

  schedule(): void {
    if (!this.queued) {
      this.queued = true;
      this.system.enqueue(this);
    }
  }

  hold(call: Call): void {
    const extras = this.more;
    call.held = true;
    call.heldNext = extras.heldCalls;
    if (extras.heldCalls !== null) extras.heldCalls.heldPrev = call;
    extras.heldCalls = call;
    call.watchCaller();
  }

  unhold(call: Call): void {
    call.held = false;
    if (call.heldPrev === null) this.extras!.heldCalls = call.heldNext;
    else call.heldPrev.heldNext = call.heldNext;
    if (call.heldNext !== null) call.heldNext.heldPrev = call.heldPrev;
    call.heldPrev = call.heldNext = null;
  }

  addMonitor(entry: MonitorEntry): () => void {
    if (!this.alive) {
      entry.notify(this, ExitReason.noProc);
      return () => {};
    }
    const monitors = (this.more.monitors ??= []);
    monitors.push(entry);
    return () => {
      const at = monitors.indexOf(entry);
      if (at >= 0) monitors.splice(at, 1);
    };
  }

  protected up(): void {
    this.phase = Phase.Up;
    if (!this.inStart) this.owner.started(this, null);
    if (this.extras !== null) this.releaseWaiting(this.extras);
    if (this.messages !== null || this.control !== null) this.schedule();
  }

  private releaseWaiting(extras: Extras): void {
    const waiting = extras.whenUp;
    if (waiting === null) return;
    extras.whenUp = null;
    for (const control of waiting) this.pushControl(control);
  }

  /** The incarnation's end, once nothing of it is left: tells the owner, then who waits or watches. */
  protected finish(reason: ExitReason.ExitReason, starting: boolean): void {
    this.phase = Phase.Down;
    const extras = this.extras;
    let monitors: Array<MonitorEntry> | null = null;
    let links: Set<Cell> | null = null;
    let calls: Call | null = null;
    if (extras !== null) {
      if (extras.made !== null) for (const release of extras.made) release();
      extras.made = extras.infos = null;
      if (extras.idle !== null) this.system.timers.cancel(extras.idle);
      extras.idle = null;
      this.releaseWaiting(extras);
      links = extras.links;
      extras.links = null;
      monitors = extras.monitors;
      extras.monitors = null;
      calls = extras.heldCalls;
      extras.heldCalls = null;
    }
    if (!starting) this.owner.exited(this, reason);
    else if (this.inStart) this.more.startFailure = reason;
    else this.owner.started(this, reason);
    if (links !== null) {
      for (const linked of links) {
        linked.extras?.links?.delete(this);
        linked.exitSignal(this, reason);
      }
    }
    if (monitors !== null) for (const monitor of monitors) monitor.notify(this, reason);
    while (calls !== null) {
      const call: Call = calls;
      calls = call.heldNext;
      call.held = false;
      call.settle(Exit.fail(new ActorDown({ path: this.path, reason })));
    }
  }

  /** Ends the cell for good: who waits in its mailbox is told. */
  retire(reason: ExitReason.ExitReason): void {
    this.gone = true;
    this.discardMessages(reason);
    // There may be no other start: who waits for one finds it gone.
    if (this.extras !== null) this.releaseWaiting(this.extras);
  }

  /** The calls that wait for this cell, wherever they are. */
  pendingCalls(): Array<Call> {
    const calls: Array<Call> = [];
    const { messages: ring } = this;
    if (ring !== null) ring.forEach((_, __, call) => void (call !== null && calls.push(call as Call)));
    for (let held = this.extras === null ? null : this.extras.heldCalls; held !== null; held = held.heldNext) calls.push(held);
    return calls.filter(({ awaited }) => awaited);
  }

  discardMessages(reason: ExitReason.ExitReason): void {
    const ring = this.messages;
    this.messages = null;
    while (ring !== null && ring.used > 0) {
      const call = ring.slots[ring.head + 2] as Call | null;
      ring.shift();
      call?.settle(Exit.fail(new ActorDown({ path: this.path, reason })));
    }
  }
}
