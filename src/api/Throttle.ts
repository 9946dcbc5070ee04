/**
 * How much of a master each one gets who comes over a network, through whichever door; the machine's own account gets all it wants.
 */
import type { DoorLimits } from "../unit/index.ts";
import * as Bucket from "../security/Bucket.ts";

const usualLimits: Required<DoorLimits> = {
  rate: 200,
  burst: 400,
  failures: 30,
  streams: 50,
  bodyBytes: 64 * 1024,
  deadlineMillis: 600_000,
};

/** Those that are remembered at a time: whoever has rested long enough is forgotten. */
const mostKnown = 10_000;

export interface Throttle {
  readonly limits: Required<DoorLimits>;
  /** 0: he may make a call now; else it is worth trying again after so many milliseconds. */
  readonly call: (who: string) => number;
  /** The same for one who has shown nothing that is good. */
  readonly failure: (address: string) => number;
  /** Those that are remembered just now. */
  readonly known: () => number;
  readonly mayStream: (who: string) => boolean;
  /** Ends with the stream; undefined: he has as many as he may. */
  readonly stream: (who: string) => (() => void) | undefined;
}

const counting = (rate: Bucket.Rate, now: () => number) => {
  const known = new Map<string, Bucket.Bucket>();
  const makeRoom = (at: number): void => {
    for (const [who, bucket] of known) if (Bucket.filled(bucket, rate, at).left >= rate.burst) known.delete(who);
    // All of them are busy: those who were known first begin anew, which is better than no end of them.
    for (const who of known.keys()) {
      if (known.size < mostKnown / 2) return;
      known.delete(who);
    }
  };
  const count = (who: string): number => {
    if (rate.rate === 0) return 0;
    const at = now();
    const before = known.get(who);
    if (before === undefined && known.size >= mostKnown) makeRoom(at);
    const { bucket, waitMillis } = Bucket.take(before ?? Bucket.full(rate, at), rate, at);
    known.set(who, bucket);
    return waitMillis;
  };
  return { count, size: () => known.size };
};

/** `now` in milliseconds that never go back. */
export const make = (given: DoorLimits = {}, now: () => number = () => performance.now()): Throttle => {
  const limits = { ...usualLimits, ...given };
  const { burst, failures, rate, streams } = limits;
  const calls = counting({ rate, burst: Math.max(1, burst) }, now);
  const guesses = counting({ rate: failures / 60, burst: Math.max(1, failures) }, now);
  const open = new Map<string, number>();
  return {
    limits,
    call: calls.count,
    failure: guesses.count,
    known: () => calls.size() + guesses.size(),
    mayStream: (who) => streams === 0 || (open.get(who) ?? 0) < streams,
    stream: (who) => {
      const mine = open.get(who) ?? 0;
      if (streams > 0 && mine >= streams) return undefined;
      open.set(who, mine + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = open.get(who)! - 1;
        if (left === 0) open.delete(who);
        else open.set(who, left);
      };
    },
  };
};
