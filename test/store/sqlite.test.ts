import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Effect from "effect/Effect";
import { type ProcessRecord, SqliteStore, type Store, type StoreUnusable, type UnitMemory } from "../../src/store/index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hsu-store-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const failures: Array<StoreUnusable> = [];
const open = <A>(use: (store: Store) => A, bootId = "boot") =>
  Effect.runPromise(
    Effect.scoped(Effect.map(SqliteStore.open({ directory, bootId, unwritable: (error) => void failures.push(error) }), use)),
  );
const record = (unit: string): ProcessRecord => ({
  unit,
  invocation: `i-${unit}`,
  fingerprint: "f",
  identity: { pid: 1, startTime: 2, bootId: "boot" },
  startedAt: 3,
});
const memory: UnitMemory = {
  state: "failed",
  reason: "why",
  restarts: 3,
  lastExit: { code: null, signal: "SIGKILL", at: 4 },
  nextStartAt: null,
  row: { attempts: 2, failures: [1, 2], circuit: { _tag: "Open", until: 9 } },
  history: [{ state: "failed", at: 4, reason: "why" }],
};

describe("the state in a file", () => {
  it("is there when it is opened again", async () => {
    await open((store) => {
      store.putProcess({ ...record("a"), identity: null });
      store.putProcess(record("a"));
      store.putProcess(record("b"));
      store.removeProcess("b");
      store.putUnit("a", memory);
      store.putUnit("gone", memory);
      store.removeUnit("gone");
    });
    await open((store) => {
      expect(store.processes).toEqual([record("a")]);
      expect([...store.units]).toEqual([["a", memory]]);
      store.clear();
      expect([store.processes.length, store.units.size]).toEqual([0, 0]);
    });
    await open((store) => expect([store.processes.length, store.units.size]).toEqual([0, 0]));
  });

  it("takes what comes to pass in one turn together, in order, and the last of it is there when it is opened again", async () => {
    await open((store) => {
      store.putUnitSoon("a", memory);
      store.removeProcess("a");
      store.putUnitSoon("a", { ...memory, restarts: 4 });
      store.putProcess(record("b"));
      store.putUnitSoon("b", memory);
      store.putUnit("b", { ...memory, restarts: 5 });
      store.putProcess(record("a"));
      store.removeProcess("b");
      expect(store.processes).toEqual([record("a")]);
    });
    await open((store) => {
      expect(store.processes).toEqual([record("a")]);
      expect([store.units.get("a")?.restarts, store.units.get("b")?.restarts]).toEqual([4, 5]);
    });
    expect(failures).toEqual([]);
  });

  it("many starts are written as one, before the first of them is let go", async () => {
    await open((store) => {
      const log = join(directory, "state.db-wal");
      store.settle();
      const before = statSync(log).size;
      for (let index = 0; index < 100; index++) store.putProcessSoon(record(`u${index}`));
      expect(statSync(log).size).toBe(before);
      store.settle();
      const together = statSync(log).size - before;
      expect(together).toBeGreaterThan(0);
      for (let index = 100; index < 200; index++) store.putProcess(record(`u${index}`));
      expect(statSync(log).size - before - together).toBeGreaterThan(2 * together);
    });
    await open((store) => expect(store.processes).toHaveLength(200));
  });

  it("of another boot is of no use", async () => {
    await open((store) => store.putProcess(record("a")));
    await open((store) => expect(store.processes).toEqual([]), "another");
  });

  it("is there after kill -9 in the middle of writing, and nobody else may open it meanwhile", async () => {
    const program = join(directory, "writer.mts");
    writeFileSync(
      program,
      `import * as Effect from ${JSON.stringify(resolve("node_modules/effect/dist/Effect.js"))};
       import { SqliteStore } from ${JSON.stringify(resolve("src/store/index.ts"))};
       const opened = SqliteStore.open({ directory: ${JSON.stringify(directory)}, bootId: "boot", unwritable: () => {} });
       Effect.runFork(Effect.scoped(Effect.flatMap(opened, (store) => Effect.sync(() => {
         for (let n = 0; n < 1000; n++) store.putUnit("u" + n, { state: "stopped", reason: null, restarts: n, lastExit: null, nextStartAt: null,
           row: { attempts: 0, failures: [], circuit: { _tag: "Closed" } }, history: [] });
         process.stdout.write("written");
       }).pipe(Effect.andThen(Effect.never)))));`,
    );
    const writer = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((done) => writer.stdout.once("data", done));
    await expect(open(() => {})).rejects.toThrow(`another master (pid ${writer.pid}) uses the state directory ${directory}`);
    const ended = new Promise((done) => writer.once("exit", done));
    writer.kill("SIGKILL");
    await ended;
    await open((store) =>
      expect([...store.units.values()].map(({ restarts }) => restarts)).toEqual(Array.from({ length: 1000 }, (_, n) => n)),
    );
  });

  it("that is no database is told, with the file", async () => {
    writeFileSync(join(directory, "state.db"), "not a database at all, but long enough to be looked at".repeat(100));
    await expect(open(() => {})).rejects.toThrow(/state\.db cannot be used: file is not a database/);
  });

  it("rows that cannot be understood count as none", async () => {
    await open((store) => store.putUnit("a", { ...memory, state: "from the future" as never }));
    await open((store) => expect(store.units.size).toBe(0));
  });

  it("a write that fails is told and does no harm", async () => {
    const kept: Array<Store> = [];
    await open((store) => void kept.push(store));
    failures.length = 0;
    kept[0]!.putUnit("a", memory);
    expect(failures).toMatchObject([{ code: "HSU-STO-002" }]);
  });
});
