/**
 * The timeouts of a state machine: at most one of each kind or name.
 */
import type { Timeout } from "../StateMachine.ts";
import type { Op } from "./cell.ts";
import type { Machine } from "./stateMachine.ts";
import { Timer } from "./timers.ts";

/** A timeout takes its place in the mailbox when its time has come. Cancelled after that, as all are at the end, it is not delivered. */
const fired: Op = {
  tag: "timeout",
  handle: (_, timer) => (timer as TimeoutTimer).machine.timedOut(timer as TimeoutTimer),
  typedError: false,
};

export class TimeoutTimer extends Timer {
  readonly machine: Machine;
  readonly key: string;
  content: unknown;
  constructor(machine: Machine, key: string, content: unknown) {
    super();
    this.machine = machine;
    this.key = key;
    this.content = content;
  }
  override fire(): void {
    this.machine.cell.push(fired, this, null);
  }
}

export class MachineTimers {
  private readonly machine: Machine;
  private readonly running = new Map<string, TimeoutTimer>();
  /** Timeouts of zero, the oldest first: they come when no event is queued, ahead of the mailbox. */
  private zero: Array<TimeoutTimer> = [];

  constructor(machine: Machine) {
    this.machine = machine;
    machine.cell.more.releases.add(() => {
      for (const key of this.running.keys()) this.cancel(key);
    });
  }

  get hasZero(): boolean {
    return this.zero.length > 0;
  }

  /** The last one of each kind counts. */
  set(timeouts: ReadonlyArray<Timeout<string>>): void {
    timeouts.forEach((timeout, index) => {
      if (!timeouts.some(({ key }, at) => at > index && key === timeout.key)) this.apply(timeout);
    });
  }

  private apply({ content, key, millis }: Timeout<string>): void {
    const { machine, running } = this;
    const known = running.get(key);
    if (millis === "update" && known !== undefined) {
      known.content = content;
      return;
    }
    this.cancel(key);
    if (millis === "cancel" || millis === Infinity) return;
    const timer = new TimeoutTimer(machine, key, content);
    running.set(key, timer);
    if (millis !== "update" && millis > 0) machine.cell.system.timers.add(timer, millis);
    else this.zero.push(timer);
  }

  cancel(key: string): void {
    const timer = this.running.get(key);
    if (timer === undefined) return;
    this.running.delete(key);
    this.zero = this.zero.filter((other) => other !== timer);
    this.machine.cell.system.timers.cancel(timer);
  }

  /** Whether a timer that has fired still counts; then it is over. */
  take(timer: TimeoutTimer): boolean {
    return this.running.get(timer.key) === timer && this.running.delete(timer.key);
  }

  takeZero(): TimeoutTimer | undefined {
    const timer = this.zero.shift();
    if (timer !== undefined) this.running.delete(timer.key);
    return timer;
  }
}
