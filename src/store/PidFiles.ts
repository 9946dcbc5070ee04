/**
 * `<state>/pids/<unit>.pid`, for what looks for a process by such a file: the pid and a newline, as long as the process runs. Beside it, for an
 * integrated unit, `<unit>.port`.
 */
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { Paths } from "../platform/index.ts";
import { type ProcessRecord, type Store, StoreUnusable } from "./Store.ts";
import { makeFolder } from "../platform/Folder.ts";

/** So long, and so many, files of ended processes are kept in a folder beside for the next process of the same unit. */
const asideMillis = 10_000;
const asideAtMost = 128;

/** The store, with a file for each process that it knows of. `unwritable` hears of each that cannot be written. The folder must be private. */
export const beside = (store: Store, directory: string, unwritable: (error: StoreUnusable) => void): Store => {
  const namesOf = (unit: string): { readonly pid: string; readonly port: string } => {
    const name = Paths.fileName(unit);
    return { pid: `${name}.pid`, port: `${name}.port` };
  };
  const attempt = (file: string, act: (file: string) => void): void => {
    try {
      act(file);
    } catch (cause) {
      unwritable(new StoreUnusable({ file, reason: cause instanceof Error ? cause.message : String(cause) }));
    }
  };
  /** Those that are there, by how long they are; null: an earlier master's. */
  const written = new Map<string, number | null>();
  /**
   * Those that are kept aside, by how long they are: to make and remove a file each time costs a unit that fails again and again a third of what a start
   * does, on ext4, which looks through all that were removed in the last minutes to make one. Only the same unit's: who still has it open reads no
   * stranger's pid.
   */
  const aside = new Map<string, number>();
  const asideFolder = `${directory}.aside`;
  const removeAside = (): void => attempt(asideFolder, () => rmSync(asideFolder, { recursive: true, force: true }));
  removeAside();
  let timer: NodeJS.Timeout | undefined;
  const dismiss = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const name of aside.keys()) attempt(`${asideFolder}/${name}`, remove);
    aside.clear();
  };
  const keep = (file: string, name: string, length: number): boolean => {
    try {
      if (aside.size === 0) makeFolder(asideFolder, 0o700);
      renameSync(file, `${asideFolder}/${name}`);
    } catch {
      // It is removed then.
      return false;
    }
    aside.set(name, length);
    timer ??= setTimeout(dismiss, asideMillis).unref();
    return true;
  };
  const lay = (name: string): void =>
    attempt(`${directory}/${name}`, (file) => {
      const length = written.get(name);
      written.delete(name);
      if (length === undefined || (length !== null && aside.size < asideAtMost && keep(file, name, length))) return;
      remove(file);
    });
  const write = (name: string, value: number): void =>
    attempt(`${directory}/${name}`, (file) => {
      const text = `${value}\n`;
      const before = aside.get(name);
      aside.delete(name);
      written.set(name, text.length);
      const kept = `${asideFolder}/${name}`;
      // Another length would be seen half done by who still has it open.
      if (before === text.length && rewritten(kept, text)) return renameSync(kept, file);
      if (before !== undefined) remove(kept);
      // Whoever reads it finds a whole one.
      writeFileSync(`${file}.new`, text, { mode: 0o644 });
      renameSync(`${file}.new`, file);
    });
  const known = new Set(store.processes.flatMap(({ unit }) => Object.values(namesOf(unit))));
  // Of an earlier boot, or of what has ended since.
  for (const name of readdirSync(directory)) {
    if (known.has(name)) written.set(name, null);
    else attempt(`${directory}/${name}`, (file) => rmSync(file, { force: true }));
  }
  // A record of a version that wrote the port into its file only.
  for (const record of store.processes) {
    if (record.port !== undefined) continue;
    const port = portIn(`${directory}/${namesOf(record.unit).port}`);
    if (port !== undefined) store.putProcess({ ...record, port });
  }
  const tell = ({ identity, port, unit }: ProcessRecord): void => {
    if (identity === null) return;
    const names = namesOf(unit);
    if (port !== undefined) write(names.port, port);
    write(names.pid, identity.pid);
  };
  return {
    ...store,
    get processes() {
      return store.processes;
    },
    putProcess: (record) => {
      store.putProcess(record);
      tell(record);
    },
    putProcessSoon: (record) => {
      store.putProcessSoon(record);
      tell(record);
    },
    removeProcess: (unit) => {
      store.removeProcess(unit);
      for (const name of Object.values(namesOf(unit))) if (written.has(name)) lay(name);
    },
    clear: () => {
      dismiss();
      removeAside();
      store.clear();
    },
  };
};

/** False where somebody else has removed it. */
const present = (act: () => void): boolean => {
  try {
    act();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return false;
  }
};

const rewritten = (path: string, text: string): boolean =>
  present(() => {
    const file = openSync(path, "r+");
    try {
      writeSync(file, text, 0);
    } finally {
      closeSync(file);
    }
  });

const remove = (file: string): void => void present(() => unlinkSync(file));

/** The port in a file; undefined where there is no such file, or it holds something else. */
const portIn = (file: string): number | undefined => {
  try {
    const port = Number(/^(\d{1,5})\n?$/.exec(readFileSync(file, "latin1"))?.[1]);
    return port >= 1 && port <= 65_535 ? port : undefined;
  } catch {
    // Most units have none.
    return undefined;
  }
};
