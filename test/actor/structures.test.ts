/** The loop's data structures against naive models. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acquire, release, Ring } from "../../src/actor/internal/ring.ts";
import { type Alarm, Timer, Timers } from "../../src/actor/internal/timers.ts";

describe("Ring", () => {
  const commands = fc.array(
    fc.oneof(fc.record({ push: fc.integer({ min: 1, max: 40 }) }), fc.record({ shift: fc.integer({ min: 1, max: 40 }) })),
    {
      maxLength: 60,
    },
  );

  it("is a queue: what an array does, through growth and wrapping around", () => {
    fc.assert(
      fc.property(commands, (script) => {
        const ring = new Ring();
        const model: Array<number> = [];
        let next = 0;
        for (const command of script) {
          if ("push" in command) {
            for (let n = 0; n < command.push; n++, next++) {
              ring.push(next, `payload ${next}`, next % 3 === 0 ? null : -next);
              model.push(next);
            }
          } else {
            for (let n = 0; n < command.shift && ring.used > 0; n++) {
              const first = model.shift()!;
              expect(ring.slots.slice(ring.head, ring.head + 3)).toEqual([first, `payload ${first}`, first % 3 === 0 ? null : -first]);
              ring.shift();
            }
          }
          expect(ring.length).toBe(model.length);
        }
        expect(ring.slots.filter((slot) => slot !== undefined)).toHaveLength(3 * model.length);
      }),
      { numRuns: 300 },
    );
  });

  it("goes back to the pool empty, and only while it is small", () => {
    const small = acquire();
    small.push(1, 2, 3);
    small.shift();
    release(small);
    expect(acquire()).toBe(small);
    const large = new Ring();
    for (let n = 0; n < 100; n++) large.push(n, n, n);
    for (let n = 0; n < 100; n++) large.shift();
    release(large);
    expect(acquire()).not.toBe(large);
    expect(small.head).toBe(0);
  });
});

class Noted extends Timer {
  readonly act: (timer: Noted) => void;
  constructor(act: (timer: Noted) => void) {
    super();
    this.act = act;
  }
  override fire(): void {
    this.act(this);
  }
}

/** A clock that is moved by hand and wakes the timers up as a real alarm would: never early, and only when it was set. */
const handMoved = () => {
  let now = 0;
  let at = Infinity;
  const alarm: Alarm = { now: () => now, set: (time) => void (at = time) };
  const timers = new Timers(alarm);
  const advance = (millis: number): void => {
    const end = now + millis;
    while (at <= end) {
      now = Math.max(now, at);
      at = Infinity;
      timers.wake();
    }
    now = end;
  };
  return { timers, advance, now: () => now, jump: (time: number) => void (now = time), isSet: () => at < Infinity };
};

describe("Timers", () => {
  const command = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.constantFrom(0, 1, 5, 5, 10, 37, 100, 1000) }) },
    { weight: 2, arbitrary: fc.record({ cancel: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ advance: fc.integer({ min: 0, max: 400 }) }) },
  );

  it("fire at their time and in order of their time, as a sorted list does; what is cancelled never fires", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (script) => {
        const clock = handMoved();
        const fired: Array<{ readonly id: number; readonly at: number }> = [];
        const model: Array<{ readonly id: number; readonly due: number }> = [];
        const expected: Array<number> = [];
        const live = new Map<number, Noted>();
        let next = 0;
        for (const step of script) {
          if ("add" in step) {
            const id = next++;
            const timer = new Noted(() => {
              live.delete(id);
              fired.push({ id, at: clock.now() });
            });
            live.set(id, timer);
            model.push({ id, due: clock.now() + step.add });
            clock.timers.add(timer, step.add);
          } else if ("cancel" in step && live.size > 0) {
            const id = [...live.keys()][step.cancel % live.size]!;
            clock.timers.cancel(live.get(id)!);
            live.delete(id);
            model.splice(
              model.findIndex((entry) => entry.id === id),
              1,
            );
          } else if ("advance" in step) {
            clock.advance(step.advance);
            const due = model.filter((entry) => entry.due <= clock.now()).sort((a, b) => a.due - b.due);
            expected.push(...due.map(({ due: time }) => time));
            for (const entry of due) model.splice(model.indexOf(entry), 1);
            expect(fired.map(({ at }) => at)).toEqual(expected);
          }
          expect(clock.timers.size).toBe(model.length);
          expect([...live.keys()]).toEqual(model.map(({ id }) => id));
        }
        for (const timer of live.values()) clock.timers.cancel(timer);
        expect(clock.timers.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("of one duration fire in the order in which they were set", () => {
    const clock = handMoved();
    const fired: Array<number> = [];
    for (let id = 0; id < 100; id++) clock.timers.add(new Noted(() => void fired.push(id)), 10);
    clock.advance(10);
    expect(fired).toEqual(Array.from({ length: 100 }, (_, id) => id));
  });

  it("may set and cancel others while they fire", () => {
    const clock = handMoved();
    const fired: Array<string> = [];
    const victim = new Noted(() => void fired.push("victim"));
    const again = new Noted((self) => {
      fired.push(`again at ${clock.now()}`);
      if (clock.now() < 30) clock.timers.add(self, 10);
      clock.timers.cancel(victim);
    });
    clock.timers.add(again, 10);
    clock.timers.add(victim, 10);
    clock.advance(100);
    expect([fired, clock.timers.size, clock.isSet()]).toEqual([["again at 10", "again at 20", "again at 30"], 0, false]);
  });

  it("a wake-up that comes late fires all that is due", () => {
    const clock = handMoved();
    const fired: Array<number> = [];
    for (const millis of [30, 10, 20]) clock.timers.add(new Noted(() => void fired.push(millis)), millis);
    clock.jump(1000);
    clock.timers.wake();
    expect(fired).toEqual([10, 20, 30]);
  });

  it("of no time, of less and of no number at all fire at once", () => {
    const clock = handMoved();
    const fired: Array<number> = [];
    clock.timers.add(new Noted(() => void fired.push(5)), 5);
    for (const millis of [0, -10, Number.NaN]) clock.timers.add(new Noted(() => void fired.push(millis)), millis);
    clock.advance(0);
    expect(fired).toEqual([0, -10, Number.NaN]);
    clock.advance(5);
    expect([fired.length, clock.timers.size]).toEqual([4, 0]);
  });

  it("a wake-up that comes early fires nothing and is set again", () => {
    const clock = handMoved();
    const fired: Array<number> = [];
    clock.timers.add(new Noted(() => void fired.push(1)), 10);
    clock.timers.wake();
    expect(fired).toEqual([]);
    clock.advance(10);
    expect(fired).toEqual([1]);
  });
});
