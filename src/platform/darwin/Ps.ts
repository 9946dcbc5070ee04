/**
 * The probe where there is no `/proc`: `ps` and `pidusage`. A look costs some milliseconds, so callers look at events only.
 */
import { execFileSync } from "node:child_process";
import * as Effect from "effect/Effect";
import { type Meter, noUsage } from "../Meter.ts";
import type { Probe } from "../Probe.ts";
import { lookArgs, membersArgs, membersOf, sightingOf } from "./PsOutput.ts";

const run = (command: string, ...args: ReadonlyArray<string>): string => {
  try {
    return execFileSync(command, [...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: "/bin:/usr/bin:/sbin:/usr/sbin", LC_ALL: "C", TZ: "UTC" },
    });
  } catch {
    return ""; // ps exits 1 when nobody has the pid
  }
};

let bootId: string | undefined;

/** By `pidusage`: of its first process alone, as nobody tells of the others without a look at all. */
const usageMeter = async (pid: number, startTime: number): Promise<Meter> => {
  const { default: pidusage } = await import("pidusage");
  return {
    read: async () => {
      const usage = await pidusage(pid).catch(() => undefined);
      const now = psProbe.look(pid);
      if (usage === undefined || now?.startTime !== startTime || !now.running) return undefined;
      return { ...noUsage, cpuMillis: usage.ctime, rssBytes: usage.memory, processes: 1 };
    },
    close: () => {},
  };
};

export const psProbe: Probe = {
  meter: usageMeter,
  bootId: () => (bootId ??= run("sysctl", "-n", "kern.bootsessionuuid").trim() || "unknown"),
  look: (pid) => sightingOf(run("ps", ...lookArgs(pid))),
  groupMembers: (group) => membersOf(run("ps", ...membersArgs), group),
  // `ps -E` shows environments of one's own processes only in part: nobody is taken for ours by mistake.
  marked: () => [],
  stats: (pid, startTime) =>
    Effect.gen(function* () {
      const { default: pidusage } = yield* Effect.promise(() => import("pidusage"));
      const usage = yield* Effect.promise(() => pidusage(pid).catch(() => undefined));
      // Asked after the measurement: the answer was about the pid, and the pid is still the same process.
      const now = psProbe.look(pid);
      if (usage === undefined || now?.startTime !== startTime || !now.running) return undefined;
      return { rssBytes: usage.memory, cpuMillis: usage.ctime, threads: null };
    }),
};
