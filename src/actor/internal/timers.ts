/**
 * Timers of one system: a list per duration, so that adding and cancelling are O(1) and a cancelled timer leaves nothing behind,
 * and a heap of the lists by the time that their first entry is due. One wake-up of the clock serves them all.
 */

/** An entry is its own list node. Subclasses carry what is to be done. */
export abstract class Timer {
  /** @internal */ prev: Timer | null = null;
  /** @internal */ next: Timer | null = null;
  /** @internal */ list: TimerList | null = null;
  /** Clock time in milliseconds at which it is due. */
  due = 0;
  abstract fire(): void;
}

class TimerList {
  head: Timer | null = null;
  tail: Timer | null = null;
  /** Due time under which the heap has this list; the first entry's own time may be later. */
  key = 0;
  heapIndex = -1;
  readonly duration: number;
  constructor(duration: number) {
    this.duration = duration;
  }
}

/** What wakes the timers up: the real clock, or any other `Clock`. */
export interface Alarm {
  now(): number;
  /** Replaces the wake-up that is set, if one is. */
  set(at: number): void;
}

/** One that does what it was made with. */
export class ActTimer extends Timer {
  readonly act: () => void;
  constructor(act: () => void) {
    super();
    this.act = act;
  }
  override fire(): void {
    this.act();
  }
}

export class Timers {
  private readonly lists = new Map<number, TimerList>();
  private readonly heap: Array<TimerList> = [];
  private readonly alarm: Alarm;
  private alarmAt = Infinity;
  private last: TimerList | null = null;
  /** Entries that are set. */
  size = 0;

  constructor(alarm: Alarm) {
    this.alarm = alarm;
  }

  add(timer: Timer, millis: number): void {
    // NaN is no time at all, as for setTimeout; in the heap it would have no place.
    const duration = millis > 0 ? Math.ceil(millis) : 0;
    timer.due = this.alarm.now() + duration;
    let list = this.last;
    if (list === null || list.duration !== duration) {
      list = this.lists.get(duration) ?? this.create(duration);
      this.last = list;
    }
    timer.list = list;
    timer.prev = list.tail;
    if (list.tail === null) list.head = timer;
    else list.tail.next = timer;
    list.tail = timer;
    this.size++;
    if (list.heapIndex === -1) {
      list.key = timer.due;
      this.insert(list);
      if (list.key < this.alarmAt) this.arm(list.key);
    }
  }

  cancel(timer: Timer): void {
    const list = timer.list;
    if (list === null) return;
    if (timer.prev === null) list.head = timer.next;
    else timer.prev.next = timer.next;
    if (timer.next === null) list.tail = timer.prev;
    else timer.next.prev = timer.prev;
    timer.prev = timer.next = null;
    timer.list = null;
    this.size--;
    // The list stays in the heap under its old key: the wake-up finds it empty and drops it then.
  }

  /** Fires what is due. Called by the alarm. */
  wake(): void {
    this.alarmAt = Infinity;
    const now = this.alarm.now();
    for (;;) {
      const list = this.heap[0];
      if (list === undefined || list.key > now) break;
      const timer = list.head;
      if (timer === null) {
        this.removeTop();
        this.lists.delete(list.duration);
        if (this.last === list) this.last = null;
      } else if (timer.due > now) {
        list.key = timer.due;
        this.sink(0);
      } else {
        this.cancel(timer);
        timer.fire();
      }
    }
    const first = this.heap[0];
    if (first !== undefined && first.key < this.alarmAt) this.arm(first.key);
  }

  private arm(at: number): void {
    this.alarmAt = at;
    this.alarm.set(at);
  }

  private create(duration: number): TimerList {
    const list = new TimerList(duration);
    this.lists.set(duration, list);
    return list;
  }

  private insert(list: TimerList): void {
    let i = this.heap.length;
    this.heap.push(list);
    while (i > 0) {
      const p = (i - 1) >> 1;
      const parent = this.heap[p]!;
      if (parent.key <= list.key) break;
      this.place(parent, i);
      i = p;
    }
    this.place(list, i);
  }

  private removeTop(): void {
    const top = this.heap[0]!;
    const last = this.heap.pop()!;
    top.heapIndex = -1;
    if (last !== top) {
      this.place(last, 0);
      this.sink(0);
    }
  }

  private sink(at: number): void {
    const list = this.heap[at]!;
    let i = at;
    for (;;) {
      let c = 2 * i + 1;
      if (c >= this.heap.length) break;
      if (c + 1 < this.heap.length && this.heap[c + 1]!.key < this.heap[c]!.key) c++;
      const child = this.heap[c]!;
      if (child.key >= list.key) break;
      this.place(child, i);
      i = c;
    }
    this.place(list, i);
  }

  private place(list: TimerList, i: number): void {
    this.heap[i] = list;
    list.heapIndex = i;
  }
}
