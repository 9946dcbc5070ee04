/**
 * The ends of processes that are not our children. The kernel tells them to the parent only; where such a process is alone in a control group, it says
 * when that is empty. The others are looked at, all of them by one timer.
 */
import type { ControlGroup } from "./Cgroup.ts";

/** Somebody whose end is waited for. */
export interface Watched {
  readonly runs: () => boolean;
  readonly ended: () => void;
  readonly group: ControlGroup | undefined;
}

/** A look takes 20 µs a process: with a pause of 10 ms a process, and these bounds, all looks together cost a fifth of a percent of a core at most. */
const [leastMillis, perProcessMillis, mostMillis] = [100, 10, 2000];

/** Who is alone in its group may start others at any time, who hide its end from the group: so it is looked at, but rarely. */
const seldomMillis = 10_000;

const watched = new Set<Watched>();
let timer: ReturnType<typeof setTimeout> | null = null;

/** Whether the end of its group is its own end, as far as anybody knows. */
const isTold = ({ group }: Watched): boolean => group !== undefined && group.members().length <= 1;

const lookIn = (millis: number): void => {
  if (timer !== null) clearTimeout(timer);
  timer = setTimeout(look, millis);
  timer.unref();
};

const look = (): void => {
  timer = null;
  let untold = 0;
  for (const one of watched) {
    if (!one.runs()) one.ended();
    else if (!isTold(one)) untold++;
  }
  if (watched.size === 0) return;
  lookIn(untold === 0 ? seldomMillis : Math.min(Math.max(leastMillis, untold * perProcessMillis), mostMillis));
};

/** From the first look after a signal to the last, each twice as long after the one before. */
const [soonMillis, lateMillis] = [1, 1000];

/** A wait for somebody's end. */
export interface EndWatch {
  /** He has been sent a signal, and may end at any time: he is looked at more closely for a while. */
  readonly expect: () => void;
  readonly close: () => void;
}

/** Calls `ended` once it does not run any more. */
export const watchEnd = (given: Watched): EndWatch => {
  const watcher = given.group?.watch(() => {
    if (watched.has(one) && !one.runs()) one.ended();
  });
  // Where the kernel cannot tell it is one of those that are looked at.
  const one: Watched = watcher === undefined ? { ...given, group: undefined } : given;
  watched.add(one);
  lookIn(leastMillis);
  let expected: ReturnType<typeof setTimeout> | null = null;
  const lookCloser = (millis: number): void => {
    expected = setTimeout(() => {
      expected = null;
      if (!watched.has(one)) return;
      if (!one.runs()) one.ended();
      else if (millis < lateMillis) lookCloser(millis * 2);
    }, millis);
    expected.unref();
  };
  return {
    expect: () => {
      if (expected !== null) clearTimeout(expected);
      if (watched.has(one)) lookCloser(soonMillis);
    },
    close: () => {
      watcher?.close();
      if (expected !== null) clearTimeout(expected);
      expected = null;
      if (!watched.delete(one) || watched.size > 0 || timer === null) return;
      clearTimeout(timer);
      timer = null;
    },
  };
};
