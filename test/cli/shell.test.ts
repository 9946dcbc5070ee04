/**
 * What `hsu` writes for others to read: shells, systemd, launchd; and the pages of errors.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it } from "vitest";
import { completion } from "../../src/cli/Completion.ts";
import { launchdPlist, systemdUnit } from "../../src/cli/Service.ts";
import { hsu, testIo } from "./testIo.ts";

const has = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-shell-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last word. */
const offered = (...words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const script = join(folder, "hsu.bash");
  writeFileSync(script, completion("bash"));
  writeFileSync(join(folder, "hsu"), "#!/bin/sh\necho web\necho worker-1\n");
  chmodSync(join(folder, "hsu"), 0o755);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const program = `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _hsu; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  return execFileSync("bash", ["-c", program], { encoding: "utf8", cwd: folder, env }).trim().split("\n");
};

it.skipIf(!has("bash"))("bash completes verbs, units, flags and the words of flags (needs bash)", () => {
  expect(offered("hsu", "re")).toEqual(expect.arrayContaining(["restart", "reload", "reset-failed"]));
  expect(offered("hsu", "restart", "w")).toEqual(["web", "worker-1"]);
  expect(offered("hsu", "status", "--o")).toEqual(["--output"]);
  expect(offered("hsu", "wait", "--for", "h")).toEqual(["healthy"]);
  expect(offered("hsu", "validate", "hsu.b")).toEqual(["hsu.bash"]);
  expect(offered("hsu", "down", "")).toEqual([""]);
});

it.each([
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const)("what %s is given is no mistake to it", (shell, check) => {
  const text = completion(shell);
  expect(text).toContain("reset-failed");
  const file = join(folder, shell);
  writeFileSync(file, text);
  // Where the shell is not installed, it is only written.
  if (has(shell)) execFileSync(shell, [check, file]);
});

const options = { command: ["/opt/node dir/node", "--flag=50%", "/opt/hsu.mjs"], file: "/etc/h$u/hsu.yaml", system: false };

it("systemd and launchd are given the program and the config, quoted as they want it", () => {
  const user = systemdUnit(options);
  expect(user).toContain('ExecStart="/opt/node dir/node" --flag=50%% /opt/hsu.mjs up /etc/h$$u/hsu.yaml\n');
  expect(user).toMatch(/KillMode=process[^]*Delegate=yes[^]*WantedBy=default\.target/);
  expect(systemdUnit({ ...options, system: true })).toMatch(/StateDirectory=hsu[^]*WantedBy=multi-user\.target/);
  expect(launchdPlist({ ...options, file: "/a & b" })).toContain("    <string>up</string>\n    <string>/a &amp; b</string>\n");
});

it.skipIf(!has("systemd-analyze"))("systemd finds no mistake in its unit (needs systemd-analyze)", () => {
  const file = join(folder, "hsu.service");
  writeFileSync(file, systemdUnit({ command: ["/bin/true"], file: "/etc/hosts", system: true }));
  execFileSync("systemd-analyze", ["verify", "--man=no", file], { stdio: "pipe" });
});

it("install wants a config that is right, and a manager that it knows", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const io = testIo(folder, { self: ["/usr/bin/node", "/opt/hsu.mjs"] });
      writeFileSync(join(folder, "hsu.yaml"), "managed_processes: []\n");
      expect(yield* hsu(io, "install", "systemd", "hsu.yaml")).toBe(0);
      expect(io.out()).toContain(`ExecStart=/usr/bin/node /opt/hsu.mjs up ${join(folder, "hsu.yaml")}\n`);
      writeFileSync(join(folder, "bad.yaml"), "managed: []\n");
      expect(yield* hsu(io, "install", "systemd", "bad.yaml")).toBe(2);
      expect(yield* hsu(io, "install", "upstart", "hsu.yaml")).toBe(2);
    }),
  ));

it("explain shows the page of an error, by its code however it is written", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const io = testIo(folder);
      expect(yield* hsu(io, "explain", "[hsu-unit-002]")).toBe(0);
      expect(io.out()).toMatch(/^HSU-UNIT-002: .+\n\n/);
      expect(io.out()).not.toMatch(/\]\(/);
      expect(yield* hsu(io, "explain", "HSU-UNIT-992")).toBe(1);
      expect(io.err()).toContain("did you mean HSU-UNIT-002?");
    }),
  ));
