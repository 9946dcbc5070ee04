/** What a unit writes is in its log, each line once, whatever happens in between. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../e2e/program.ts";
import { collectedUnit, logFiles, logsSpec, logText, newFolder, numberedLines, numbersOf } from "./collecting.ts";

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at + 1);

describe("a unit's log", () => {
  it("has each line once, over rotations at line ends, and no file is larger than it may be", async () => {
    const unit = collectedUnit(logsSpec({ rotation: { maxBytes: 100_000 } }));
    for (let from = 1; from <= 100_001; from += 20_000) {
      unit.write(numberedLines(from, from + 19_999));
      await unit.settled();
    }
    const files = logFiles(unit.folder);
    expect(numbersOf(files.join(""))).toEqual(upTo(120_000));
    expect(files.length).toBeGreaterThan(20);
    for (const text of files) {
      expect(text.length).toBeLessThanOrEqual(100_000);
      expect(text.endsWith("\n")).toBe(true);
    }
  });

  it("keeps so many complete files as it may, and hands each to the compressor", async () => {
    const unit = collectedUnit(logsSpec({ rotation: { maxBytes: 10_000, maxFiles: 3, compress: true } }));
    unit.write(numberedLines(1, 5000));
    await unit.settled();
    const names = readdirSync(join(unit.folder, "u")).filter((name) => name.startsWith("stdout."));
    expect(names).toEqual(["stdout.000007.log", "stdout.000008.log", "stdout.000009.log", "stdout.log"]);
    expect(numbersOf(logText(unit.folder)).at(-1)).toBe(5000);
    expect(unit.compressed.length).toBe(9);
    // The indexes go with their files.
    expect(readdirSync(join(unit.folder, "u/.collect")).filter((name) => name.startsWith("stdout") && name.endsWith(".index")).length).toBe(
      4,
    );
  });

  it("what a killed master was compressing is compressed by the next one, and nothing half done stays", async () => {
    const spec = logsSpec({ rotation: { maxBytes: 10_000, maxFiles: 3, compress: true } });
    const unit = collectedUnit(spec);
    unit.write(numberedLines(1, 5000));
    await unit.settled();
    await unit.collector.close();
    writeFileSync(join(unit.folder, "u/stdout.000009.log.gz.part"), "half");
    writeFileSync(join(unit.folder, "u/stdout.000004.log.gz.part"), "of one that has been removed");
    const { compressed } = collectedUnit(spec, unit.folder);
    expect(compressed.map((path) => path.slice(-17))).toEqual(["stdout.000007.log", "stdout.000008.log", "stdout.000009.log"]);
    expect(readdirSync(join(unit.folder, "u")).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("takes a line when it is complete, and what is left when the run is over", async () => {
    const unit = collectedUnit(logsSpec());
    unit.write("whole\nhalf");
    await unit.settled();
    expect(logText(unit.folder)).toBe("whole\n");
    unit.write(" of it\nno end");
    await unit.settled();
    expect(logText(unit.folder)).toBe("whole\nhalf of it\n");
    await unit.end();
    unit.restart();
    unit.write("the next run\n");
    await unit.settled();
    expect(logText(unit.folder)).toBe("whole\nhalf of it\nno end\nthe next run\n");
  });

  it("has the streams apart, and the units' own files do not stay", async () => {
    const unit = collectedUnit(logsSpec());
    unit.write("out\n");
    unit.write("err\n", "stderr");
    const paths = [unit.path("stdout"), unit.path("stderr")];
    await unit.end();
    expect([logText(unit.folder), logText(unit.folder, "stderr")]).toEqual(["out\n", "err\n"]);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  });

  it("hears of what is written without being asked, of a busy unit as well as of a quiet one", async () => {
    const unit = collectedUnit(logsSpec());
    unit.write("1\n");
    await until(
      "the first line",
      () => logText(unit.folder),
      (text) => text === "1\n",
    );
    for (let line = 2; line <= 200; line++) {
      unit.write(`${line}\n`);
      if (line % 20 === 0) await new Promise((done) => setTimeout(done, 1));
    }
    await until(
      "all lines",
      () => numbersOf(logText(unit.folder)).length,
      (count) => count === 200,
    );
    expect(numbersOf(logText(unit.folder))).toEqual(upTo(200));
  });

  it("is made again when somebody removes it, and a unit whose folder is gone is not lost", async () => {
    const unit = collectedUnit(logsSpec());
    unit.write("before\n");
    await unit.settled();
    const spool = openSync(unit.path(), "a");
    rmSync(join(unit.folder, "u/stdout.log"));
    writeSync(spool, "after\n");
    await unit.settled();
    expect(logText(unit.folder)).toBe("after\n");
    rmSync(join(unit.folder, "u"), { recursive: true });
    writeSync(spool, "without a folder\n");
    await unit.settled();
    expect(logText(unit.folder)).toBe("without a folder\n");
    closeSync(spool);
    await unit.end();
    unit.restart();
    unit.write("the next run\n");
    await unit.settled();
    expect(logText(unit.folder)).toBe("without a folder\nthe next run\n");
  });

  it("a run that writes nothing leaves its file to the next one, and nothing is left when nobody comes", async () => {
    const unit = collectedUnit(logsSpec());
    const first = unit.path();
    await unit.end();
    unit.restart();
    expect(unit.path()).toBe(first);
    unit.write("1\n");
    await unit.end();
    unit.restart();
    const second = unit.path();
    expect(second).not.toBe(first);
    await unit.end();
    // Somebody has removed it meanwhile.
    rmSync(second);
    unit.restart();
    unit.write("2\n");
    await unit.end();
    unit.restart();
    await unit.end();
    await unit.collector.close();
    expect(logText(unit.folder)).toBe("1\n2\n");
    expect(readdirSync(join(unit.folder, "u/.collect")).filter((name) => name.endsWith(".spool"))).toEqual([]);
  });

  it("that cannot be written waits in the unit's own file, which is told once, and goes on where it was", async () => {
    const folder = newFolder();
    const unit = collectedUnit(logsSpec({ path: join(folder, "there/out.log") }), folder);
    await unit.settled();
    unit.write("1\n");
    await unit.settled();
    rmSync(join(folder, "there"), { recursive: true });
    writeFileSync(join(folder, "there"), "in the way");
    unit.write("2\n");
    await until(
      "it is told",
      () => unit.notices,
      (notices) => notices.length > 0,
    );
    expect(unit.collector.troubles("u")).toEqual([expect.stringMatching(/^its stdout cannot be kept \(E\w+\), and waits$/)]);
    unit.write("3\n");
    rmSync(join(folder, "there"));
    await until(
      "it goes on",
      () => unit.notices.length,
      (count) => count === 2,
    );
    unit.write("4\n");
    await unit.settled();
    expect(unit.notices[0]).toContain("its stdout cannot be taken over (");
    expect(unit.notices[1]).toBe("its stdout is taken over again");
    expect(readFileSync(join(folder, "there/out.log"), "utf8")).toBe("2\n3\n4\n");
  });

  it("in another form or another place from the next run on is another file, and what was there is kept", async () => {
    const folder = newFolder();
    const path = join(folder, "there.log");
    writeFileSync(path, "before\n");
    const unit = collectedUnit(logsSpec(), folder);
    unit.write("raw\n");
    await unit.settled();
    unit.restart(logsSpec({ format: "plain", prefix: "web:", path }));
    unit.write("plain\n");
    await unit.settled();
    expect(readFileSync(path, "utf8")).toBe("before\nweb: plain\n");
    expect(readFileSync(join(folder, "u/stdout.000001.log"), "utf8")).toBe("raw\n");
  });

  it("has only the lines that are to be kept, and goes on behind those that are not", async () => {
    const unit = collectedUnit({
      ...logsSpec({ format: "enhanced_plain" }),
      filters: { include: [], exclude: ["no"] },
      withSequence: true,
    });
    unit.write("no\n");
    await unit.settled();
    unit.write("yes\nno\nyes too\n");
    await unit.end();
    unit.restart();
    unit.write("no\nyes again\n");
    await unit.settled();
    expect(logText(unit.folder).replaceAll(/^\[[^\]]*\]/gm, "")).toBe(
      "[u][stdout][1] yes\n[u][stdout][2] yes too\n[u][stdout][3] yes again\n",
    );
  });

  it("is kept otherwise from the next lines on, while the unit runs", async () => {
    const unit = collectedUnit(logsSpec());
    unit.write("raw\n");
    await unit.settled();
    unit.collector.keep("u", logsSpec({ format: "plain", prefix: "now" }));
    unit.write("plain\n");
    await unit.settled();
    expect(logFiles(unit.folder)).toEqual(["raw\n", "now plain\n"]);
  });

  it("gives the disk back behind it", async () => {
    const unit = collectedUnit(logsSpec({ rotation: { maxBytes: 50_000_000 } }));
    const chunk = numberedLines(1, 100_000, 100);
    for (let count = 0; count < 5; count++) unit.write(chunk);
    await unit.settled();
    expect(unit.punched.length).toBeGreaterThan(0);
    expect(unit.punched.at(-1)! % 4096).toBe(0);
    expect(unit.punched.at(-1)!).toBeGreaterThan(16_000_000);
  });

  it("drops the oldest beyond the bound, and says how much it was", async () => {
    const folder = newFolder();
    // Nobody takes anything over while this is written.
    const early = collectedUnit(logsSpec(), folder);
    const spool = early.path();
    await early.collector.close();
    writeFileSync(spool, numberedLines(1, 100_000));
    const unit = collectedUnit(logsSpec({}, { maxBytes: 400_000 }), folder);
    await unit.settled();
    const [marker = "", ...lines] = logText(folder).split("\n").slice(0, -1);
    const [, count, bytes] = /^\[hsu\] (\d+) lines \((\d+) bytes\) dropped here/.exec(marker) ?? [];
    expect(Number(count) * 20).toBe(Number(bytes));
    expect(numbersOf(`${lines.join("\n")}\n`)).toEqual(upTo(100_000).slice(Number(count)));
    expect(lines.length * 20).toBeLessThanOrEqual(400_000);
    expect(lines.length).toBeGreaterThan(0);
  });

  it("has a line of 100 MB in parts of at most 64 KiB, and its last part is marked", async () => {
    const unit = collectedUnit(logsSpec({ format: "plain", rotation: { maxBytes: 10_000_000 } }));
    const spool = openSync(unit.path(), "a");
    const piece = Buffer.alloc(1_000_000, "é");
    for (let count = 0; count < 100; count++) writeSync(spool, piece);
    writeSync(spool, "\nnext\n");
    closeSync(spool);
    await unit.settled();
    let parts = 0;
    let bytes = 0;
    for (const text of logFiles(unit.folder)) {
      expect(text.length).toBeLessThanOrEqual(10_000_000);
      for (const line of text.split("\n").slice(0, -1)) {
        if (line === "next") continue;
        const [, number, last, rest = ""] = /^\[part (\d+)(, the last)?\] (.*)$/.exec(line) ?? [];
        expect(Number(number)).toBe(++parts);
        bytes += rest.length;
        expect(last !== undefined).toBe(bytes === 100_000_000);
        // No character is cut.
        expect(rest.length % 2).toBe(0);
      }
    }
    expect(bytes).toBe(100_000_000);
  });
});

describe("kill -9 of the collector in the middle of a rotating log", () => {
  const collectKilled = async (format: string, kills: number): Promise<{ readonly folder: string; readonly count: number }> => {
    const folder = newFolder();
    mkdirSync(join(folder, "u/.collect"), { recursive: true });
    const spool = openSync(join(folder, "u/.collect/stdout.1.spool"), "a");
    let count = 0;
    const write = (lines: number): void => {
      writeSync(spool, numberedLines(count + 1, count + lines));
      count += lines;
    };
    const hasAll = (): boolean => {
      try {
        return logText(folder).includes(`${count} `);
      } catch {
        // Between two files.
        return false;
      }
    };
    for (let kill = 0; kill <= kills; kill++) {
      const child = spawn(process.execPath, [resolve("test/programs/collect.ts"), folder, format, "20000"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise((done) => child.on("close", done));
      onTestFinished(() => void child.kill("SIGKILL"));
      await new Promise((done) => child.stdout.once("data", done));
      // Killed at any instant while it is busy, and in the end not before it has all.
      for (let piece = 0; piece < 5 + kill; piece++) write(2000);
      if (kill === kills) await until("all is taken over", hasAll, Boolean);
      child.kill("SIGKILL");
      await ended;
    }
    closeSync(spool);
    return { folder, count };
  };

  it("loses and doubles no line of a raw log", async () => {
    const { count, folder } = await collectKilled("raw", 4);
    expect(numbersOf(logText(folder))).toEqual(upTo(count));
    expect(logFiles(folder).length).toBeGreaterThan(20);
  });

  it("loses and doubles no line of a log with times", async () => {
    const { count, folder } = await collectKilled("enhanced_plain", 4);
    const lines = logText(folder).split("\n").slice(0, -1);
    for (const line of lines) expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\]\[u\]\[stdout\] \d+ x+$/);
    expect(lines.map((line) => Number.parseInt(line.split("] ")[1] ?? "", 10))).toEqual(upTo(count));
    expect(statSync(join(folder, "u/.collect/stdout.checkpoint")).size).toBe(128);
  });
});
