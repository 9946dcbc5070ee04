/** What can be tested here of the systems that are not Linux: what they are asked, and what is made of their answers. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { Processes } from "../../src/platform/index.ts";
import { masterRunsOn } from "../../src/platform/Systems.ts";
import { layer, type Run } from "../../src/platform/windows/Processes.ts";
import { lookArgs, membersArgs, membersOf, sightingOf } from "../../src/platform/darwin/PsOutput.ts";
import { boot, processes, type Row, rowsOf, taskkill, treeOf } from "../../src/platform/windows/Commands.ts";

describe("ps of macOS", () => {
  it("is asked for state, group and start of one pid, and for the groups of all", () => {
    expect(lookArgs(42)).toEqual(["-o", "stat=,pgid=,lstart=", "-p", "42"]);
    expect(membersArgs).toEqual(["-A", "-o", "pid=,pgid=,stat="]);
  });

  it.each([
    ["Ss       501 Sat Nov 21 09:05:03 2026    \n", { group: 501, running: true, startTime: Date.UTC(2026, 10, 21, 9, 5, 3) / 1000 }],
    ["  Z+   77120 Tue Dec  1 00:00:00 2026\n", { group: 77120, running: false, startTime: Date.UTC(2026, 11, 1) / 1000 }],
    ["", undefined],
    ["ps: illegal argument: x\n", undefined],
    ["S 12 nonsense\n", undefined],
  ])("%j is one process or none", (text, sighting) => expect(sightingOf(text)).toEqual(sighting));

  it("members of a group are those that run", () => {
    const text = "    1     1 Ss\n  501   501 Ss\n  502   501 S+\n  503   501 Z\n 5010  5010 R\n\n";
    expect(membersOf(text, 501)).toEqual([501, 502]);
    expect(membersOf("", 501)).toEqual([]);
  });
});

describe("Windows", () => {
  it("is asked by PowerShell and taskkill", () => {
    expect(taskkill(42, false)).toEqual(["taskkill.exe", ["/PID", "42", "/T"]]);
    expect(taskkill(42, true)).toEqual(["taskkill.exe", ["/PID", "42", "/T", "/F"]]);
    expect(processes(42)[1].at(-1)).toMatch(
      /^Get-CimInstance Win32_Process -Filter 'ProcessId=42' \| Select-Object ProcessId,.*ConvertTo-Json -Compress$/,
    );
    expect(processes()[1].at(-1)).toMatch(/^Get-CimInstance Win32_Process \| /);
    expect([processes()[0], boot[0]]).toEqual(["powershell.exe", "powershell.exe"]);
  });

  it("answers with nothing, an object, or a list of them", () => {
    const one =
      '{"ProcessId":42,"ParentProcessId":7,"Started":1795251477290,"WorkingSetSize":1048576,"KernelModeTime":150000,"UserModeTime":50000,"ThreadCount":3}';
    const row: Row = { pid: 42, parent: 7, startTime: 1_795_251_477_290, rssBytes: 1_048_576, cpuMillis: 20, threads: 3 };
    expect(rowsOf(`${one}\r\n`)).toEqual([row]);
    expect(rowsOf(`[${one},{"ProcessId":0,"ParentProcessId":0,"Started":null}]`)).toEqual([row]);
    expect(rowsOf("\r\n")).toEqual([]);
  });

  it("a tree is a process and all below it, without the children of an earlier owner of a pid", () => {
    const row = (pid: number, parent: number, startTime: number): Row => ({
      pid,
      parent,
      startTime,
      rssBytes: 0,
      cpuMillis: 0,
      threads: 1,
    });
    const rows = [row(10, 1, 100), row(11, 10, 110), row(12, 11, 120), row(13, 10, 50), row(14, 2, 130), row(15, 15, 100)];
    expect(treeOf(rows, { pid: 10, startTime: 100 }).map(({ pid }) => pid)).toEqual([10, 11, 12]);
    expect(treeOf(rows, { pid: 10, startTime: 99 })).toEqual([]);
    expect(treeOf(rows, { pid: 15, startTime: 100 }).map(({ pid }) => pid)).toEqual([15]);
  });
});

/** Answers as Windows would, of processes of this machine. */
const windows = (asked: Array<string>): { readonly run: Run; readonly pids: Set<number> } => {
  const pids = new Set<number>();
  const row = (pid: number) => ({ ProcessId: pid, ParentProcessId: 1, Started: 1000 + pid, WorkingSetSize: 5, ThreadCount: 1 });
  const run: Run = ([file, args]) => {
    const last = args.at(-1)!;
    asked.push(file === "taskkill.exe" ? `taskkill ${args.join(" ")}` : file);
    if (last.includes("LastBootUpTime")) return "2026-11-21T00:00:00Z\r\n";
    if (file === "taskkill.exe") {
      const pid = Number(args[1]);
      process.kill(pid, args.includes("/F") ? "SIGKILL" : "SIGTERM");
      if (args.includes("/F")) pids.delete(pid);
      return "";
    }
    const only = /ProcessId=(\d+)/.exec(last);
    // Whoever is asked for first has just been started.
    if (only !== null) pids.add(Number(only[1]));
    return JSON.stringify(only === null ? [...pids].map(row) : row(Number(only[1])));
  };
  return { run, pids };
};

describe("Processes of Windows, on a stand-in for its commands", () => {
  const options = { cwd: process.cwd(), env: {}, stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;

  it("starts a process, asks it to end, kills its tree, and tells its exit", async () => {
    const asked: Array<string> = [];
    const { run } = windows(asked);
    await Effect.gen(function* () {
      const os = yield* Processes;
      const child = yield* os.spawn({ ...options, executable: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] });
      expect(child.identity).toEqual({ pid: child.pid, startTime: 1000 + child.pid, bootId: "2026-11-21T00:00:00Z" });
      expect(yield* os.isAlive(child.identity)).toBe(true);
      expect(yield* os.isAlive({ ...child.identity, startTime: 7 })).toBe(false);
      expect((yield* Effect.flip(child.signal("SIGUSR1"))).reason).toBe("NotPermitted");
      yield* child.signal("SIGTERM");
      yield* child.killGroup;
      expect((yield* child.exit).code).toBe(null);
      expect(asked.filter((line) => line.startsWith("taskkill"))).toEqual([
        `taskkill /PID ${child.pid} /T`,
        `taskkill /PID ${child.pid} /T /F`,
      ]);
      expect(child.groupAlive()).toBe(false);
      expect((yield* Effect.flip(child.signal("SIGTERM"))).code).toBe("HSU-PROC-011");
    }).pipe(Effect.provide(layer(run)), Effect.runPromise);
  });

  it("what it cannot do is a typed error", async () => {
    await Effect.gen(function* () {
      const os = yield* Processes;
      const socket = yield* Effect.flip(Effect.scoped(os.openNotifySocket("x", () => {})));
      const found = yield* Effect.flip(os.foreign.discover({ method: "port", port: 1 }, null));
      const address = { _tag: "Unix", path: "/x", mode: 0o600 } as const;
      const held = yield* Effect.flip(os.holdSockets([{ address, name: "x", backlog: 1 }], null));
      const gone = yield* Effect.flip(os.spawn({ ...options, executable: "no-such-program", args: [] }));
      expect([socket.code, held.code, found.code, gone.code]).toEqual(["HSU-UNIT-023", "HSU-UNIT-024", "HSU-UNM-004", "HSU-PROC-001"]);
    }).pipe(Effect.provide(layer(windows([]).run)), Effect.runPromise);
  });
});

describe("the program on another system", () => {
  it("a master runs on Linux and macOS; elsewhere it says so", () => {
    const codes = ["linux", "darwin", "win32", "aix"].map((system) =>
      Effect.runSync(Effect.match(masterRunsOn(system), { onSuccess: () => "runs", onFailure: ({ code }) => code })),
    );
    expect(codes).toEqual(["runs", "runs", "HSU-PLAT-001", "HSU-PLAT-001"]);
  });

  it("hsu as on Windows checks a config, and refuses to be a master before it has opened anything", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hsu-win32-"));
    const config = join(folder, "hsu.yaml");
    writeFileSync(config, "managed_processes:\n  - { id: a, management: { control: { executable: node } } }\n");
    const pretend = "Object.defineProperty(process,'platform',{value:'win32'});delete process.getuid;delete process.geteuid";
    const hsu = (...args: ReadonlyArray<string>) =>
      new Promise<string>((done) =>
        execFile(
          process.execPath,
          ["--import", `data:text/javascript,${pretend}`, "src/bin/hsu.ts", ...args, config],
          { env: { PATH: process.env["PATH"], HOME: folder, HSU_RUNTIME_DIR: join(folder, "run"), HSU_STATE_DIR: join(folder, "state") } },
          (error, stdout, stderr) => done(`${error?.code ?? 0} ${stdout}${stderr}`),
        ),
      );
    try {
      expect(await hsu("validate")).toMatch(/^0 .*valid, 1 unit/);
      expect(await hsu("up")).toMatch(/^1 error: a master \(`hsu up`\) is not supported on win32 \[HSU-PLAT-001\]\nhint: it runs in WSL 2/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
