/**
 * A process that is being measured: what it says, what the kernel says of it, and when it ended.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const pollMillis = 1;
const patienceMillis = 30_000;

export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** By `performance.now`, just before it was spawned. */
  readonly at: number;
  /** `performance.now` when it had ended. */
  readonly ended: Promise<number>;
}

/** Of a master with folders of its own in `place`; only the compile cache, in `folder`, is shared. */
export const environmentIn = (folder: string, place: string): NodeJS.ProcessEnv => ({
  ...process.env,
  // The shebang finds the Node that this runs on.
  PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
  XDG_CACHE_HOME: join(folder, "cache"),
  HSU_RUNTIME_DIR: join(place, "run"),
  HSU_STATE_DIR: join(place, "state"),
});

/** Starts a program whose output goes to a file, so that nobody has to read it while time is taken. */
export const start = (command: string, args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv, log: string): Started => {
  const output = openSync(log, "a");
  const at = performance.now();
  const child = spawn(command, args, { env: environment, stdio: ["ignore", output, output] });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve(performance.now()));
  });
  closeSync(output);
  if (child.pid === undefined) throw new Error(`${command} was not started`);
  return { child, pid: child.pid, at, ended };
};

/** Asks again and again until there is an outcome. */
export const until = async <A>(what: string, { at, child }: Started, ask: () => A | undefined | Promise<A | undefined>): Promise<A> => {
  for (;;) {
    const outcome = await ask();
    if (outcome !== undefined) return outcome;
    if (child.exitCode !== null || performance.now() - at > patienceMillis) throw new Error(`not reached: ${what}`);
    await sleep(pollMillis);
  }
};

/** Sends SIGTERM; milliseconds until it has ended. */
export const terminate = async ({ child, ended }: Started): Promise<number> => {
  const at = performance.now();
  child.kill("SIGTERM");
  return (await ended) - at;
};

/** Effect RPC's ping: whoever answers has its server running, not only its socket open. */
const ping = `${JSON.stringify({ _tag: "Ping" })}\n`;

/** When, by `performance.now`, a unix socket took a connection, and when somebody answered on it; undefined when nobody listens. */
export const answered = (path: string): Promise<{ readonly connectedAt: number; readonly at: number } | undefined> =>
  new Promise((resolve) => {
    let connectedAt = 0;
    const socket = createConnection(path, () => {
      connectedAt = performance.now();
      socket.write(ping);
    });
    const end = (known: boolean): void => {
      socket.destroy();
      resolve(known ? { connectedAt, at: performance.now() } : undefined);
    };
    socket.once("data", (answer) => end(answer.includes("Pong")));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });

/** Pids of the children of a process, by whichever of its threads. */
export const childrenOf = (pid: number): ReadonlyArray<number> =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );

/** VmRSS in bytes. */
export const residentBytes = (pid: number): number => {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return Number(kib) * 1024;
};

export const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
