import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MemoryStore, PidFiles, type ProcessRecord } from "../../src/store/index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hsu-pids-"));
});
afterEach(() => {
  vi.useRealTimers();
  for (const each of [directory, `${directory}.aside`]) rmSync(each, { recursive: true, force: true });
});

const record: ProcessRecord = {
  unit: "echo",
  invocation: "i",
  fingerprint: "f",
  identity: { pid: 42, startTime: 1, bootId: "boot" },
  startedAt: 3,
};
const never = (error: unknown): never => {
  throw new Error(String(error));
};
const contents = (names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "latin1")]));
const files = () => contents(readdirSync(directory));
const aside = () => (existsSync(`${directory}.aside`) ? readdirSync(`${directory}.aside`) : null);
const of = (pid: number): ProcessRecord => ({ ...record, identity: { pid, startTime: 1, bootId: "boot" } });

it("the port stands beside the pid, follows it, and goes with it", () => {
  const store = PidFiles.beside(MemoryStore.make(), directory, never);
  store.putProcess({ ...record, port: 4000, identity: null });
  expect(files()).toEqual({});
  store.putProcess({ ...record, port: 4000 });
  expect(files()).toEqual({ "echo.pid": "42\n", "echo.port": "4000\n" });
  store.putProcess({ ...record, port: 4001 });
  expect(files()).toEqual({ "echo.pid": "42\n", "echo.port": "4001\n" });
  store.removeProcess("echo");
  expect(files()).toEqual({});
});

it("a port that only the file has goes into the record; that of nobody is removed", () => {
  writeFileSync(join(directory, "echo.port"), "4321\n");
  writeFileSync(join(directory, "stranger.port"), "1\n");
  const kept = MemoryStore.make();
  kept.putProcess(record);
  expect(PidFiles.beside(kept, directory, never).processes).toEqual([{ ...record, port: 4321 }]);
  expect(files()).toEqual({ "echo.port": "4321\n" });
});

it.each(["", "0\n", "65536\n", "80x", "-1\n"])("a file that holds no port counts for nothing: %j", (text) => {
  writeFileSync(join(directory, "echo.port"), text);
  const kept = MemoryStore.make();
  kept.putProcess({ ...record });
  expect(PidFiles.beside(kept, directory, never).processes).toEqual([record]);
});

it("a unit's next process has the file of the one before, which is kept beside meanwhile, for a while, and no longer than the state", () => {
  vi.useFakeTimers();
  const store = PidFiles.beside(MemoryStore.make(), directory, never);
  store.putProcess(of(12345));
  const { ino } = statSync(join(directory, "echo.pid"));
  store.removeProcess("echo");
  expect(files()).toEqual({});
  store.putProcess(of(12399));
  expect(files()).toEqual({ "echo.pid": "12399\n" });
  expect(statSync(join(directory, "echo.pid")).ino).toBe(ino);
  store.removeProcess("echo");
  store.putProcess({ ...of(12345), unit: "other" });
  expect(statSync(join(directory, "other.pid")).ino).not.toBe(ino);
  store.putProcess(of(7));
  expect(files()).toEqual({ "echo.pid": "7\n", "other.pid": "12345\n" });
  expect(aside()).toEqual([]);
  store.removeProcess("echo");
  expect([files(), aside()]).toEqual([{ "other.pid": "12345\n" }, ["echo.pid"]]);
  vi.advanceTimersByTime(60_000);
  expect(aside()).toEqual([]);
  store.removeProcess("other");
  store.clear();
  expect([files(), aside()]).toEqual([{}, null]);
});

it("who removes a file that is kept, or that is there, does no harm; what a killed master has kept goes with the next one", () => {
  const store = PidFiles.beside(MemoryStore.make(), directory, never);
  store.putProcess(record);
  store.removeProcess("echo");
  rmSync(`${directory}.aside`, { recursive: true });
  store.putProcess(record);
  expect(files()).toEqual({ "echo.pid": "42\n" });
  rmSync(join(directory, "echo.pid"));
  store.removeProcess("echo");
  store.putProcess(record);
  store.removeProcess("echo");
  expect([files(), aside()]).toEqual([{}, ["echo.pid"]]);
  PidFiles.beside(MemoryStore.make(), directory, never);
  expect([files(), aside()]).toEqual([{}, null]);
});
