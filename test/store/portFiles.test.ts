import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MemoryStore, PidFiles, type ProcessRecord } from "../../src/store/index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hsu-pids-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

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
const files = () => Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "latin1")]));

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
