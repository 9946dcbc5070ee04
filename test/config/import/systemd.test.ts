import { describe, expect, it } from "vitest";
import { calendarOf, bytesOf, spanOf, wordsIn } from "../../../src/config/import/systemd/Values.ts";
import { imported } from "./support.ts";

const service = (...lines: ReadonlyArray<string>): string => ["[Service]", "ExecStart=/bin/x", ...lines, ""].join("\n");
const unit = (...lines: ReadonlyArray<string>) => imported("systemd", { "x.service": service(...lines) });

describe("values of systemd", () => {
  it.each([
    ["Mon..Fri 02:30", "30 2 * * 1,2,3,4,5"],
    ["Sat,Sun 8..18:00/15", "0-59/15 8-18 * * 0,6"],
    ["*-*-01 00:00:00", "0 0 1 * *"],
    ["*-01,07-01", "0 0 1 1,7 *"],
    ["*:0/5", "0-59/5 * * * *"],
    ["*:*:30", "30 * * * * *"],
    ["Fri..Mon *-*-* 1:00", "0 1 * * 0,1,5,6"],
    ["daily UTC", "0 0 * * * UTC"],
    ["12:00 Europe/Berlin", "0 12 * * * Europe/Berlin"],
    ["quarterly", "0 0 1 1,4,7,10 *"],
    ["2027-01-01 00:00", null],
    ["*-*~01", null],
    ["Mon *-*-01", null],
    ["sometimes", null],
  ])("the calendar event %s is %s", (text, expected) => {
    const found = calendarOf(text);
    const shown = found === null ? null : [found.cron, ...(found.timezone === undefined ? [] : [found.timezone])].join(" ");
    expect(shown).toBe(expected);
  });

  it("spans, sizes and words", () => {
    expect(["5min 20s", "90", "infinity", "1h30min", "500ms", "2 weeks", "soon", "-1"].map(spanOf)).toStrictEqual([
      320_000,
      90_000,
      Infinity,
      5_400_000,
      500,
      1_209_600_000,
      null,
      null,
    ]);
    expect(["512M", "1G", "100", "infinity", "50%"].map(bytesOf)).toStrictEqual([536_870_912, 1_073_741_824, 100, Infinity, null]);
    expect(wordsIn(String.raw`a "b c" 'd\x20e' f\sg ""`)).toStrictEqual(["a", "b c", "d e", "f g", ""]);
    expect(wordsIn("'open")).toBeNull();
  });
});

describe("a service", () => {
  it.each([
    ["what is known is put in", ["Environment=A=1 'B=2 3'"], "ExecStart=/bin/x ${A} $B $$C", "/bin/x", ["1", "2", "3", "$C"]],
    ["what is not is left to a shell", [], "ExecStart=/bin/x a${A}b $B 'c d'", "/bin/sh", ["-c", `set -f; exec /bin/x "a\${A}b" $B 'c d'`]],
    ["one that may fail", [], "ExecStart=-/bin/x", "/bin/sh", ["-c", "{ /bin/x || :; }"]],
  ])("%s", (_, lines, start, executable, args) => {
    const { units, wrong } = imported("systemd", { "x.service": ["[Service]", ...lines, start, ""].join("\n") });
    expect(wrong).toBe("");
    expect(units["x"]).toMatchObject({ executable, args });
  });

  it.each([
    ["Restart=always", { when: "always", delayMillis: 100, multiplier: 1 }],
    ["Restart=no", { when: "never" }],
    ["Restart=on-failure", { when: "on_failure", successExits: [0, "SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"] }],
    ["Restart=on-abort", { when: "on_failure" }],
  ])("%s", (line, expected) => {
    expect(unit(line).units["x"]?.restart).toMatchObject(expected);
  });

  it("in an instance of a template has its name", () => {
    const files = { "w@a-b.service": "[Service]\nExecStart=/bin/w %i %I %p %n %%\nWorkingDirectory=~\n" };
    const { told, units } = imported("systemd", files);
    expect(told).toStrictEqual([]);
    expect(units["w-a-b"]).toMatchObject({ args: ["a-b", "a/b", "w", "w@a-b.service", "%"], workingDirectory: "/root" });
  });

  it("of a socket is started by the first connection, and of a timer at its times, and both end in peace", () => {
    const { told, units, wrong } = imported("systemd", {
      "s.service": service("Restart=always"),
      "s.socket": "[Socket]\nListenStream=[::1]:80\nListenStream=/run/s\nBacklog=7\nFileDescriptorName=web\n",
      "t.service": service("Restart=always", "Type=oneshot"),
      "t.timer": "[Timer]\nOnUnitActiveSec=5min\nRandomizedDelaySec=0\n",
    });
    expect(wrong).toBe("");
    expect(units["s"]).toMatchObject({ onDemand: {}, restart: { when: "on_failure" } });
    expect(units["s"]?.listen).toStrictEqual([
      { address: { _tag: "Tcp", host: "::1", port: 80 }, name: "web", backlog: 7 },
      { address: { _tag: "Unix", path: "/run/s", mode: 0o660 }, name: "web", backlog: 7 },
    ]);
    expect(units["t"]).toMatchObject({ schedule: { at: { everyMillis: 300_000 } }, restart: { when: "never" } });
    expect(told).toStrictEqual([
      "3:1 102 always is on_failure here: what has ended well is started by the next connection",
      "3:1 101 what a timer starts is not started again by itself",
    ]);
  });

  it.each([
    [["Restart=sideways"], '3:1 101 "sideways" is no way to restart that is known here'],
    [["WatchdogSec=5"], "3:1 101 a watchdog listens to a unit that tells its state: Type=notify"],
    [["RestartSec=soon"], '3:1 101 "soon" is no span of time'],
    [["MemoryMax=50%"], "3:1 101 MemoryMax=50% is no limit that is known here"],
    [["KillSignal=FOO"], '3:1 101 "FOO" is no signal here'],
    [["StandardOutput=tty"], "3:1 102 tty is not written to: `hsu logs` shows what the unit writes"],
    [["Colour=red"], "3:1 101 Colour has no counterpart"],
    [["ExecStop=/bin/kill -INT $MAINPID"], undefined],
    [["Environment=A"], '3:1 101 "A" is no variable'],
    [["[Foo]", "A=1"], "4:1 101 [Foo] has no counterpart"],
    [["garbage"], "3:1 001 neither [section] nor key=value"],
  ])("%s is told", (lines, expected) => {
    expect(unit(...lines).told).toStrictEqual(expected === undefined ? [] : [expected]);
  });

  it("reads its configuration again by a signal, and is asked to end by one", () => {
    expect(unit("ExecReload=/bin/kill -HUP $MAINPID", "ExecStop=/bin/kill -s QUIT $MAINPID").units["x"]).toMatchObject({
      reloadSignal: "SIGHUP",
      stopSignal: "SIGQUIT",
    });
  });
});

it("an instance of a template has its name, and the drop-ins of both", () => {
  const { text, units, wrong } = imported(
    "systemd",
    { "web@.service": "[Service]\nExecStart=/bin/sleep %i\nEnvironment=A=1 B=1 C=1\n" },
    {
      "web@.service.d/a.conf": "[Service]\nEnvironment=B=%i\n",
      "web@7.service.d/b.conf": "[Service]\nEnvironment=C=own\n",
      "web@8.service.d/b.conf": "[Service]\nEnvironment=D=other\n",
    },
    undefined,
    "web@7.service",
  );
  expect(wrong).toBe("");
  expect(text).toContain("hsu import systemd web@7.service");
  expect(units).toMatchObject({ "web-7": { args: ["7"], environment: { A: "1", B: "7", C: "own" } } });
  expect(Object.keys(units["web-7"]!.environment)).toEqual(["A", "B", "C"]);
});
