/** A collector in this process, with a folder of its own, for the tests of what becomes of a unit's output. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Collector } from "../../src/logs/collect/Collector.ts";
import { completeName, completeOf } from "../../src/logs/collect/Rotate.ts";
import type { LogFileSpec, LogsSpec } from "../../src/logs/LogsSpec.ts";

export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-logs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const logsSpec = (
  file: Partial<Omit<LogFileSpec, "rotation">> & { readonly rotation?: Partial<LogFileSpec["rotation"]> } = {},
  backlog: Partial<LogsSpec["backlog"]> = {},
): LogsSpec => {
  const whole: LogFileSpec = {
    format: "raw",
    ...file,
    rotation: { maxBytes: 1_000_000, maxFiles: 10_000, compress: false, ...file.rotation },
  };
  return { stdout: whole, stderr: whole, backlog: { maxBytes: 1e12, whenFull: "drop", ...backlog } };
};

/** What is in the log of a stream, all its files in order. */
export const logFiles = (folder: string, stream = "stdout"): ReadonlyArray<string> => {
  const log = join(folder, "u", `${stream}.log`);
  const complete = completeOf(log, readdirSync(join(folder, "u"))).map(({ segment }) => completeName(log, segment));
  return [...complete, log].map((path) => (existsSync(path) ? readFileSync(path, "latin1") : ""));
};

export const logText = (folder: string, stream = "stdout"): string => logFiles(folder, stream).join("");

/** A unit `u` that is started, writes and ends as the test says. */
export const collectedUnit = (spec: LogsSpec, folder = newFolder()) => {
  const notices: Array<string> = [];
  const punched: Array<number> = [];
  const compressed: Array<string> = [];
  const collector = new Collector({
    folderOf: (unit) => join(folder, unit),
    now: Date.now,
    punch: (_, length) => (punched.push(length), Promise.resolve()),
    compress: (_, path) => void compressed.push(path),
    notice: (_, message) => void notices.push(message),
  });
  onTestFinished(() => collector.close());
  collector.adopt("u", spec);
  let paths = collector.begin("u", spec);
  return {
    folder,
    collector,
    notices,
    punched,
    compressed,
    restart: (as = spec) => void (paths = collector.begin("u", as)),
    path: (stream: "stdout" | "stderr" = "stdout") => paths[stream],
    write: (text: string | Buffer, stream: "stdout" | "stderr" = "stdout") => appendFileSync(paths[stream], text),
    settled: () => collector.settled("u"),
    end: async () => {
      collector.end("u");
      await collector.settled("u");
    },
  };
};

export const numberedLines = (from: number, to: number, width = 20): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at} `.padEnd(width - 1, "x") + "\n").join("");

/** The numbers that lines begin with. */
export const numbersOf = (text: string): ReadonlyArray<number> =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => Number.parseInt(line, 10));
