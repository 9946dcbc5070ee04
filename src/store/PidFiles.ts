/**
 * `<state>/pids/<unit>.pid`, for what looks for a process by such a file: the pid and a newline, as long as the process runs. Beside it, for an
 * integrated unit, `<unit>.port`.
 */
import { readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Paths } from "../platform/index.ts";
import { type Store, StoreUnusable } from "./Store.ts";

/** The store, with a file for each process that it knows of. `unwritable` hears of each that cannot be written. The folder must be private. */
export const beside = (store: Store, directory: string, unwritable: (error: StoreUnusable) => void): Store => {
  const namesOf = (unit: string): { readonly pid: string; readonly port: string } => {
    const name = Paths.fileName(unit);
    return { pid: `${name}.pid`, port: `${name}.port` };
  };
  const attempt = (name: string, act: (file: string) => void): void => {
    const file = join(directory, name);
    try {
      act(file);
    } catch (cause) {
      unwritable(new StoreUnusable({ file, reason: cause instanceof Error ? cause.message : String(cause) }));
    }
  };
  /** Those that are there. */
  const written = new Set<string>();
  const write = (name: string, value: number): void =>
    attempt(name, (file) => {
      written.add(name);
      // Whoever reads it finds a whole one.
      writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o644 });
      renameSync(`${file}.new`, file);
    });
  const known = new Set(store.processes.flatMap(({ unit }) => Object.values(namesOf(unit))));
  // Of an earlier boot, or of what has ended since.
  for (const name of readdirSync(directory)) {
    if (known.has(name)) written.add(name);
    else attempt(name, (file) => rmSync(file, { force: true }));
  }
  // A record of a version that wrote the port into its file only.
  for (const record of store.processes) {
    if (record.port !== undefined) continue;
    const port = portIn(join(directory, namesOf(record.unit).port));
    if (port !== undefined) store.putProcess({ ...record, port });
  }
  return {
    ...store,
    get processes() {
      return store.processes;
    },
    putProcess: (record) => {
      store.putProcess(record);
      const { identity, port, unit } = record;
      if (identity === null) return;
      const names = namesOf(unit);
      if (port !== undefined) write(names.port, port);
      write(names.pid, identity.pid);
    },
    removeProcess: (unit) => {
      store.removeProcess(unit);
      for (const name of Object.values(namesOf(unit))) if (written.delete(name)) attempt(name, remove);
    },
  };
};

/** Somebody else may have removed it. */
const remove = (file: string): void => {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
};

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
