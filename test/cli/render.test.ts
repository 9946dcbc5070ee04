/**
 * Rendering: exact texts.
 */
import { describe, expect, test } from "vitest";
import { description } from "../../src/cli/render/description.ts";
import { errorText } from "../../src/cli/render/error.ts";
import { eventLine } from "../../src/cli/render/event.ts";
import { frame, repaint } from "../../src/cli/render/live.ts";
import { coloured, paintFor, plain } from "../../src/cli/render/paint.ts";
import { masterLine, statusTable } from "../../src/cli/render/status.ts";
import { align, clean, truncate, width } from "../../src/cli/render/text.ts";
import { type Order, sorted, topLines } from "../../src/cli/render/top.ts";
import { treeText } from "../../src/cli/render/tree.ts";
import { bytes, duration, isAsWanted, note } from "../../src/cli/render/units.ts";
import type { ResourceReport, UnitResources, UsageSample } from "../../src/protocol/Resources.ts";
import { event, now, status, tree, unit } from "../api/fakeControl.ts";

const exit = (code: number | null, signal: string | null = null) => ({ code, signal, at: now - 1000 });

const five = [
  unit("web"),
  unit("client", { pid: 4243, restarts: 12, memory: 900, startedAt: now - 7_384_000 }),
  unit("worker", { state: "backoff", pid: null, memory: null, nextStartAt: now + 2500, lastExit: exit(1), groups: ["units"] }),
  unit("broken", {
    state: "failed",
    pid: null,
    memory: null,
    reason: "gave up after 3 restarts",
    lastExit: exit(null, "SIGKILL"),
    groups: [],
  }),
  unit("off", { state: "stopped", pid: null, memory: null, reason: "disabled", groups: ["units"] }),
];

const utc = (at: number): string => new Date(at).toISOString().slice(11, 19);

describe("status", () => {
  test("a table, with figures set to the right", () => {
    expect(statusTable(status(five), plain)).toBe(
      [
        "UNIT    STATE     PID  UPTIME  RESTARTS   MEMORY  GROUP        NOTE",
        "web     running  4242   1m05s         0  12.0MiB  units/front",
        "client  running  4243   2h03m        12     900B  units/front",
        "worker  backoff     -       -         0        -  units        next start in 3s, exited with code 1",
        "broken  failed      -       -         0        -  -            gave up after 3 restarts, killed by SIGKILL",
        "off     stopped     -       -         0        -  units        disabled",
        "",
      ].join("\n"),
    );
  });

  test("the master in a line", () => {
    expect(masterLine(status(five), plain)).toBe("hsu /etc/hsu/hsu.yaml · pid 99 · up 1h00m · 2 of 5 units running · 60.0MiB");
  });

  test("colours do not move the columns", () => {
    const strip = (text: string) => text.replaceAll(/\x1b\[\d+m/g, "");
    const painted = statusTable(status(five), coloured);
    expect(painted).toContain("\x1b[32mrunning\x1b[39m");
    expect(painted).toContain("\x1b[31mfailed\x1b[39m");
    expect(strip(painted)).toBe(statusTable(status(five), plain));
  });
});

test("tree", () => {
  expect(treeText(tree({ broken: "failed" }), plain)).toBe(
    [
      "master              one_for_one",
      "├── api             running",
      "└── units           one_for_one",
      "    ├── front       rest_for_one",
      "    │   ├── web     running       pid 4242  2 restarts",
      "    │   └── client  running       pid 4242",
      "    └── broken      failed        pid 4242",
      "",
    ].join("\n"),
  );
});

test("an event, and what would take the terminal over", () => {
  expect(eventLine(event(3, "exited", "exited with code 1"), plain, utc)).toBe("08:00:03 units/front/web  exited with code 1");
  expect(eventLine(event(1, "odd", "a\x1b[2Jb\nc", []), plain, utc)).toBe("08:00:01 a\\x1b[2Jb\\nc");
  expect(eventLine(event(1, "gave_up", "gave up"), coloured, utc)).toContain("\x1b[31mgave up\x1b[39m");
});

test("an error is two lines whatever it contains", () => {
  expect(errorText({ message: "no\nway\r\n", code: "HSU-X-001", hint: "try\n  this" }, plain)).toBe(
    "error: no; way [HSU-X-001]\nhint: try; this\n",
  );
});

test("an error cannot steer the terminal", () => {
  expect(errorText({ message: "a\x1b[2Jb", code: "HSU-X-001", hint: "\u009b" }, plain)).toBe(
    "error: a\\x1b[2Jb [HSU-X-001]\nhint: \\x9b\n",
  );
});

test("durations and bytes", () => {
  expect([0, 999, 59_999, 60_000, 3_599_999, 3_600_000, 90_061_000, -5].map(duration)).toEqual([
    "0s",
    "0s",
    "59s",
    "1m00s",
    "59m59s",
    "1h00m",
    "1d01h",
    "0s",
  ]);
  expect([0, 263.408, 1023, 1024, 1_048_576, 5_368_709_120].map(bytes)).toEqual(["0B", "263B", "1023B", "1.0KiB", "1.0MiB", "5.0GiB"]);
});

test("who holds the limits of units is a column where one of them has some", () => {
  const limits = [
    { limit: "memory.max_rss", by: "cgroup v1" },
    { limit: "priority", by: "nice" },
    { limit: "cpu.max_cores", by: "cgroup v1" },
  ];
  expect(statusTable(status([unit("web", { limits, groups: ["units"] }), unit("plain", { groups: ["units"] })]), plain)).toBe(
    [
      "UNIT   STATE     PID  UPTIME  RESTARTS   MEMORY  GROUP  LIMITS                                         NOTE",
      "web    running  4242   1m05s         0  12.0MiB  units  cgroup v1: max_rss, max_cores; nice: priority",
      "plain  running  4242   1m05s         0  12.0MiB  units  -",
      "",
    ].join("\n"),
  );
});

test("the health of units is a column where one of them is probed", () => {
  const probed = [
    unit("web", { health: "healthy", groups: ["units"] }),
    unit("slow", { health: "unhealthy", ready: false, groups: ["units"] }),
    unit("new", { health: "unknown", ready: false, groups: ["units"] }),
    unit("plain", { groups: ["units"] }),
  ];
  expect(statusTable(status(probed), plain)).toBe(
    [
      "UNIT   STATE     PID  UPTIME  RESTARTS   MEMORY  HEALTH     GROUP  NOTE",
      "web    running  4242   1m05s         0  12.0MiB  healthy    units",
      "slow   running  4242   1m05s         0  12.0MiB  unhealthy  units  not ready",
      "new    running  4242   1m05s         0  12.0MiB  unknown    units  not ready",
      "plain  running  4242   1m05s         0  12.0MiB  -          units",
      "",
    ].join("\n"),
  );
  expect(probed.map(isAsWanted)).toEqual([true, false, true, true]);
  const because = "liveness probe failed 3 times: HTTP 503";
  const failed = unit("web", { state: "backoff", pid: null, lastExit: { ...exit(0), because } });
  expect(note(failed, now)).toBe(because);
  expect(note({ ...failed, state: "failed", reason: `failed: ${because} (exit code 0)` }, now)).toBe(`failed: ${because} (exit code 0)`);
});

test("what there is to say about a unit", () => {
  expect(note(unit("a"), now)).toBe("");
  expect(note(unit("a", { state: "stopping", lastExit: exit(0) }), now)).toBe("");
  expect(note(unit("a", { state: "stopped", pid: null, lastExit: exit(0) }), now)).toBe("exited with code 0");
  const said = { reason: "ended: killed by SIGTERM", lastExit: exit(null, "SIGTERM") };
  expect(note(unit("a", { state: "stopped", pid: null, ...said }), now)).toBe("ended: killed by SIGTERM");
  expect(note(unit("a", { state: "failed", pid: null, reason: "failed: exit code 1", lastExit: exit(1) }), now)).toBe(
    "failed: exit code 1",
  );
});

test("who is as wanted", () => {
  expect(five.map(isAsWanted)).toEqual([true, true, false, false, true]);
  const stopped = (reason: string | null, code: number) => isAsWanted(unit("a", { state: "stopped", reason, lastExit: exit(code) }));
  expect([stopped(null, 0), stopped(null, 1), stopped("stopped by hand", 0)]).toEqual([true, false, false]);
  expect(isAsWanted(unit("a", { state: "starting" }))).toBe(false);
});

describe("text", () => {
  test("width counts what a terminal shows", () => {
    expect(["abc", "\x1b[1mabc\x1b[22m", "日本", "é", "e\u0301", "🚀x"].map(width)).toEqual([3, 3, 4, 1, 1, 3]);
  });

  test("truncate cuts to the column, keeps colours closed, and marks the cut", () => {
    expect(truncate("abcdef", 6)).toBe("abcdef");
    expect(truncate("abcdef", 4)).toBe("abc…");
    expect(truncate("日本語", 4)).toBe("日…");
    expect(truncate("\x1b[1mabcdef\x1b[22m", 4)).toBe("\x1b[1mabc\x1b[22m…");
    expect(truncate("ab\x1b[1mcdef\x1b[22mgh", 3)).toBe("ab\x1b[1m\x1b[22m…");
    expect(truncate("abc", 1)).toBe("…");
    expect(truncate("abc", 0)).toBe("");
  });

  test("align leaves no blanks at line ends", () => {
    expect(
      align(
        [
          ["a", "bb", ""],
          ["ccc", "d", "e"],
        ],
        new Set([1]),
      ),
    ).toEqual(["a    bb", "ccc   d  e"]);
    expect(
      align([
        ["a", "", "b"],
        ["c", "", "d"],
      ]),
    ).toEqual(["a  b", "c  d"]);
  });

  test("clean writes control characters out", () => {
    expect(clean("a\tb\x07\u009b\u202e")).toBe("a b\\x07\\x9b\\x202e");
  });
});

describe("colours", () => {
  const tty = { isTTY: true, env: { TERM: "xterm" }, noColor: false };
  test.each([
    [tty, coloured],
    [{ ...tty, isTTY: false }, plain],
    [{ ...tty, noColor: true }, plain],
    [{ ...tty, env: { NO_COLOR: "1" } }, plain],
    [{ ...tty, env: { NO_COLOR: "" } }, coloured],
    [{ ...tty, env: { TERM: "dumb" } }, plain],
  ])("%j", (options, expected) => {
    expect(paintFor(options)).toBe(expected);
  });
});

describe("the live picture", () => {
  const events = Array.from({ length: 10 }, (_, index) => event(index + 1, "started", `event ${index + 1}`));
  const scene = { status: status([unit("web", { restarts: 2 }), unit("broken", { state: "failed", pid: null, reason: "gave up" })]) };
  const full = { ...scene, tree: tree({ broken: "failed" }), events, footer: "Ctrl-C stops all units", rows: 40, columns: 100, time: utc };

  test("all of it", () => {
    expect(frame(full, plain)).toEqual([
      "hsu /etc/hsu/hsu.yaml · pid 99 · up 1h00m · 1 of 2 units running · 60.0MiB",
      "",
      "master              one_for_one",
      "├── api             running",
      "└── units           one_for_one",
      "    ├── front       rest_for_one",
      "    │   ├── web     running       pid 4242  up 1m05s  2 restarts",
      "    │   └── client  running       pid 4242",
      "    └── broken      failed        pid 4242                        gave up",
      "",
      ...[3, 4, 5, 6, 7, 8, 9, 10].map((n) => `08:00:${String(n).padStart(2, "0")} units/front/web  event ${n}`),
      "Ctrl-C stops all units",
    ]);
  });

  test("never more lines or columns than the terminal has", () => {
    for (let rows = 1; rows < 25; rows++) {
      for (const columns of [1, 10, 40]) {
        const lines = frame({ ...full, rows, columns }, coloured);
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) expect(width(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  test("where room is scarce, events go first, then the tree is cut and says so", () => {
    const small = frame({ ...full, rows: 14 }, plain);
    expect(small.filter((line) => line.includes("event"))).toEqual([
      "08:00:09 units/front/web  event 9",
      "08:00:10 units/front/web  event 10",
    ]);
    expect(small).toHaveLength(13);
    const tiny = frame({ ...full, rows: 8 }, plain);
    expect(tiny).toEqual([
      "hsu /etc/hsu/hsu.yaml · pid 99 · up 1h00m · 1 of 2 units running · 60.0MiB",
      "master              one_for_one",
      "├── api             running",
      "└── units           one_for_one",
      "… 4 more, see `hsu status`",
      "08:00:10 units/front/web  event 10",
      "Ctrl-C stops all units",
    ]);
  });

  test("is drawn over the one before, line by line", () => {
    expect(repaint(0, ["a", "b"])).toBe("\x1b[?2026h\ra\x1b[K\nb\x1b[K\n\x1b[J\x1b[?2026l");
    expect(repaint(2, ["c"])).toBe("\x1b[?2026h\r\x1b[2Ac\x1b[K\n\x1b[J\x1b[?2026l");
  });
});

describe("top and describe", () => {
  const usage: UsageSample = {
    at: now,
    cpuPercent: 12.34,
    cpuMillis: 65_000,
    rssBytes: 1 << 20,
    pssBytes: 1 << 19,
    virtualBytes: 1 << 22,
    swapBytes: 0,
    processes: 2,
    threads: 5,
    files: 10,
    filesMost: 8,
    sockets: 1,
    readBytes: 4096,
    writeBytes: 0,
    reads: 3,
    writes: 4,
    readBps: 2048,
    writeBps: 0,
    readOps: 1,
    writeOps: 0,
    contextSwitches: 7,
    oomKills: 1,
    pressure: { cpu: 1, memory: 0, io: 2.5 },
  };
  const web: UnitResources = {
    unit: "web",
    state: "running",
    pid: 4242,
    usage,
    limits: [
      { limit: "memory.max_rss", bound: 100 << 20, policy: "restart", by: "cgroup v2" },
      { limit: "cpu.max_cores", bound: 1.5, policy: "throttle", by: "monitor", why: "there is no cpu controller" },
    ],
  };
  const idle: UnitResources = { unit: "idle", state: "stopped", pid: null, usage: null, limits: [] };
  const greedy: UnitResources = { ...web, unit: "greedy", usage: { ...usage, cpuPercent: null, rssBytes: 8 << 20 }, limits: [] };
  const report: ResourceReport = { at: now, cores: 2, memoryBytes: 8_589_934_592, master: usage, units: [idle, web, greedy] };

  test("a line a unit, those first that use most of what is asked for; a dash for what is not known", () => {
    expect(`${topLines(report, "cpu", plain).join("\n")}\n`).toBe(
      [
        "3 units · 9.0MiB of 8.0GiB · 2 cores · master 12.3% cpu, 1.0MiB",
        "UNIT    STATE     PID  CPU%   TIME     RSS  SWAP  PROCS  THREADS  FILES  READ/S  WRITE/S  LIMITS",
        "web     running  4242  12.3  1m05s  1.0MiB    0B      2        5     10  2.0KiB       0B  max_rss 100.0MiB, max_cores 1.5",
        "greedy  running  4242     -  1m05s  8.0MiB    0B      2        5     10  2.0KiB       0B",
        "idle    stopped     -     -      -       -     -      -        -      -       -        -",
        "",
      ].join("\n"),
    );
    const first = (order: Order) => sorted(report.units, order).map((each) => each.unit);
    expect([first("memory"), first("io"), first("name")]).toEqual([
      ["greedy", "web", "idle"],
      ["web", "greedy", "idle"],
      ["greedy", "idle", "web"],
    ]);
  });

  test("what a unit uses, and who holds its limits", () => {
    const text = description({ status: unit("web"), history: [], resources: web }, now, plain);
    expect(text.split("\n").slice(5, -1)).toEqual([
      "up         1m05s",
      "cpu        12.3% of a core, 1m05s in all",
      "memory     1.0MiB resident, 512.0KiB by share, 4.0MiB virtual, 0B swapped",
      "processes  2, 5 threads",
      "files      10 open, 1 of them sockets",
      "reads      2.0KiB/s, 4.0KiB in all",
      "writes     0B/s, 0B in all",
      "switches   7",
      "oom kills  1",
      "pressure   cpu 1.0%, memory 0.0%, io 2.5%",
      "ready      true",
      "restarts   0",
      "limits",
      "  memory.max_rss  100.0MiB  restart   held by: cgroup v2",
      "  cpu.max_cores   1.5       throttle  held by: monitor (there is no cpu controller)",
    ]);
  });
});
