/**
 * `posix_spawn` of the C library: it does not copy the master's memory map as Node's fork does, so it takes a third of the time in a small master, and
 * the same in a large one. By koffi's binary alone: with its wrapper it costs seven megabytes, without it one.
 */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProcessExit } from "../Process.ts";
import { adopts, awaitedPids, isAwaited, tellEnd, tidying } from "./Orphans.ts";
import { exitFrom } from "./Reap.ts";

/** What is spawned; descriptors are kept open for the process under these numbers. */
export interface NativeSpawn {
  /** With a slash in it. */
  readonly path: string;
  readonly args: ReadonlyArray<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Standard input, output and error; `ignore` is /dev/null. */
  readonly stdio: ReadonlyArray<number | "ignore">;
  /** One more, under a number that programs hardly ever use for themselves. */
  readonly keeper?: number | undefined;
}

export interface NativeChild {
  readonly pid: number;
  /** Calls back when it has ended, from the event loop. */
  readonly onEnd: (ended: (exit: ProcessExit) => void) => void;
}

export interface NativeSpawner {
  /** Undefined where it does not succeed, for whatever reason. */
  readonly now: (what: NativeSpawn) => NativeChild | undefined;
  /**
   * The same in another thread, while the loop goes on: `done` is called from the loop, before anything can have been heard of the child. False where
   * that cannot be had just now: then `done` is not called.
   */
  readonly beside: (what: NativeSpawn, done: (child: NativeChild | undefined) => void) => boolean;
}

interface Call {
  (...args: ReadonlyArray<unknown>): number;
  /** In one of libuv's threads; the buffers among the arguments have to be kept until then. */
  readonly async: (...args: ReadonlyArray<unknown>) => void;
}
interface Library {
  readonly func: (prototype: string) => Call;
}

/** The binary beside the package that brings it, as npm and its like lay them out; undefined where none is installed. */
const findBinary = (): string | undefined => {
  const [owner, name] = ["@koromix", `koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`];
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    const koffi = join(modules, "koffi");
    if (existsSync(koffi)) {
      const places = [modules, join(koffi, "node_modules"), dirname(realpathSync(koffi))];
      return places.map((place) => join(place, owner, name)).find(existsSync);
    }
    if (folder === dirname(folder)) return undefined;
  }
};

const load = (): Library => {
  const file = findBinary();
  if (file === undefined) throw new Error("koffi is not installed");
  const module = { exports: {} as { readonly load: (path: null) => Library } };
  process.dlopen(module, file);
  return module.exports.load(null);
};

// The same in glibc and musl, on all machines with 64 bits.
const [setSignalDefaults, setSignalMask, setSession] = [0x04, 0x08, 0x80];
const readWrite = 2;
const [noHang, exited, noWait] = [1, 4, 0x0100_0000];
/** Below 64, where the table of descriptors would have to grow; above what shells and programs open for themselves. */
const keeperNumber = 50;
/** Larger than each of the library's own structures. */
const structureBytes = 512;
/** So many that other threads spawn may be under way: more than one turn of the loop starts. */
const besideAtMost = 16;
const signalSetBytes = 128;
/** `PR_SET_CHILD_SUBREAPER`: stays over an upgrade, which is the same process. */
const childSubreaper = 36;
/** In `siginfo_t`, of who has ended. */
const pidOffset = 16;

const make = (): NativeSpawner => {
  const library = load();
  const pointers = (count: number): string => Array.from({ length: count }, () => "void *").join(", ");
  const declare = (name: string, args: string): Call => library.func(`int ${name}(${args})`);
  const spawn = declare("posix_spawn", "void *, const char *, void *, void *, const char **, const char **");
  const initActions = declare("posix_spawn_file_actions_init", pointers(1));
  const freeActions = declare("posix_spawn_file_actions_destroy", pointers(1));
  const addDuplicate = declare("posix_spawn_file_actions_adddup2", "void *, int, int");
  const addOpen = declare("posix_spawn_file_actions_addopen", "void *, int, const char *, int, int");
  const addFolder = declare("posix_spawn_file_actions_addchdir_np", "void *, const char *");
  if (adopts()) library.func("int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)")(childSubreaper, 1, 0, 0, 0);
  const waitid = declare("waitid", "int, int, void *, int");
  const waitpid = declare("waitpid", "int, void *, int");

  /** A session of its own, no signal blocked or ignored: Node ignores SIGPIPE. */
  const attributes = Buffer.alloc(structureBytes);
  const signals = Buffer.alloc(structureBytes);
  declare("posix_spawnattr_init", pointers(1))(attributes);
  declare("posix_spawnattr_setflags", "void *, short")(attributes, setSignalDefaults | setSignalMask | setSession);
  declare("posix_spawnattr_setsigmask", pointers(2))(attributes, signals);
  // Also those two that the library keeps for itself, which it would leave ignored.
  signals.fill(0xff, 0, signalSetBytes);
  declare("posix_spawnattr_setsigdefault", pointers(2))(attributes, signals);

  const buffers = (): Buffers => ({ actions: Buffer.alloc(structureBytes), pid: Buffer.alloc(8) });
  const own = buffers();
  /** Those of spawns that are over. */
  const free: Array<Buffers> = [];
  let besides = 0;
  const status = Buffer.alloc(8);
  const info = Buffer.alloc(structureBytes);

  /** Those that nobody has waited for. */
  const children = new Map<number, { ended: ((exit: ProcessExit) => void) | null }>();
  /** Children keep a program going, as Node's own do; a timer that never comes does that. */
  let lifeline: ReturnType<typeof setInterval> | null = null;

  const reap = (child: number): void => {
    if (waitpid(child, status, noHang) !== child) return;
    tellEnd(child, exitFrom(status.readInt32LE(0)));
    const entry = children.get(child);
    children.delete(child);
    if (children.size === 0 && lifeline !== null) {
      clearInterval(lifeline);
      lifeline = null;
    }
    entry?.ended?.(exitFrom(status.readInt32LE(0)));
  };
  const orphans = tidying(
    (child) => children.has(child) || isAwaited(child),
    // It may be one that another thread has spawned, which is not known yet: that is looked after when it is.
    (child) => void (besides === 0 && waitpid(child, null, noHang)),
  );
  /** Whether the next turn looks. */
  let isComing = false;
  /** Somebody has ended whom another thread has just spawned, as far as is known. */
  let isMissed = false;
  /**
   * One signal may stand for many ends. One is told in a turn of the loop: where many are asked to end, all are asked before each end is dealt with.
   */
  const look = (): void => {
    info.writeInt32LE(0, pidOffset);
    if (waitid(0, 0, info, exited | noHang | noWait) !== 0) return;
    const first = info.readInt32LE(pidOffset);
    if (first === 0) return;
    // Somebody else's, who will wait for it, hides those that have ended after it.
    if (!children.has(first) && !isAwaited(first)) {
      isMissed = besides > 0;
      if (adopts()) orphans.seen(first);
      return [...children.keys(), ...awaitedPids()].forEach(reap);
    }
    isComing = true;
    setImmediate(lookAgain);
    reap(first);
  };
  const lookAgain = (): void => {
    isComing = false;
    look();
  };
  process.on("SIGCHLD", () => (isComing ? undefined : look()));

  /** What the call is made with; undefined where it cannot be made. What it has of the library's is given back with `freeActions`. */
  const prepared = (
    { args, cwd, env, keeper, path, stdio }: NativeSpawn,
    { actions, pid }: Buffers,
  ): ReadonlyArray<unknown> | undefined => {
    const words: Array<string | null> = [...args];
    const environment: Array<string | null> = [];
    for (const name in env) environment.push(`${name}=${env[name]}`);
    // Its own descriptors would be in the way of those that it is to have.
    if (stdio.some((from) => from !== "ignore" && from < stdio.length)) return undefined;
    // A zero ends a text for C.
    if (hasZero(words) || hasZero(environment) || hasZero([path, cwd])) return undefined;
    words.push(null);
    environment.push(null);
    if (initActions(actions) !== 0) return undefined;
    const give = (from: number | "ignore", to: number): number =>
      from === "ignore" ? addOpen(actions, to, "/dev/null", readWrite, 0) : addDuplicate(actions, from, to);
    const isPrepared = stdio.every((from, to) => give(from, to) === 0) && addFolder(actions, cwd) === 0;
    if (isPrepared && (keeper === undefined || give(keeper, keeperNumber) === 0)) {
      return [pid, path, actions, attributes, words, environment];
    }
    freeActions(actions);
    return undefined;
  };
  const childOf = ({ pid }: Buffers): NativeChild => {
    const child = pid.readInt32LE(0);
    const entry: { ended: ((exit: ProcessExit) => void) | null } = { ended: null };
    children.set(child, entry);
    lifeline ??= setInterval(() => {}, 0x7fff_ffff);
    return { pid: child, onEnd: (ended) => void (entry.ended = ended) };
  };
  return {
    now: (what) => {
      const call = prepared(what, own);
      if (call === undefined) return undefined;
      const result = spawn(...call);
      freeActions(own.actions);
      return result === 0 ? childOf(own) : undefined;
    },
    beside: (what, done) => {
      if (besides === besideAtMost) return false;
      const mine = free.pop() ?? buffers();
      const call = prepared(what, mine);
      if (call === undefined) {
        free.push(mine);
        return false;
      }
      besides += 1;
      spawn.async(...call, (error: unknown, result: number) => {
        besides -= 1;
        freeActions(mine.actions);
        const child = error === null && result === 0 ? childOf(mine) : undefined;
        free.push(mine);
        // It may have ended before it was known.
        if (isMissed && !isComing) {
          isMissed = false;
          isComing = true;
          setImmediate(lookAgain);
        }
        done(child);
      });
      return true;
    },
  };
};

/** What a spawn writes to and reads while it is under way. */
interface Buffers {
  readonly actions: Buffer;
  readonly pid: Buffer;
}

const hasZero = (texts: ReadonlyArray<string | null>): boolean => {
  for (const text of texts) if (text?.includes("\0") === true) return true;
  return false;
};

/** Another thread than the main one hears none, and may not change the folder either. To ask `worker_threads` would load it. */
const hearsSignals = (): boolean => (process.chdir as { readonly disabled?: boolean }).disabled !== true;

let made: NativeSpawner | null | undefined;

/** Null where there is no such way: another system, no binary for it, or a thread that hears no signals. */
export const nativeSpawn = (): NativeSpawner | null => {
  if (made !== undefined) return made;
  try {
    made = process.platform === "linux" && hearsSignals() ? make() : null;
  } catch {
    made = null;
  }
  return made;
};
