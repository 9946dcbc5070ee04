/**
 * Simulated processes of others: the test says who there is.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import { type DiscoveryQuery, type Foreign, type ForeignProcess, ServiceManagerError, Undiscovered } from "../Discovery.ts";
import { SignalError } from "../ProcessErrors.ts";
import type { Signal } from "../Signal.ts";

/** By what a simulated process of somebody else is found: it has all that a query asks for. */
export type Facts = Omit<DiscoveryQuery, "method">;

/** A process of somebody else, as the test sees it. */
export interface MemoryForeignProcess {
  readonly pid: number;
  readonly signals: ReadonlyArray<Signal>;
  readonly running: boolean;
  readonly end: () => void;
}

const keys = ["name", "pidFile", "port", "protocol", "service"] as const;
const answers = (facts: Facts, query: DiscoveryQuery): boolean =>
  keys.every((key) => query[key] === undefined || query[key] === facts[key]) &&
  (query.args ?? []).every((wanted) => facts.args?.includes(wanted) === true);

export const makeForeign = (bootId: string) => {
  const all: Array<{ readonly facts: Facts; readonly process: ForeignProcess }> = [];
  const foreign: Foreign = {
    discover: (query, current) =>
      Effect.suspend(() => {
        const found = all.filter(({ facts, process }) => process.running() && answers(facts, query));
        const one = found.find(({ process }) => process.identity.pid === current?.pid) ?? found[0];
        return one === undefined
          ? Effect.fail(new Undiscovered({ reason: "Absent", what: "no such process" }))
          : Effect.succeed(one.process);
      }),
    restartService: (service) =>
      all.some(({ facts }) => facts.service === service)
        ? Effect.void
        : Effect.fail(new ServiceManagerError({ service, what: "no such service" })),
  };
  const appear = (facts: Facts): MemoryForeignProcess => {
    const pid = 5001 + all.length;
    const signals: Array<Signal> = [];
    const ended = Deferred.makeUnsafe<void>();
    let running = true;
    const end = (): void => {
      running = false;
      Deferred.doneUnsafe(ended, Effect.void);
    };
    const process: ForeignProcess = {
      identity: { pid, startTime: pid, bootId },
      startedAt: 0,
      running: () => running,
      exit: Deferred.await(ended),
      signal: (signal) =>
        Effect.suspend(() => {
          if (!running) return Effect.fail(new SignalError({ reason: "Gone", pid, signal }));
          signals.push(signal);
          if (signal === "SIGTERM" || signal === "SIGKILL" || signal === "SIGINT") end();
          return Effect.void;
        }),
    };
    all.push({ facts, process });
    return {
      pid,
      signals,
      end,
      get running() {
        return running;
      },
    };
  };
  return { foreign, appear };
};
