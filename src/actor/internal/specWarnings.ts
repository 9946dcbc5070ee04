/**
 * What is allowed in a supervisor's spec, and yet will not do what it seems to say. Pure. Each rule says only what holds for every run.
 */
import type { ErasedSpec } from "./child.ts";
import { crashLoop, failuresWithin, finalDelay, longestDelay } from "./restartModel.ts";
import type { Problem } from "./specErrors.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";

/** The kinds of warnings; each has a page in docs/reference/errors. */
export type WarningCode =
  | "HSU-SUP-101"
  | "HSU-SUP-102"
  | "HSU-SUP-103"
  | "HSU-SUP-104"
  | "HSU-SUP-105"
  | "HSU-SUP-106"
  | "HSU-SUP-107"
  | "HSU-SUP-108"
  | "HSU-SUP-109"
  | "HSU-SUP-110"
  | "HSU-SUP-111"
  | "HSU-SUP-112";

export interface Warning extends Problem {
  readonly code: WarningCode;
}

/** Looks at a supervisor whose spec has no mistake; `below` is the supervisor that a child is. */
type Rule = (supervisor: ErasedSupervisor, below: (spec: ErasedSpec) => ErasedSupervisor | undefined) => ReadonlyArray<Warning>;

const seconds = (millis: number): string => `${millis / 1000} s`;
const list = (names: ReadonlyArray<string>): string => names.map((name) => JSON.stringify(name)).join(", ");
const specsOf = ({ children, dynamic }: ErasedSupervisor): ReadonlyArray<ErasedSpec> => (dynamic === null ? children : [dynamic.spec]);
const isRestarted = ({ restart }: ErasedSpec): boolean => restart !== "temporary";

const neverExceeded: Rule = ({ breaker, children, dynamic, limit }) => {
  const { intensity, periodMillis } = limit;
  // Children of a dynamic supervisor come and go: each new one counts anew.
  if (dynamic !== null || intensity === "infinity") return [];
  const failures = children.map((spec) => failuresWithin(spec, periodMillis, intensity + 1));
  const total = failures.reduce((sum, each) => sum + each, 0);
  const endless = children.some((spec, i) => failures[i]! > 0 && spec.maxAttempts === undefined);
  if (total === 0 || total > intensity || !(endless || breaker !== undefined)) return [];
  const what =
    `no ${seconds(periodMillis)} can hold more than ${total} restarts, as the backoffs are long: the intensity of ${intensity} is never exceeded, ` +
    (breaker === undefined ? "and a child that always fails is restarted for ever" : "and the circuit never opens");
  return [
    {
      code: "HSU-SUP-101",
      child: undefined,
      what,
      advice: `Lower intensity below ${total}, lengthen periodMillis, or give the children maxAttempts.`,
    },
  ];
};

const alwaysExceeded: Rule = (supervisor) => {
  const restarted = specsOf(supervisor).filter(isRestarted);
  if (supervisor.limit.intensity !== 0 || restarted.length === 0) return [];
  const answer = supervisor.breaker === undefined ? "ends the supervisor, and nothing is ever restarted" : "opens the circuit";
  const what = `the intensity is 0: the first failure of ${list(restarted.map(({ id }) => id))} ${answer}`;
  return [
    {
      code: "HSU-SUP-102",
      child: undefined,
      what,
      advice: "Allow at least one restart, or make the children temporary if none is wanted.",
    },
  ];
};

const noPause: Rule = (supervisor) => {
  if (supervisor.limit.intensity !== "infinity") return [];
  return specsOf(supervisor).flatMap((spec) => {
    const { backoff, maxAttempts } = spec;
    const ends = maxAttempts !== undefined && (maxAttempts === 0 || backoff?.resetAfterMillis !== 0);
    if (!isRestarted(spec) || ends || finalDelay(backoff) > 0) return [];
    const what = "there is no limit to its restarts and no wait before them: one that fails at each start keeps a processor busy for ever";
    return [{ code: "HSU-SUP-103", child: spec.id, what, advice: "Give it a backoff, maxAttempts, or the supervisor an intensity." }];
  });
};

const cutShort: Rule = (supervisor) => {
  if (supervisor.breaker !== undefined || supervisor.limit.intensity === 0) return [];
  return specsOf(supervisor).flatMap((spec) => {
    const { backoff, maxAttempts } = spec;
    const loop = crashLoop(spec, supervisor.limit);
    if (loop === null) return [];
    const unseen: Array<string> = [];
    if (maxAttempts !== undefined && backoff?.resetAfterMillis !== 0) unseen.push(`its maxAttempts of ${maxAttempts}`);
    const { factor = 1, initialMillis = 0, maxMillis, resetAfterMillis } = backoff ?? {};
    const grows = factor > 1 && maxMillis !== undefined && maxMillis > initialMillis && resetAfterMillis !== 0;
    if (grows && longestDelay(backoff, loop.restarts) < maxMillis) unseen.push(`the waits of its backoff up to ${seconds(maxMillis)}`);
    if (unseen.length === 0) return [];
    const what =
      `when it fails at each start its supervisor gives up after ${loop.restarts} restarts, at most ${seconds(loop.millis)} after the first failure: ` +
      `${unseen.join(" and ")} are never reached`;
    return [
      {
        code: "HSU-SUP-104",
        child: spec.id,
        what,
        advice: "Raise the supervisor's intensity, shorten its periodMillis, or wait longer at first.",
      },
    ];
  });
};

const attemptsNeverReset: Rule = (supervisor) =>
  specsOf(supervisor).flatMap((spec) => {
    const { backoff, id, maxAttempts } = spec;
    if (!isRestarted(spec) || maxAttempts === undefined || maxAttempts === 0 || backoff?.resetAfterMillis !== undefined) return [];
    const what = `its restarts are counted for as long as its supervisor lives: failure ${maxAttempts + 1} is its last, be it a year after the others`;
    return [{ code: "HSU-SUP-105", child: id, what, advice: "Say after what time its failures are forgotten: backoff.resetAfterMillis." }];
  });

const neverGrows: Rule = (supervisor) =>
  specsOf(supervisor).flatMap((spec): ReadonlyArray<Warning> => {
    const { backoff, id, maxAttempts } = spec;
    const reset = backoff?.resetAfterMillis;
    if (!isRestarted(spec) || backoff === undefined || reset === undefined || maxAttempts === 0) return [];
    const grows = (backoff.factor ?? 1) > 1;
    if (reset === 0 && (grows || (maxAttempts ?? 0) > 0)) {
      const what = "resetAfterMillis is 0, so that each failure counts as the first: its waits never grow, and its attempts never end";
      return [
        {
          code: "HSU-SUP-106",
          child: id,
          what,
          advice: "Give resetAfterMillis the time after which it counts as healthy, or leave it out.",
        },
      ];
    }
    if (!grows || reset === 0 || reset >= backoff.initialMillis) return [];
    const what =
      `one that fails each time after ${seconds(reset)} counts as healthy, though it is down for ${seconds(backoff.initialMillis)} each time: ` +
      "its waits never grow";
    return [{ code: "HSU-SUP-106", child: id, what, advice: "Make resetAfterMillis longer than the waits, best longer than maxMillis." }];
  });

const neverOpens: Rule = ({ breaker, limit }) => {
  if (breaker === undefined || limit.intensity !== "infinity") return [];
  const what = "the intensity is infinity, so that it is never exceeded and the circuit never opens";
  return [{ code: "HSU-SUP-107", child: undefined, what, advice: "Give it an intensity, or leave whenExceeded out." }];
};

const fasterWhenOpen: Rule = (supervisor) => {
  const { breaker, limit } = supervisor;
  const { intensity, periodMillis } = limit;
  if (breaker === undefined || intensity === "infinity" || intensity === 0 || intensity * breaker.cooldownMillis > periodMillis) return [];
  const looping = specsOf(supervisor).some(
    (spec) =>
      isRestarted(spec) &&
      spec.maxAttempts === undefined &&
      Math.max(longestDelay(spec.backoff, 1), finalDelay(spec.backoff)) <= breaker.cooldownMillis,
  );
  if (!looping) return [];
  const what =
    `with a cooldown of ${seconds(breaker.cooldownMillis)} an open circuit tries again more than ${intensity} times in ${seconds(periodMillis)}: ` +
    "more often than the intensity allows";
  return [{ code: "HSU-SUP-108", child: undefined, what, advice: `Make cooldownMillis longer than ${periodMillis / intensity}.` }];
};

const sum = (times: ReadonlyArray<number>): number => times.reduce((total, each) => total + each, 0);

/** How long a start may take when each child takes all its time: one after the other, or the longest chain of those that wait for another. */
const startMillis = ({ children, startOrder }: ErasedSupervisor): number => {
  const ends = new Map<string, number>();
  let last = 0;
  let longest = 0;
  for (const { after = [], autoStart, id, startTimeoutMillis = 0 } of children) {
    const begin = startOrder === "parallel" ? Math.max(0, ...after.map((other) => ends.get(other) ?? 0)) : last;
    last = begin + (autoStart ? startTimeoutMillis : 0);
    ends.set(id, last);
    longest = Math.max(longest, last);
  }
  return longest;
};

const startDeadline: Rule = (supervisor, below) =>
  specsOf(supervisor).flatMap((spec) => {
    const inner = below(spec);
    const { startTimeoutMillis: given } = spec;
    if (inner === undefined || given === undefined || inner.dynamic !== null) return [];
    const needed = startMillis(inner);
    if (needed <= given) return [];
    const what = `its start is killed after ${seconds(given)}, when its children may still be within their own start deadlines (${seconds(needed)})`;
    return [
      { code: "HSU-SUP-109", child: spec.id, what, advice: `Give it a startTimeoutMillis of ${needed} at least, or its children less.` },
    ];
  });

const stopMillis = ({ shutdown }: ErasedSpec): number => (shutdown === "infinity" ? Infinity : shutdown === "brutal_kill" ? 0 : shutdown);

/** How long a stop may take: one child after the other, or the longest chain of those that are after each other. */
const stopsWithin = (supervisor: ErasedSupervisor): number => {
  if (supervisor.stopOrder !== "parallel") return sum(specsOf(supervisor).map(stopMillis));
  const ends = new Map<string, number>();
  // Forwards: the longest chain is the same from both of its ends.
  for (const spec of supervisor.children) {
    ends.set(spec.id, stopMillis(spec) + Math.max(0, ...(spec.after ?? []).map((other) => ends.get(other) ?? 0)));
  }
  return Math.max(0, ...ends.values());
};

const stopDeadline: Rule = (supervisor, below) =>
  specsOf(supervisor).flatMap((spec) => {
    const inner = below(spec);
    const given = stopMillis(spec);
    if (inner === undefined) return [];
    const needed = stopsWithin(inner);
    if (needed <= given) return [];
    const what =
      `its stop is cut off after ${seconds(given)}, when its children may still be within theirs ` +
      `(${needed === Infinity ? "no limit" : seconds(needed)}): these are killed then`;
    return [
      { code: "HSU-SUP-110", child: spec.id, what, advice: 'Give a supervisor "infinity", as OTP does, and its children the limits.' },
    ];
  });

const neverAutoShutdown: Rule = ({ autoShutdown, children, dynamic }) => {
  if (dynamic !== null || autoShutdown === "never" || children.some(({ significant }) => significant)) return [];
  const what = `autoShutdown is ${autoShutdown}, but no child is significant: it does not end by itself`;
  return [{ code: "HSU-SUP-111", child: undefined, what, advice: "Mark the children whose end is to be its end as significant." }];
};

const noEffect: Rule = (supervisor) =>
  specsOf(supervisor).flatMap((spec) => {
    const { backoff, id, maxAttempts, restart, retain } = spec;
    const idle: Array<string> = [];
    if (restart === "temporary" && spec.onStartFailure === "escalate") {
      if (backoff !== undefined) idle.push("backoff: a temporary child is not restarted");
      if (maxAttempts !== undefined) idle.push("maxAttempts: a temporary child is not restarted");
    }
    if (retain && restart !== "temporary") idle.push(`retain: the spec of a ${restart} child is kept anyway`);
    if (isRestarted(spec) && backoff?.maxMillis !== undefined && backoff.maxMillis < backoff.initialMillis) {
      idle.push("backoff.initialMillis: it is above maxMillis");
    }
    return idle.map((what) => ({ code: "HSU-SUP-112" as const, child: id, what: `has no effect: ${what}`, advice: "Leave it out." }));
  });

const rules: ReadonlyArray<Rule> = [
  neverExceeded,
  alwaysExceeded,
  noPause,
  cutShort,
  attemptsNeverReset,
  neverGrows,
  neverOpens,
  fasterWhenOpen,
  startDeadline,
  stopDeadline,
  neverAutoShutdown,
  noEffect,
];

/** What is odd about a supervisor whose spec has no mistake. */
export const warningsOf: Rule = (supervisor, below) => rules.flatMap((rule) => rule(supervisor, below));
