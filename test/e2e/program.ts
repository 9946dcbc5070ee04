/**
 * The `hsu` program as its users run it: as a process, with folders of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { inject } from "vitest";
import { connect } from "../../src/cli/Client.ts";
import { removeGroups } from "../groups.ts";
import { marked } from "../marked.ts";
import type { MasterStatus } from "../../src/protocol/MasterRpc.ts";

export interface Ended {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly out: () => string;
}

export interface Home {
  readonly folder: string;
  /** Starts the program in the folder. */
  readonly start: (...argv: ReadonlyArray<string>) => Started;
  /** The same place, with its programs started by this command. */
  readonly through: (...command: ReadonlyArray<string>) => Pick<Home, "hsu">;
  /** Runs it to its end. */
  readonly hsu: (...argv: ReadonlyArray<string>) => Promise<Ended>;
  /** Without units where no master answers. */
  readonly status: () => Promise<MasterStatus>;
  /** `kill -9`; it is gone afterwards. */
  readonly killMaster: () => Promise<void>;
  /** The processes that were started here and still run: all that inherited this folder's mark, whoever their parent is now. */
  readonly left: () => ReadonlyArray<number>;
  /** Ends what is left and removes the folder. */
  readonly clean: () => void;
}

/** Looks every few milliseconds until it is so. */
export const until = async <A>(what: string, look: () => A | Promise<A>, isSo: (seen: A) => boolean, millis = 30_000): Promise<A> => {
  const deadline = performance.now() + millis;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`${what}: not in time, last seen ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
};

/** A port of 127.0.0.1 that nobody listens on. */
export const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** What is known of a master that does not answer. */
const nothing: MasterStatus = { pid: 0, version: "", source: "", phase: "starting", startedAt: 0, now: 0, memory: null, units: [] };

/** As `hsu status -o json` prints it; over the socket, since a program a look would be most of what these tests cost. */
const statusAt = (socketPath: string): Promise<MasterStatus> =>
  connect(socketPath).pipe(
    Effect.flatMap(({ call }) => call.Status(undefined)),
    Effect.scoped,
    Effect.map((status) => JSON.parse(JSON.stringify(status)) as MasterStatus),
    Effect.catch(() => Effect.succeed(nothing)),
    Effect.runPromise,
  );

/** A new folder, with a copy of `from` in it where that is given. `program` is another one than the one built from these sources. */
export const home = (from?: string, program = inject("builtProgram"), folder = mkdtempSync(join(tmpdir(), "hsu-e2e-"))): Home => {
  if (from !== undefined) cpSync(from, folder, { recursive: true });
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    HSU_RUNTIME_DIR: join(folder, "run"),
    HSU_STATE_DIR: join(folder, "state"),
    XDG_CACHE_HOME: join(tmpdir(), "hsu-test-cache"),
    HSU_TEST_MARK: folder,
  };
  const startBy = ([first = process.execPath, ...more]: ReadonlyArray<string>, argv: ReadonlyArray<string>): Started => {
    const child = spawn(first, [...more, program, ...argv], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += String(chunk)));
    child.stderr.on("data", (chunk) => (err += String(chunk)));
    const ended = new Promise<Ended>((done) => child.on("close", (code, signal) => done({ code: signal ?? code, out, err })));
    return { child, ended, out: () => out };
  };
  const start: Home["start"] = (...argv) => startBy([], argv);
  const hsu: Home["hsu"] = (...argv) => start(...argv).ended;
  const status = () => statusAt(join(folder, "run/master.sock"));
  const left: Home["left"] = () => marked(`HSU_TEST_MARK=${folder}`);
  return {
    folder,
    start,
    through: (...command) => ({ hsu: (...argv) => startBy([...command, process.execPath], argv).ended }),
    hsu,
    left,
    status,
    killMaster: async () => {
      process.kill((await status()).pid, "SIGKILL");
      await until("nobody answers", status, ({ pid }) => pid === 0);
    },
    clean: () => {
      const end = (): boolean => {
        const found = left();
        for (const pid of found) {
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It ended by itself.
          }
        }
        return found.length > 0;
      };
      // A master may have been starting one more as it was killed.
      for (let tries = 0; tries < 100 && end(); tries++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      // A master that was killed could not remove the groups of its units.
      removeGroups(join(folder, "state"));
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
