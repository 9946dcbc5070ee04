/**
 * Control groups: everybody that a process starts stays in its group, whatever session or parent it has later. They need no right but that of making
 * folders below the master's own group; where they cannot be made, there are none, and nothing else changes.
 *
 * Who sets limits finds the folder in `ControlGroup.folder`; here is only who belongs together.
 */
import {
  closeSync,
  existsSync,
  type FSWatcher,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  watch,
  write,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { folderOf, type Hierarchy, hierarchies, ownFolder } from "./CgroupPlace.ts";

const bytes = Buffer.alloc(2048);

const read = (path: string): string | undefined => {
  try {
    const file = openSync(path, "r");
    try {
      const length = readSync(file, bytes, 0, bytes.length, 0);
      // What is less than half a page the kernel gives in one go.
      return length < bytes.length ? bytes.toString("latin1", 0, length) : readFileSync(path, "latin1");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENODEV: the group was removed while its file was open.
    if (code === "ENOENT" || code === "ESRCH" || code === "ENODEV") return undefined;
    throw error;
  }
};

const numbers = (text: string | undefined): ReadonlyArray<number> => (text ?? "").split(/\s+/).filter(Boolean).map(Number);

/** Whether a process has ended, or has waited for a child, whose page faults are then counted with its own: fields 11 and 13. */
const mayHaveLost = (pid: number): boolean => {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return true;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" || Number(fields[8]) + Number(fields[10]) > 0;
};

/** Folders of groups that this process knows of. */
const here = new Set<string>();

/** Empty folders that nobody uses any more: to remove one takes the kernel a while, and nobody waits for it. */
const leaving = new Set<string>();
/** Removed when none has been added for so long. */
const leavingMillis = 100;
let leavingTimer: ReturnType<typeof setTimeout> | undefined;

const removeLeaving = (): void => {
  for (const folder of leaving) {
    leaving.delete(folder);
    if (!removeAll(folder)) continue;
    here.delete(folder);
    // The instance's own goes with the last of them.
    if (here.size === 0) removeAll(dirname(folder));
  }
};

const leave = (folder: string): void => {
  leaving.add(folder);
  if (leavingTimer !== undefined) return void leavingTimer.refresh();
  leavingTimer = setTimeout(removeLeaving, leavingMillis);
  leavingTimer.unref();
  process.on("exit", removeLeaving);
};

/** The group of one unit. */
export class ControlGroup {
  readonly folder: string;
  readonly version: 1 | 2;
  /** Set while its first process is on its way into it. */
  #moving: Promise<void> | null = null;
  /** False where somebody may have been started outside of it. */
  #holds: boolean;

  constructor(version: 1 | 2, folder: string, holds: boolean) {
    here.add(folder);
    this.version = version;
    this.folder = folder;
    this.#holds = holds;
  }

  /**
   * Takes a process in that has just been started. That takes the kernel 10 ms (a grace period of RCU), which must not keep the master waiting:
   * meanwhile the process runs outside. Whom it has started by then is taken in behind it. A child that has ended by then may have left somebody
   * behind, and so may the process itself: then the group does not hold all.
   */
  add(pid: number, refused: () => void): void {
    const failed = (): void => {
      this.#holds = false;
      refused();
    };
    let file: number;
    try {
      file = openSync(this.#procs, "w");
    } catch {
      return failed();
    }
    this.#moving = new Promise((moved) => {
      write(file, String(pid), (error) => {
        this.#moving = null;
        closeSync(file);
        if (error === null) {
          this.#holds = this.#takeDescendants(pid);
          // ESRCH: it has ended.
        } else if (error.code === "ESRCH") this.#holds = false;
        else failed();
        moved();
      });
    });
  }

  get holds(): boolean {
    return this.#holds;
  }

  /** Null when nobody is on the way into it. */
  get settled(): Promise<void> | null {
    return this.#moving;
  }

  get #procs(): string {
    return `${this.folder}/cgroup.procs`;
  }

  /** Takes in whom a process has started before it was taken in itself; false when somebody of them may not have been found. */
  #takeDescendants(pid: number): boolean {
    let all = true;
    for (const child of numbers(read(`/proc/${pid}/task/${pid}/children`))) {
      try {
        writeFileSync(this.#procs, String(child));
      } catch {
        // It has ended: seen below.
      }
      all = this.#takeDescendants(child) && all;
    }
    return all && !mayHaveLost(pid);
  }

  /** Pids; without those in groups that the unit has made itself. */
  members(): ReadonlyArray<number> {
    return numbers(read(this.#procs));
  }

  /** Whether anybody runs in it, or in a group below it. */
  populated(): boolean {
    if (this.version === 1) return this.members().length > 0;
    return read(`${this.folder}/cgroup.events`)?.includes("populated 1") ?? false;
  }

  /** SIGKILL to everybody in it, also to those who are just starting somebody. */
  kill(): void {
    if (this.version === 2 && this.#put("cgroup.kill", "1")) return;
    // Frozen, nobody can start one more between the look and the signal.
    const [file, on, off] = this.version === 2 ? ["cgroup.freeze", "1", "0"] : ["freezer.state", "FROZEN", "THAWED"];
    this.#put(file, on);
    for (const pid of this.members()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended, or is not ours to kill: whoever waits for the group sees that.
      }
    }
    this.#put(file, off);
  }

  #put(name: string, value: string): boolean {
    try {
      // Not made where the kernel has none.
      const file = openSync(`${this.folder}/${name}`, "r+");
      try {
        writeFileSync(file, value);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Calls back when it may have become empty; undefined where the kernel does not tell. */
  watch(changed: () => void): FSWatcher | undefined {
    if (this.version === 1) return undefined;
    try {
      const watcher = watch(`${this.folder}/cgroup.events`, { persistent: false }, changed);
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      // No inotify instance is left, or the group has gone: looking is left.
      return undefined;
    }
  }

  /** Soon; it stays where anybody is in it then. */
  remove(): void {
    leave(this.folder);
  }
}

/** False when it is there already. */
const makeFolder = (folder: string): boolean => {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "ENOENT") throw error;
    mkdirSync(folder, { recursive: true });
    return true;
  }
};

const removeFolder = (folder: string): boolean => {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
};

/** Its files go with a group; groups that the unit has made in it have to go before. */
const removeAll = (folder: string): boolean => {
  if (removeFolder(folder)) return true;
  for (const { name, isDirectory } of entriesOf(folder)) if (isDirectory) removeAll(join(folder, name));
  return removeFolder(folder);
};

const entriesOf = (folder: string): ReadonlyArray<{ readonly name: string; readonly isDirectory: boolean }> => {
  try {
    return readdirSync(folder, { withFileTypes: true }).map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  } catch {
    return [];
  }
};

/** What makes groups, and finds those that an earlier master has made. */
export interface ControlGroups {
  /** A new one, or one that was left empty; undefined where none can be made. */
  readonly make: (instance: string, name: string) => ControlGroup | undefined;
  /** The one of a process, where that is of this instance. */
  readonly of: (instance: string, pid: number) => ControlGroup | undefined;
  /** One that was left behind. */
  readonly left: (instance: string, name: string) => ControlGroup | undefined;
  /** What cannot be done once is not tried again. */
  readonly giveUp: () => void;
}

interface Place {
  readonly hierarchy: Hierarchy;
  readonly folder: string;
}

/** Where a group can be made: tried, since no flag says it. */
const findPlace = (instance: string): Place | null => {
  const own = read("/proc/self/cgroup") ?? "";
  for (const hierarchy of hierarchies(read("/proc/self/mountinfo") ?? "")) {
    const folder = ownFolder(hierarchy, own);
    if (folder === undefined) continue;
    try {
      mkdirSync(join(folder, instance), { recursive: true });
      // Without this nobody may be taken in.
      closeSync(openSync(join(folder, "cgroup.procs"), "r+"));
      return { hierarchy, folder };
    } catch {
      // Not ours to write to, mounted read-only, or a cpuset that wants its settings first.
    }
  }
  return null;
};

/** Whether an earlier master may have set limits of this process: it is in a controller's group of this instance. */
export const isControlled = (instance: string, pid: number, group: ControlGroup | undefined): boolean => {
  if (group?.version === 2 && (read(join(group.folder, "cgroup.controllers")) ?? "").trim() !== "") return true;
  return (read(`/proc/${pid}/cgroup`) ?? "")
    .split("\n")
    .some((line) => /^\d+:(?!freezer:)[^:]+:/.test(line) && line.includes(`/${instance}/`));
};

/** None at all. */
export const noControlGroups: ControlGroups = { make: () => undefined, of: () => undefined, left: () => undefined, giveUp: () => {} };

/** The groups of this machine; looked for when the first is made. */
export const controlGroups = (): ControlGroups => {
  let place: Place | null | undefined;
  const make: ControlGroups["make"] = (instance, name) => {
    place ??= findPlace(instance);
    if (place === null) return undefined;
    // As `left` writes it: these are the names under which groups are known.
    const at = join(place.folder, instance, name);
    if (leaving.has(at)) removeLeaving();
    // Somebody may still be in the one of an earlier run who could not be ended.
    for (let n = 1; n < 10; n++) {
      const group = new ControlGroup(place.hierarchy.version, n === 1 ? at : `${at}~${n}`, true);
      try {
        if (makeFolder(group.folder) || !group.populated()) return group;
      } catch {
        return undefined;
      }
    }
    return undefined;
  };
  return {
    make,
    of: (instance, pid) => {
      const cgroup = read(`/proc/${pid}/cgroup`) ?? "";
      for (const hierarchy of hierarchies(read("/proc/self/mountinfo") ?? "")) {
        const folder = folderOf(hierarchy, cgroup);
        // It may have made groups of its own, and be in one of them.
        for (let at = folder; at !== undefined && at.length > hierarchy.mount.length; at = dirname(at)) {
          if (basename(dirname(at)) === instance) return new ControlGroup(hierarchy.version, at, false);
        }
      }
      return undefined;
    },
    left: (instance, name) => {
      removeLeaving();
      const own = read("/proc/self/cgroup") ?? "";
      for (const hierarchy of hierarchies(read("/proc/self/mountinfo") ?? "")) {
        const above = ownFolder(hierarchy, own);
        const folder = above === undefined ? "" : join(above, instance, name);
        if (folder !== "" && existsSync(folder)) return new ControlGroup(hierarchy.version, folder, false);
      }
      return undefined;
    },
    giveUp: () => (place = null),
  };
};
