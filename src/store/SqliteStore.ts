/**
 * The state in an SQLite file: written at once, so that a killed master loses nothing; and locked, so that there is only one.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import { Paths } from "../platform/index.ts";
import * as MemoryStore from "./MemoryStore.ts";
import { revisionsIn } from "./SqliteRevisions.ts";
import { auditIn } from "./SqliteAudit.ts";
import { batched } from "./SqliteBatch.ts";
import { ProcessRecord, StateInUse, type Store, StoreUnusable, UnitMemory } from "./Store.ts";

/** SQLITE_BUSY: somebody else has the lock. */
const busy = 5;

/**
 * Locked from the first statement to the end of the process, whatever ends that. No write waits for the disk: what the system has taken outlives
 * the master, and of a machine that has lost its power no process is left to be known.
 */
const setUp = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -64;
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS processes (unit TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS units (unit TEXT PRIMARY KEY, memory TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS held (unit TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS schedules (unit TEXT PRIMARY KEY, last TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS revisions (revision INTEGER PRIMARY KEY, record TEXT NOT NULL, spec TEXT NOT NULL) STRICT;
`;

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** A row that a later version has written is not ours to understand: it counts as none. */
const rows = <A>(db: DatabaseSync, sql: string, schema: Schema.Codec<A, unknown>): ReadonlyArray<readonly [string, A]> => {
  const decode = Schema.decodeUnknownOption(Schema.fromJsonString(schema));
  return db
    .prepare(sql)
    .all()
    .flatMap(({ key, value }) => {
      const decoded = decode(value);
      return decoded._tag === "Some" ? [[String(key), decoded.value] as const] : [];
    });
};

/** For people who have to end a master that does not answer at its socket: the lock itself does not say whose it is. */
const holder = "master.pid";

const noteHolder = (directory: string, unwritable: (error: StoreUnusable) => void): void => {
  const file = join(directory, holder);
  try {
    writeFileSync(file, `${process.pid}\n`);
  } catch (cause) {
    unwritable(new StoreUnusable({ file, reason: reasonOf(cause) }));
  }
};

const holderOf = (directory: string): number | null => {
  try {
    return Number(/^\d+(?=\n$)/.exec(readFileSync(join(directory, holder), "latin1"))?.[0] ?? Number.NaN) || null;
  } catch {
    return null; // It has just opened it, or could not write it down.
  }
};

/**
 * Opens the state of a directory until the scope ends. What was written under another boot of the machine is dropped.
 * `unwritable` hears of each write that fails.
 */
export const open = (options: {
  readonly directory: string;
  readonly bootId: string;
  readonly unwritable: (error: StoreUnusable) => void;
}): Effect.Effect<Store, StateInUse | StoreUnusable | Paths.DirectoryError, Scope.Scope> =>
  Effect.gen(function* () {
    const { bootId, directory, unwritable } = options;
    yield* Paths.ensurePrivate(directory);
    const file = join(directory, "state.db");
    const failed = (cause: unknown): StoreUnusable => new StoreUnusable({ file, reason: reasonOf(cause) });
    const db = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const opened = new DatabaseSync(file);
          opened.exec(setUp);
          noteHolder(directory, unwritable);
          return opened;
        },
        catch: (cause) =>
          (cause as { readonly errcode?: number }).errcode === busy
            ? new StateInUse({ directory, pid: holderOf(directory) })
            : failed(cause),
      }),
      (opened) => Effect.sync(() => (rmSync(join(directory, holder), { force: true }), opened.close())),
    );
    const { flush, store } = yield* Effect.try({ try: () => make(db, bootId, (cause) => unwritable(failed(cause))), catch: failed });
    yield* Effect.addFinalizer(() => Effect.sync(flush));
    return store;
  });

const make = (
  db: DatabaseSync,
  bootId: string,
  failed: (cause: unknown) => void,
): { readonly store: Store; readonly flush: () => void } => {
  const clearAll = (): void => db.exec("DELETE FROM processes; DELETE FROM units");
  if (db.prepare("SELECT value FROM meta WHERE key = 'boot'").get()?.["value"] !== bootId) clearAll();
  db.prepare("INSERT OR REPLACE INTO meta VALUES ('boot', ?)").run(bootId);
  const writing =
    <Args extends ReadonlyArray<unknown>>(write: (...args: Args) => unknown) =>
    (...args: Args): void => {
      try {
        // In order.
        batch.flush();
        write(...args);
      } catch (cause) {
        failed(cause);
      }
    };
  const removeUnit = db.prepare("DELETE FROM units WHERE unit = ?");
  const batch = batched(db);
  const putSchedule = db.prepare("INSERT OR REPLACE INTO schedules VALUES (?, ?)");
  const removeSchedule = db.prepare("DELETE FROM schedules WHERE unit = ?");
  const known = MemoryStore.make();
  for (const [, record] of rows(db, "SELECT unit AS key, record AS value FROM processes", ProcessRecord)) known.putProcess(record);
  for (const [unit, memory] of rows(db, "SELECT unit AS key, memory AS value FROM units", UnitMemory)) known.putUnit(unit, memory);
  for (const { unit } of db.prepare("SELECT unit FROM held").all()) known.hold(String(unit));
  for (const [unit, last] of rows(db, "SELECT unit AS key, last AS value FROM schedules", Schema.Finite)) known.putSchedule(unit, last);
  const flush = writing(() => {});
  const soon =
    <Args extends ReadonlyArray<unknown>>(note: (...args: Args) => void) =>
    (...args: Args): void => {
      if (batch.isEmpty) setImmediate(flush);
      note(...args);
    };
  const store: Store = {
    get processes() {
      return known.processes;
    },
    units: known.units,
    schedules: known.schedules,
    putProcess: (record) => {
      known.putProcess(record);
      batch.processes.set(record.unit, record);
      flush();
    },
    putProcessSoon: soon((record) => {
      known.putProcess(record);
      batch.processes.set(record.unit, record);
    }),
    settle: () => (batch.isEmpty ? undefined : flush()),
    removeProcess: soon((unit) => {
      known.removeProcess(unit);
      batch.processes.set(unit, null);
    }),
    putUnit: (unit, memory) => {
      known.putUnit(unit, memory);
      batch.units.set(unit, memory);
      flush();
    },
    putUnitSoon: soon((unit, memory) => {
      known.putUnit(unit, memory);
      batch.units.set(unit, memory);
    }),
    removeUnit: writing((unit) => {
      known.removeUnit(unit);
      removeUnit.run(unit);
    }),
    held: known.held,
    hold: writing((unit) => {
      known.hold(unit);
      db.prepare("INSERT OR IGNORE INTO held VALUES (?)").run(unit);
    }),
    unhold: writing((unit) => {
      if (!known.held.has(unit)) return;
      known.unhold(unit);
      db.prepare("DELETE FROM held WHERE unit = ?").run(unit);
    }),
    putSchedule: writing((unit, last) => {
      known.putSchedule(unit, last);
      putSchedule.run(unit, JSON.stringify(last));
    }),
    removeSchedule: writing((unit) => {
      known.removeSchedule(unit);
      removeSchedule.run(unit);
    }),
    ...revisionsIn(db, failed),
    ...auditIn(db, writing),
    clear: writing(() => {
      known.clear();
      clearAll();
    }),
  };
  return { store, flush };
};
