/**
 * Copies of what other processes have open (`pidfd_getfd`): how a master has the sockets of an earlier one from the units that have gone on.
 */
import { closeSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Libc } from "./Libc.ts";
import { procProbe } from "./Proc.ts";

/** The same on every machine: they are younger than the common numbering. */
const [pidfdOpen, pidfdGetfd] = [434, 438];
const traceCapability = 19;

const isSocket = (link: string): boolean => {
  try {
    return readlinkSync(link).startsWith("socket:");
  } catch {
    // Closed in between.
    return false;
  }
};

/** A copy of the first socket of a process that is the one; a reason where it cannot be had. */
export const copyFrom = (system: Libc, pid: number, isIt: (fd: number) => boolean): number | string => {
  const pidfd = system.syscall(pidfdOpen, pid, 0, 0);
  if (pidfd < 0) return `pidfd_open: ${system.errno()}`;
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      if (!isSocket(`/proc/${pid}/fd/${name}`)) continue;
      const fd = system.syscall(pidfdGetfd, pidfd, Number(name), 0);
      if (fd < 0) return `pidfd_getfd: ${system.errno()}`;
      if (isIt(fd)) return fd;
      closeSync(fd);
    }
    return `pid ${pid} does not have it`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    closeSync(pidfd);
  }
};

/** The same of a process or another one of its group. */
export const copyOf = (system: Libc, leader: number, isIt: (fd: number) => boolean): number | string => {
  const others = procProbe.groupMembers(leader).filter((pid) => pid !== leader);
  let reason = "nobody has it";
  for (const pid of [leader, ...others]) {
    const copy = copyFrom(system, pid, isIt);
    if (typeof copy === "number") return copy;
    reason = pid === leader ? copy : reason;
  }
  return reason;
};

/** What decides whether copies can be had. */
interface Limits {
  /** Yama's; null where there is none. */
  readonly ptraceScope: number | null;
  /** In hexadecimal, as `/proc/self/status` has them. */
  readonly capabilities: string;
}

/** Whether those who are no children of ours may be asked. Pure. */
export const isPermitted = ({ capabilities, ptraceScope }: Limits): boolean => {
  if (ptraceScope === null || ptraceScope === 0) return true;
  return ptraceScope < 3 && ((BigInt(`0x${capabilities}`) >> BigInt(traceCapability)) & 1n) === 1n;
};

const contentOf = (path: string): string | null => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
};

let known: boolean | undefined;

/** Whether a later master will be able to have what a unit has open, as far as can be told before: a sandbox may forbid the call, and Yama asking strangers. */
export const canCopy = (system: Libc, open: number): boolean => {
  if (known !== undefined) return known;
  const scope = contentOf("/proc/sys/kernel/yama/ptrace_scope");
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(contentOf("/proc/self/status") ?? "")?.[1] ?? "0";
  const pidfd = system.syscall(pidfdOpen, process.pid, 0, 0);
  const copy = pidfd < 0 ? -1 : system.syscall(pidfdGetfd, pidfd, open, 0);
  if (pidfd >= 0) closeSync(pidfd);
  if (copy >= 0) closeSync(copy);
  return (known = copy >= 0 && isPermitted({ capabilities, ptraceScope: scope === null ? null : Number(scope) }));
};
