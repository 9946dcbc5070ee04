/**
 * Finds processes of others in `/proc`. Whoever is found was looked at twice: with the same start time before and after the question whether it is
 * the right one, so that the answer is about one process and not about two that had the pid in turn.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import * as Effect from "effect/Effect";
import { type DiscoveryQuery, type Foreign, ServiceManagerError, Undiscovered } from "../Discovery.ts";
import type { ProcessIdentity } from "../Process.ts";
import type { Probe } from "../Probe.ts";
import { foreignProcess } from "./Foreign.ts";
import { startedAtMillis } from "./Proc.ts";
import { holds, socketsOn } from "./Sockets.ts";

const absent = (what: string) => new Undiscovered({ reason: "Absent", what });
const stranger = (what: string) => new Undiscovered({ reason: "Stranger", what });
const unavailable = (what: string) => new Undiscovered({ reason: "Unavailable", what });

const text = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended, or is not ours to look at: then it is not known to be the right one.
    return "";
  }
};

const programOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
};

/** What a process is called: by its program, by its first argument, and by the kernel (which cuts at 15 bytes). */
const hasName = (pid: number, name: string, [first = ""]: ReadonlyArray<string>): boolean =>
  name.includes("/")
    ? first === name || programOf(pid) === name
    : basename(first) === name || text(`/proc/${pid}/comm`).trimEnd() === name || basename(programOf(pid)) === name;

/** Whether all of `wanted` are among `given`, in this order. */
export const includesInOrder = (given: ReadonlyArray<string>, wanted: ReadonlyArray<string>): boolean => {
  let found = 0;
  for (const each of given) if (each === wanted[found]) found++;
  return found >= wanted.length;
};

const fits = (pid: number, { args, name }: DiscoveryQuery): boolean => {
  if (name === undefined && args === undefined) return true;
  const line = text(`/proc/${pid}/cmdline`).split("\0");
  if (line.at(-1) === "") line.pop();
  return (name === undefined || hasName(pid, name, line)) && (args === undefined || includesInOrder(line.slice(1), args));
};

const pids = (): ReadonlyArray<number> => readdirSync("/proc").flatMap((entry) => (/^\d+$/.test(entry) ? [Number(entry)] : []));

/** The kernel's clocks are read at different instants, and a file's time comes from a coarse one. */
const slackMillis = 1000;

/** Who is asked for, in words. */
const wanted = ({ args, name }: DiscoveryQuery): string =>
  [
    name === undefined ? "no process" : `no process ${JSON.stringify(name)}`,
    ...(args === undefined ? [] : [`with ${args.join(" ")}`]),
  ].join(" ");

type Environment = Readonly<Record<string, string | undefined>>;

/** `timeout` 0: as long as it takes. */
const systemctl = (args: ReadonlyArray<string>, environment: Environment, timeout: number): Effect.Effect<string, string> =>
  Effect.callback((resume) => {
    const child = execFile(
      "systemctl",
      [...args],
      { timeout, env: { ...environment, LC_ALL: "C" }, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error === null) return resume(Effect.succeed(stdout));
        const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "systemctl is not installed" : stderr.trim().split("\n")[0];
        resume(Effect.fail(why === undefined || why === "" ? error.message : why));
      },
    );
    return Effect.sync(() => void child.kill());
  });

export const make = (probe: Probe, environment: Environment): Foreign => {
  /** The oldest of those who fit: who was there before its own workers. */
  const oldest = (candidates: ReadonlyArray<number>, isIt: (pid: number) => boolean): ProcessIdentity | undefined => {
    let best: ProcessIdentity | undefined;
    for (const pid of candidates) {
      const identity = pid === process.pid ? undefined : sure(pid, isIt);
      if (identity !== undefined && (best === undefined || identity.startTime < best.startTime)) best = identity;
    }
    return best;
  };
  const sure = (pid: number, isIt: (pid: number) => boolean): ProcessIdentity | undefined => {
    const before = probe.look(pid);
    if (before === undefined || !before.running || !isIt(pid)) return undefined;
    const after = probe.look(pid);
    return after !== undefined && after.running && after.startTime === before.startTime
      ? { pid, startTime: before.startTime, bootId: probe.bootId() }
      : undefined;
  };
  const isStill = (current: ProcessIdentity | null, isIt: (pid: number) => boolean): current is ProcessIdentity =>
    current !== null && sure(current.pid, isIt)?.startTime === current.startTime;

  /** The process with this pid, if it is the one that is meant. */
  const named = (pid: number, from: string, query: DiscoveryQuery): ProcessIdentity | Undiscovered => {
    if (pid === process.pid) return stranger(`${from} names this master`);
    const identity = sure(pid, () => true);
    if (identity === undefined) return absent(`${from} names pid ${pid}, which does not run`);
    if (sure(pid, (each) => fits(each, query)) === undefined) {
      return stranger(
        `${from} names pid ${pid}, which is another program (${basename(programOf(pid)) || text(`/proc/${pid}/comm`).trimEnd()})`,
      );
    }
    return identity;
  };

  const byPidFile = (query: DiscoveryQuery, file: string): ProcessIdentity | Undiscovered => {
    let content: string;
    let written: number;
    try {
      content = readFileSync(file, "latin1");
      written = statSync(file).mtimeMs;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      return absent(code === "ENOENT" ? `there is no ${file}` : `${file} cannot be read (${code})`);
    }
    const pid = Number(/^\s*(\d{1,10})\s*(?:\n|$)/.exec(content)?.[1] ?? 0);
    if (pid === 0) return absent(`${file} does not begin with a pid`);
    const found = named(pid, file, query);
    if (found instanceof Undiscovered) return found;
    // A daemon is there before its PID file is: who started later has got the pid of one that is gone.
    return startedAtMillis(found.startTime) > written + slackMillis
      ? stranger(`${file} is stale: pid ${pid} started after it was written, so it is another process`)
      : found;
  };

  const byName = (query: DiscoveryQuery, current: ProcessIdentity | null): ProcessIdentity | Undiscovered => {
    const isIt = (pid: number) => fits(pid, query);
    return isStill(current, isIt) ? current : (oldest(pids(), isIt) ?? absent(`${wanted(query)} runs`));
  };

  const byPort = (query: DiscoveryQuery, port: number, current: ProcessIdentity | null): ProcessIdentity | Undiscovered => {
    const protocol = query.protocol ?? "tcp";
    const place = `${protocol} port ${port}`;
    const sockets = socketsOn(port, protocol);
    if (sockets.size === 0) return absent(`nobody listens on ${place}`);
    let hidden = false;
    let other = false;
    const isIt = (pid: number): boolean => {
      const answer = holds(pid, sockets);
      if (answer === undefined) hidden = true;
      if (answer !== true) return false;
      if (fits(pid, query)) return true;
      other = true;
      return false;
    };
    if (isStill(current, isIt)) return current;
    const found = oldest(pids(), isIt);
    if (found !== undefined) return found;
    if (other) return stranger(`who listens on ${place} is another program`);
    return absent(`somebody listens on ${place}${hidden ? ", and only root may see who" : " in a process that cannot be seen from here"}`);
  };

  const byService = (query: DiscoveryQuery, service: string): Effect.Effect<ProcessIdentity | Undiscovered, Undiscovered> => {
    const ask = (...scope: ReadonlyArray<string>) =>
      Effect.map(systemctl([...scope, "show", "--property=MainPID", "--value", "--", service], environment, 10_000), (out) =>
        Number(out.trim()),
      );
    const asked = ask().pipe(
      // What is no service of the system may be one of the user.
      Effect.flatMap((pid) => (pid > 0 || process.getuid?.() === 0 ? Effect.succeed(pid) : Effect.orElseSucceed(ask("--user"), () => 0))),
      Effect.mapError((why) => unavailable(`systemd cannot be asked for ${JSON.stringify(service)}: ${why}`)),
    );
    return Effect.map(asked, (pid) =>
      pid > 0 ? named(pid, `systemd's service ${JSON.stringify(service)}`, query) : absent(`systemd runs no ${JSON.stringify(service)}`),
    );
  };

  const find = (query: DiscoveryQuery, current: ProcessIdentity | null): Effect.Effect<ProcessIdentity | Undiscovered, Undiscovered> => {
    const { method, pidFile, port, service } = query;
    if (method === "service-name" && service !== undefined) return byService(query, service);
    if (method === "pid-file" && pidFile !== undefined) return Effect.sync(() => byPidFile(query, pidFile));
    if (method === "port" && port !== undefined) return Effect.sync(() => byPort(query, port, current));
    return Effect.sync(() => byName(query, current));
  };

  return {
    discover: (query, current) =>
      Effect.flatMap(find(query, current), (found) =>
        found instanceof Undiscovered
          ? Effect.fail(found)
          : Effect.succeed(foreignProcess(found, Math.round(startedAtMillis(found.startTime)), probe)),
      ),
    restartService: (service) =>
      systemctl(["restart", "--", service], environment, 0).pipe(
        Effect.asVoid,
        Effect.mapError((what) => new ServiceManagerError({ service, what })),
      ),
  };
};
