/**
 * What an earlier master has left of a unit, and what becomes of it. Pure.
 */
import { formatAddress, type ProcessIdentity } from "../platform/index.ts";
import type { LastExit } from "../protocol/MasterRpc.ts";
import type { ProcessRecord, UnitMemory } from "../store/index.ts";
import { noFailures } from "./FailurePolicy.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** A process that runs, and is what the spec says. */
export interface RecoveredProcess {
  readonly identity: ProcessIdentity;
  readonly invocation: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Where it listens, as far as that was written down. */
  readonly port?: number | undefined;
  /** Its start was complete. */
  readonly wasUp?: boolean;
  /** What it has said last of its state, of a unit that tells it. */
  readonly told?: ProcessRecord["told"] | undefined;
}

/** What a unit goes on with. */
export interface Recovered {
  readonly process: RecoveredProcess | null;
  readonly memory: UnitMemory | null;
  /** A one-shot that has ended with success, and is not run again. */
  readonly completed: boolean;
  /** It had a process, which ended when no master was there. */
  readonly endedUnseen: boolean;
}

export const nothing: Recovered = { process: null, memory: null, completed: false, endedUnseen: false };

/** What a process is made from: another fingerprint is another process. That there is a port counts, which one does not. */
export const fingerprint = (spec: UnitSpec): string => {
  const { args, capture, environment, executable, kind, listen, proxy, start, watchdogMillis, workingDirectory } = spec;
  return JSON.stringify([
    executable,
    kind === "integrated" ? [...args, "--port"] : args,
    workingDirectory,
    Object.entries(environment).sort(([one], [other]) => (one < other ? -1 : 1)),
    capture,
    // What it finds in its environment.
    ...(spec.secrets === undefined ? [] : [{ secrets: spec.secrets }]),
    ...(spec.stdin === undefined ? [] : [{ stdin: spec.stdin }]),
    ...(start === "notify" ? [{ watchdogMillis }] : []),
    ...(proxy === undefined ? [] : [{ proxy }]),
    ...(listen === undefined ? [] : [{ listen: listen.map(({ address, name }) => [formatAddress(address), name]) }]),
  ]);
};

/** A one-shot is done once in a boot of the machine, as long as the config says the same of it. */
export const isCompleted = (spec: UnitSpec, memory: UnitMemory | null): boolean =>
  spec.start === "oneshot" && memory?.state === "completed" && memory.done === fingerprint(spec);

/** Why it was stopped when somebody has stopped it by hand. */
export const stoppedByHand = "stopped by hand";

/** Why it is stopped when the next call to it starts it. */
export const waitsForCall = "waits for a call";

/**
 * What becomes of a process that runs. It goes on under this master, unless nobody would start it again: its unit is not in the config any more, is
 * another one there, or was just being stopped by hand.
 */
export const fate = (
  recorded: string,
  spec: UnitSpec | undefined,
  memory: UnitMemory | null,
): { readonly reattach: true } | { readonly reattach: false; readonly because: string } => {
  if (spec === undefined) return { reattach: false, because: "is not in the config any more" };
  if (memory?.state === "stopping" && memory.reason === stoppedByHand) return { reattach: false, because: "was being stopped by hand" };
  if (recorded !== fingerprint(spec)) return { reattach: false, because: "is another one in the config" };
  return { reattach: true };
};

/**
 * What a unit goes on with whose process does not run any more. `started`: it is certain that there was one. One that this master has ended itself
 * has not ended unseen; what was known of a unit that is another one now is of no use.
 */
export const withoutProcess = (ours: boolean, started: boolean, memory: UnitMemory | null, lastExit: LastExit): Recovered => {
  const ended = (reason: string): UnitMemory => ({
    state: "stopped",
    reason,
    restarts: memory?.restarts ?? 0,
    lastExit,
    nextStartAt: null,
    row: memory?.row ?? noFailures,
    history: memory?.history ?? [],
  });
  if (memory?.state === "stopping" && memory.reason === stoppedByHand) return { ...nothing, memory: ended(stoppedByHand) };
  if (!ours) return nothing;
  return started ? { ...nothing, memory: ended("ended while no master ran"), endedUnseen: true } : { ...nothing, memory };
};

/** It is known to have ended with success. */
const isDone = ({ successExits }: UnitSpec["restart"], memory: UnitMemory | null): boolean => {
  const end = memory?.lastExit?.signal ?? memory?.lastExit?.code;
  return end !== null && end !== undefined && successExits.includes(end);
};

/** A schedule goes on, unless it was stopped by hand. */
export const waitsForNextRun = ({ enabled }: UnitSpec, memory: UnitMemory | null, held: boolean): boolean =>
  memory === null ? enabled && !held : memory.state !== "stopped" || memory.reason !== stoppedByHand;

/**
 * What was stopped by hand or given up stays so; a job that has ended unseen is not run again, whatever its end was. `held`: it was stopped by hand,
 * and that is to last.
 */
export const startsWithMaster = (spec: UnitSpec, { endedUnseen, memory, process }: Recovered, held = false): boolean => {
  const { enabled, onCall, onDemand, restart, schedule } = spec;
  if (process !== null) return true;
  if (onCall !== undefined) return false;
  // Of a schedule only a run that is to be tried again.
  if (schedule !== undefined) return memory?.state === "backoff";
  if (held) return false;
  // However it has ended: what starts is that it listens.
  if (endedUnseen && onDemand !== undefined) return true;
  if (endedUnseen) return restart.when !== "never" && !(restart.when === "on_failure" && isDone(restart, memory));
  return memory === null ? enabled : memory.state !== "stopped" && memory.state !== "failed";
};
