/**
 * All that is wrong with a supervisor's spec. What is wrong is check.ts's to say, which stops at the first: here it is asked about one option at a
 * time, as if all the others were right.
 */
import type { Backoff } from "../Backoff.ts";
import type { AutoShutdown, Strategy } from "../Strategy.ts";
import { checkChild, checkSupervisor } from "./check.ts";
import type { ErasedSpec } from "./child.ts";
import { orderProblem } from "./startOrder.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";

/** Something that is wrong, and what to do about it. `child` is where: undefined for the supervisor itself. */
export interface Problem {
  readonly child: string | undefined;
  readonly what: string;
  readonly advice: string;
}

const make: ErasedSpec["make"] = () => {
  throw new Error("this spec is for looking at only");
};

/** A child with which nothing is wrong. */
const sound: ErasedSpec = {
  id: "child",
  restart: "transient",
  shutdown: 0,
  type: "worker",
  backoff: undefined,
  maxAttempts: undefined,
  failurePolicy: undefined,
  startTimeoutMillis: undefined,
  autoStart: true,
  onStartFailure: "escalate",
  retain: false,
  mailbox: "keep",
  significant: false,
  after: undefined,
  make,
};

const millis = "Give it as milliseconds, from 0 on.";

/** The options of a child, each with what else it has to be seen with. */
const probes = (spec: ErasedSpec): ReadonlyArray<readonly [alone: Partial<ErasedSpec>, advice: string]> => {
  const { backoff, id, maxAttempts, restart, shutdown, significant, startTimeoutMillis } = spec;
  const waits = (name: keyof Backoff, advice = millis) =>
    [{ backoff: backoff === undefined ? backoff : { initialMillis: 0, [name]: backoff[name] } }, advice] as const;
  return [
    [{ id }, "Give it an id that its siblings do not have."],
    [{ restart }, "Say permanent, transient or temporary."],
    [{ shutdown }, 'Give it milliseconds, "brutal_kill" or "infinity".'],
    [{ startTimeoutMillis }, millis],
    waits("initialMillis"),
    waits("maxMillis"),
    waits("resetAfterMillis"),
    waits("factor", "Give it a number from 1 on."),
    waits("jitter", "Give it a number between 0 and 1."),
    [{ maxAttempts }, "Give it a whole number, from 0 on."],
    [
      { restart: restart === "permanent" ? restart : "transient", significant },
      "Make it transient or temporary, and say when it is the end (`autoShutdown`).",
    ],
  ];
};

const childProblems = (spec: ErasedSpec, autoShutdown: AutoShutdown): ReadonlyArray<Omit<Problem, "child">> => {
  if (typeof spec?.make !== "function") {
    const what = "a child is no spec that ChildSpec.make or a supervisor's child has made";
    return [{ what, advice: "Pass what ChildSpec.make or a supervisor's `child` has returned." }];
  }
  const prefix = (id: string) => `child ${JSON.stringify(id)}: `;
  return probes(spec).flatMap(([alone, advice]) => {
    const probe = { ...sound, ...alone };
    const problem = checkChild(probe, autoShutdown);
    if (problem === null) return [];
    return [{ what: problem.startsWith(prefix(probe.id)) ? problem.slice(prefix(probe.id).length) : problem, advice }];
  });
};

const isKnown = (strategy: Strategy): boolean => ["one_for_one", "one_for_all", "rest_for_one"].includes(strategy);

/** All that is wrong with a supervisor itself and with its children, not with what is below these. */
export const problemsOf = (supervisor: ErasedSupervisor): ReadonlyArray<Problem> => {
  const { autoShutdown, breaker, children, dynamic, limit, startOrder, strategy } = supervisor;
  const fine: ErasedSupervisor = {
    ...supervisor,
    strategy: "one_for_one",
    limit: { intensity: 0, periodMillis: 1 },
    autoShutdown: "never",
    startOrder: "sequential",
    problem: null,
    breaker: undefined,
    children: [],
    dynamic: null,
  };
  const own: ReadonlyArray<readonly [alone: Partial<ErasedSupervisor>, advice: string]> = [
    [{ strategy }, "Say one_for_one, one_for_all or rest_for_one."],
    [{ autoShutdown }, "Say never, any_significant or all_significant."],
    [{ startOrder, ...(isKnown(strategy) ? { strategy } : {}) }, "Let it be sequential, or the strategy one_for_one."],
    [{ limit: { intensity: limit.intensity, periodMillis: 1 } }, 'Give it a whole number, from 0 on, or "infinity".'],
    [{ limit: { intensity: 0, periodMillis: limit.periodMillis } }, "Give it as milliseconds, more than 0."],
    [{ breaker: breaker && { cooldownMillis: breaker.cooldownMillis, stableMillis: 0 } }, millis],
    [{ breaker: breaker && { cooldownMillis: 0, stableMillis: breaker.stableMillis } }, millis],
    [{ dynamic: dynamic && { ...dynamic, spec: sound } }, "Give it a number of children, from 0 on."],
    [{ children: Array.isArray(children) ? [] : children }, "Give the children as a list."],
  ];
  const found: Array<Problem> = own.flatMap(([alone, advice]) => {
    const what = checkSupervisor({ ...fine, ...alone });
    return what === null ? [] : [{ child: undefined, what, advice }];
  });
  const listed: ReadonlyArray<ErasedSpec> = dynamic !== null ? [dynamic.spec] : Array.isArray(children) ? children : [];
  const ends = dynamic !== null ? "never" : autoShutdown;
  const ids = new Map<string, number>();
  for (const spec of listed) {
    const id = spec?.id;
    ids.set(id, (ids.get(id) ?? 0) + 1);
    if (ids.get(id) === 2) {
      found.push({ child: id, what: `two children have the id ${JSON.stringify(id)}`, advice: "Give each child an id of its own." });
    }
    for (const problem of childProblems(spec, ends)) found.push({ child: id, ...problem });
  }
  const { problem } = supervisor;
  if (problem !== null) {
    const advice =
      problem === orderProblem(listed) ? "Name siblings, and none that starts after it." : "See the options of PartitionSupervisor.";
    found.push({ child: undefined, what: problem, advice });
  }
  return found;
};
