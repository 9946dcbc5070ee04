/**
 * One simulated run of a program: all its fibers and actors wait in one place, and a policy decides who goes next.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Random from "effect/Random";
import { Scheduler, type SchedulerDispatcher } from "effect/Scheduler";
import { type Cell, type Op, Phase } from "../../actor/internal/cell.ts";
import { nextMacrotask, type Runnable, System, useSystem } from "../../actor/internal/system.ts";
import { type Candidate, Chance, inTurn, type Policy } from "./policy.ts";
import { SimulatedClock } from "./simulatedClock.ts";
import { Trace } from "./trace.ts";

/** Nothing can be done, and the program has not ended: it waits for something that never comes. */
export class Stuck extends Data.TaggedError("Stuck")<{ readonly steps: number }> {
  readonly code = "HSU-TST-003";
  override get message(): string {
    return `stuck after ${this.steps} steps: nothing can go on, no time is waited for, and the program has not ended`;
  }
}

/** The program goes on and on. */
export class Endless extends Data.TaggedError("Endless")<{ readonly steps: number }> {
  readonly code = "HSU-TST-004";
  override get message(): string {
    return `not over after ${this.steps} steps: something goes on for ever, or the limit (maxSteps) is too low`;
  }
}

/** What a run came to. */
export interface Outcome<A, E> {
  readonly exit: Exit.Exit<A, E | Stuck | Endless>;
  readonly trace: ReadonlyArray<string>;
}

export interface Limits {
  readonly maxSteps: number;
}

interface Task extends Candidate {
  readonly priority: number;
  readonly run: () => void;
}

/** Looks at the event loop before it is said that nothing comes: promises take a few of its turns. */
const looks = 10;
/** Steps that are left to the finalizers of a program that was given up. */
const farewell = 10_000;

/** What the actors see of the run. */
interface Loop {
  readonly policy: Policy;
  readonly trace: Trace;
  add(entity: object, priority: number, run: () => void): void;
}

/** The system of a simulated clock: its actors wait with all the rest, and may have to stop after any message. */
export class SimulatedSystem extends System {
  readonly clock: SimulatedClock;
  private readonly simulation: Loop;
  private waiting = 0;
  /** Whose turn it is. */
  private current: Cell | null = null;
  /** What it handles next: an actor that ends does not say what ended it. */
  private coming: string | null = null;

  constructor(clock: SimulatedClock, simulation: Loop) {
    super(clock, false);
    this.clock = clock;
    this.simulation = simulation;
  }

  override get idle(): boolean {
    return this.waiting === 0;
  }

  override enqueue(runnable: Runnable): void {
    this.waiting++;
    this.simulation.add(runnable, 0, () => {
      this.waiting--;
      const cell = runnable as Cell;
      const { trace } = this.simulation;
      trace.turnOf(cell.path);
      this.current = cell;
      this.coming = cell.control === null ? nextTag(cell) : null;
      const more = cell.turn();
      this.current = null;
      if (cell.phase === Phase.Down) trace.did(this.coming === null ? "ends" : `${this.coming} ends it`);
      if (more) this.enqueue(runnable);
    });
  }

  override spend(_runnable?: Runnable, op?: Op): boolean {
    const cell = this.current;
    if (cell === null) return false;
    if (op !== undefined) this.simulation.trace.did(op.tag);
    this.coming = nextTag(cell);
    return this.simulation.policy.preempt(cell);
  }
}

/** Tag of the message that a cell handles next. */
const nextTag = ({ extras, messages }: Cell): string | null => {
  if (extras !== null && extras.infos !== null && extras.infos.length > 0) return "info";
  return messages === null || messages.used === 0 ? null : (messages.slots[messages.head] as Op).tag;
};

class Simulation<A, E> implements Scheduler, Loop {
  readonly executionMode = "async";
  readonly trace = new Trace();
  readonly clock = new SimulatedClock(() => this.wakeUp());
  policy: Policy;
  private readonly ready: Array<Task> = [];
  /** How many of them have a priority other than 0, which hardly any has. */
  private urgencies = 0;
  private readonly onEnd: (outcome: Outcome<A, E>) => void;
  private limit: number;
  private steps = 0;
  private pumping = false;
  private ended = false;
  private calm = 0;
  private main: Fiber.Fiber<A, E> | undefined;
  /** Why the program was given up. */
  private failure: Stuck | Endless | undefined;
  /** A fiber that has just been preempted: what is scheduled next is the rest of it. */
  private preempted: Fiber.Fiber<unknown, unknown> | null = null;

  constructor(policy: Policy, limits: Limits, onEnd: (outcome: Outcome<A, E>) => void) {
    this.policy = policy;
    this.limit = limits.maxSteps;
    this.onEnd = onEnd;
    useSystem(this.clock, new SimulatedSystem(this.clock, this));
  }

  start<R>(program: Effect.Effect<A, E, R>, context: Context.Context<R>, seed: number): void {
    const chance = new Chance(~seed);
    const random = {
      nextDoubleUnsafe: () => chance.next(),
      nextIntUnsafe: () => Math.floor((chance.next() * 2 - 1) * Number.MAX_SAFE_INTEGER),
    };
    const own = context.pipe(Context.add(Clock.Clock, this.clock), Context.add(Scheduler, this), Context.add(Random.Random, random));
    this.add({}, 0, () => {
      const known = Effect.withFiber<A, E, R>((fiber) => {
        this.main = fiber as Fiber.Fiber<A, E>;
        return program;
      });
      Effect.runForkWith(own)(known).addObserver((exit) => this.end(exit));
    });
  }

  /** Ends the run from outside. */
  abandon(): void {
    this.ended = true;
    this.ready.length = 0;
    this.main?.interruptUnsafe();
  }

  add(entity: object, priority: number, run: () => void): void {
    if (this.ended) return;
    this.ready.push({ entity, priority, run });
    if (priority !== 0) this.urgencies++;
    this.wakeUp();
  }

  // ---- effect's Scheduler

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (this.ended) return false;
    this.calm = 0;
    if (fiber.currentOpCount === 1) this.trace.fiber(fiber.id);
    const yields = fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield || this.policy.preempt(fiber);
    if (yields) this.preempted = fiber;
    return yields;
  }

  makeDispatcher(): SchedulerDispatcher {
    return {
      scheduleTask: (task, priority) => {
        const entity = this.preempted ?? {};
        this.preempted = null;
        this.add(entity, priority, task);
      },
      // Nobody may jump the queue.
      flush: () => {},
    };
  }

  // ---- the loop

  private wakeUp(): void {
    this.calm = 0;
    if (this.pumping || this.ended) return;
    this.pumping = true;
    queueMicrotask(this.pump);
  }

  private readonly pump = (): void => {
    while (this.ready.length > 0) {
      if (++this.steps > this.limit) {
        this.giveUp(new Endless({ steps: this.steps - 1 }));
        if (this.ended) return;
      }
      const task = this.take();
      this.trace.begin();
      task.run();
      if (this.ended) return;
    }
    nextMacrotask(this.idle);
  };

  private take(): Task {
    const { ready } = this;
    const first = this.urgencies === 0 ? 0 : ready.reduce((least, { priority }) => Math.min(least, priority), Infinity);
    const candidates = this.urgencies === 0 ? ready : ready.filter(({ priority }) => priority === first);
    const task = candidates[candidates.length === 1 ? 0 : this.policy.pick(candidates)]!;
    ready.splice(ready.indexOf(task), 1);
    if (task.priority !== 0) this.urgencies--;
    return task;
  }

  /** A macrotask after nothing could be done: what promises had to say has been said. */
  private readonly idle = (): void => {
    if (this.ended) return;
    if (this.ready.length > 0) return this.pump();
    const due = this.clock.next();
    if (due.length > 0) {
      this.trace.time(this.clock.currentTimeMillisUnsafe());
      for (const wake of due) this.add({}, 0, wake);
      return this.pump();
    }
    if (++this.calm < looks) return nextMacrotask(this.idle);
    this.giveUp(new Stuck({ steps: this.steps }));
    if (!this.ended) this.pump();
  };

  /** Interrupts the program, so that what it holds is released; at the second time it is left as it is. */
  private giveUp(failure: Stuck | Endless): void {
    if (this.failure !== undefined || this.main === undefined) return this.end(Exit.fail(failure));
    this.failure = failure;
    this.trace.close();
    this.policy = inTurn;
    this.calm = 0;
    this.limit = this.steps + farewell;
    this.main.interruptUnsafe();
  }

  private end(exit: Exit.Exit<A, E | Stuck | Endless>): void {
    if (this.ended) return;
    this.ended = true;
    this.ready.length = 0;
    this.onEnd({ exit: this.failure === undefined ? exit : Exit.fail(this.failure), trace: this.trace.lines() });
  }
}

/** Runs a program once. What it needs is shared with the outside, but not its clock. */
export const simulated = <A, E, R>(program: Effect.Effect<A, E, R>, policy: Policy, seed: number, limits: Limits) =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<Outcome<A, E>>((resume) => {
      const simulation = new Simulation<A, E>(policy, limits, (outcome) => resume(Effect.succeed(outcome)));
      simulation.start(program, context, seed);
      return Effect.sync(() => simulation.abandon());
    }),
  );

/** What kind of failure it is: two runs that fail alike are taken for the same bug. */
export const kindOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause);
  if (typeof error !== "object" || error === null) return String(error);
  return "_tag" in error ? String(error._tag) : (error.constructor?.name ?? "object");
};
