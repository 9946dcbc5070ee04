/**
 * The loop that runs cells. One system per clock: programs on the real clock share one, each TestClock has its own.
 *
 * Cells with work wait in a run queue that is drained in a microtask. After a time slice the drain goes on in a macrotask,
 * so that timers and I/O run however busy the actors are.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import type { TreeEvent } from "../Event.ts";
import type { Op } from "./cell.ts";
import { Timers, type Alarm } from "./timers.ts";
import { noticeTracer } from "./tracing.ts";

/** Anything that the loop gives turns to. */
export interface Runnable {
  /** Handles messages while `system.credit` lasts; true when there is more to do. */
  turn(): boolean;
}

/** Hears how long a handler took. */
export type HandlerWatch = (runnable: Runnable, op: Op, millis: number) => void;

/** Messages an actor may handle in one turn before the next actor has its turn. */
export const turnBudget = 256;
const longestTurn = 4096;

/** A flooded actor gets longer turns, up to a point: its mailbox would grow until it is the slowest thing of all. */
export const budgetFor = (waiting: number): number => (waiting <= turnBudget ? turnBudget : waiting < longestTurn ? waiting : longestTurn);
const sliceMillis = 4;
/** The clock is read about this often in between. */
const checkMillis = 0.5;
/** What a message costs is not known before it was handled: this many that come as a surprise may go by unseen. */
const maxCredit = 32;

const macrotasks = (): ((run: () => void) => void) => {
  if (typeof setImmediate === "function") return (run) => void setImmediate(run);
  // Browsers: a message to oneself. One channel for all, as they are not collected while they are open.
  const { port1, port2 } = new MessageChannel();
  const waiting: Array<() => void> = [];
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return (run) => {
    waiting.push(run);
    port2.postMessage(0);
  };
};
export const nextMacrotask: (run: () => void) => void = macrotasks();

export class System {
  readonly timers: Timers;
  /** Listeners to the life of all trees of this system. */
  readonly listeners = new Set<(event: TreeEvent) => void>();
  /** Messages that may still be handled before the clock is looked at. */
  private credit = maxCredit;
  /** The time slice is used up: the drain goes on in a macrotask. */
  private expired = false;
  /** One slice is shared by all drains up to the next macrotask, so that a chain of microtasks does not get around it. */
  private sliceOpen = false;
  /** Wall-clock milliseconds of this system's clock. */
  readonly wallClock: () => number;
  /** Milliseconds that never jump. */
  readonly now: () => number;

  private queue: Array<Runnable | undefined> = [];
  private head = 0;
  private draining = false;
  private drains = 0;
  private sliceStart = 0;
  private lastCheck = 0;
  private lastCredit = maxCredit;
  private readonly syncAlarm: () => void;

  constructor(clock: Clock.Clock, real: boolean) {
    this.wallClock = () => clock.currentTimeMillisUnsafe();
    this.now = real ? () => performance.now() : this.wallClock;
    const wake = (): void => {
      this.timers.wake();
      // It may have set the alarm anew for timers that nobody waits for any more.
      this.timersChanged();
    };
    const alarm = real ? realAlarm(this.now, wake) : clockAlarm(clock, this.now, wake);
    this.timers = new Timers(alarm);
    this.syncAlarm = real ? () => (alarm as RealAlarm).keepAlive(this.timers.size > 0) : () => {};
  }

  /** How often the actors have begun to work: where it stays the same, and `idle` is true, nobody has done anything in between. */
  get activity(): number {
    return this.drains;
  }

  /** No actor has anything to do. */
  get idle(): boolean {
    return !this.draining;
  }

  /** Gives `runnable` a turn. With {@link spend} all that another system has to replace. */
  enqueue(runnable: Runnable): void {
    this.queue.push(runnable);
    if (!this.draining) {
      this.draining = true;
      queueMicrotask(this.start);
    }
  }

  emit(event: TreeEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        // The loop of all actors must not end with it, and it must not go unsaid.
        Effect.runFork(Effect.logError("a listener to the events of a tree threw", Cause.die(error)));
      }
    }
  }

  /** Told of each handler with its milliseconds, while somebody wants to know: then the clock is read after each. */
  get watch(): HandlerWatch | null {
    return this.handlerWatch;
  }

  set watch(watch: HandlerWatch | null) {
    this.handlerWatch = watch;
    this.credit = this.lastCredit = 1;
  }

  private handlerWatch: HandlerWatch | null = null;

  /** Counts a message, or another step; true when the time slice is used up. */
  spend(runnable?: Runnable, op?: Op): boolean {
    return --this.credit <= 0 && this.checkpoint(runnable, op);
  }

  /** Timers were set or cancelled where no turn was: at the end of a drain it is seen anyway whether the process has to live for them. */
  timersChanged(): void {
    if (!this.draining) this.syncAlarm();
  }

  private checkpoint(runnable?: Runnable, op?: Op): boolean {
    const now = performance.now();
    const spent = now - this.lastCheck;
    this.lastCheck = now;
    if (this.handlerWatch !== null) {
      if (runnable !== undefined && op !== undefined) this.handlerWatch(runnable, op, spent);
      this.credit = 1;
      return (this.expired = now - this.sliceStart > sliceMillis);
    }
    // The clock is read after each handler that takes a millisecond, and seldom enough for cheap ones not to notice.
    const next = spent <= 0 ? maxCredit : Math.floor((this.lastCredit * checkMillis) / spent);
    this.credit = this.lastCredit = next < 1 ? 1 : next > maxCredit ? maxCredit : next;
    return (this.expired = now - this.sliceStart > sliceMillis);
  }

  /** All in one: a stack trace of what a handler throws costs by the frame. */
  private readonly start = (): void => {
    const now = performance.now();
    this.lastCheck = now;
    if (!this.sliceOpen) {
      this.sliceOpen = true;
      this.sliceStart = now;
      nextMacrotask(this.endSlice);
    } else if (now - this.sliceStart > sliceMillis) {
      this.expired = true;
      return;
    }
    this.expired = false;
    this.drains++;
    for (;;) {
      const runnable = this.queue[this.head];
      if (runnable === undefined) break;
      this.queue[this.head++] = undefined;
      if (this.head > 4096 && this.head * 2 > this.queue.length) {
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      if (runnable.turn()) this.queue.push(runnable);
      // The macrotask that ends the slice goes on with the drain.
      if (this.expired || this.spend()) return;
    }
    this.queue.length = 0;
    this.head = 0;
    this.draining = false;
    this.syncAlarm();
  };

  /** A macrotask: timers and I/O have had their turn. */
  private readonly endSlice = (): void => {
    this.sliceOpen = false;
    if (this.expired) this.start();
  };
}

/** An alarm on the real clock. It keeps the process alive only while a timer is set. */
interface RealAlarm extends Alarm {
  keepAlive(on: boolean): void;
}

const realAlarm = (now: () => number, wake: () => void): RealAlarm => {
  let handle: ReturnType<typeof setTimeout> | undefined;
  let alive = true;
  // A longer wait than setTimeout can count wakes up early, finds nothing due and goes on.
  const longest = 2 ** 31 - 1;
  return {
    now,
    set: (at) => {
      if (handle !== undefined) clearTimeout(handle);
      handle = setTimeout(wake, Math.min(longest, Math.max(0, Math.ceil(at - now()))));
      alive = true;
    },
    keepAlive: (on) => {
      if (on === alive || handle === undefined) return;
      alive = on;
      // Browsers' timers are numbers and have neither.
      const timer: unknown = handle;
      if (typeof timer === "object" && timer !== null && "ref" in timer) {
        if (on) (timer as NodeJS.Timeout).ref();
        else (timer as NodeJS.Timeout).unref();
      }
    },
  };
};

/** An alarm on any other clock: a fiber that sleeps by it, so that a test's virtual time drives the timers. */
const clockAlarm = (clock: Clock.Clock, now: () => number, wake: () => void): Alarm => {
  let sleeper: Fiber.Fiber<void> | undefined;
  return {
    now,
    set: (at) => {
      sleeper?.interruptUnsafe();
      sleeper = Effect.runFork(Effect.andThen(clock.sleep(Duration.millis(Math.max(0, at - now()))), Effect.sync(wake)));
    },
  };
};

const realClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock);
const realSystem = new System(realClock, true);
const systems = new WeakMap<Clock.Clock, System>();

/** Has another system run the actors of a clock: a test kit's that decides itself who has its turn. Before the clock's first actor. */
export const useSystem = (clock: Clock.Clock, system: System): void => void systems.set(clock, system);

/** The system of the clock that a context carries. */
export const systemOf = (context: Context.Context<never>): System => {
  noticeTracer(context);
  const clock = Context.get(context, Clock.Clock);
  if (clock === realClock) return realSystem;
  let system = systems.get(clock);
  if (system === undefined) {
    system = new System(clock, false);
    systems.set(clock, system);
  }
  return system;
};
