/** Commands beside units: what they are given, what comes of what is said to them, and that they end with whom they are of. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Attended } from "../../src/platform/Attended.ts";
import { attended } from "./attended.ts";
import { marked } from "../marked.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
const unit = (id: string, more: object = {}) => ({
  id,
  ...more,
  management: {
    control: { executable: "sleep", arguments: ["600"], environment: { GREETING: "hello", TOKEN: { file: "token" } } },
    resource_limits: { max_file_descriptors: 77, max_memory_mb: 300 },
  },
});
beforeAll(async () => {
  place = home();
  writeFileSync(join(place.folder, "token"), "s3cret\n");
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [unit("web"), unit("off", { enabled: false })] }));
  expect((await place.hsu("up", "-d")).code).toBe(0);
});
afterAll(() => place.clean());

const begun = (tty: { readonly rows: number; readonly columns: number } | null, ...args: ReadonlyArray<string>) =>
  attended(place, tty, args, { TERM: "vt52" });

const reading = (from: Attended) => {
  let text = "";
  const over = (async () => {
    for await (const { data } of from.output) text += Buffer.from(data).toString();
    return { text, exit: from.exit() };
  })();
  return {
    over,
    says: (what: string | RegExp) =>
      until(
        `it says ${what}`,
        () => text,
        (seen) => (typeof what === "string" ? seen.includes(what) : what.test(seen)),
      ),
  };
};

it("a command has what its unit has: variables, secrets, folder, limits, groups; and its output and exit code are ours", async () => {
  const { pid } = (await place.status()).units[0]!;
  const script = `echo "$GREETING $TOKEN $HSU_UNIT"; pwd; ulimit -n; diff /proc/self/cgroup /proc/${pid}/cgroup && echo same; echo wrong >&2; exit 7`;
  expect(await place.hsu("exec", "web", "--", "sh", "-c", script)).toEqual({
    code: 7,
    out: `hello s3cret web\n${place.folder}\n77\nsame\n`,
    err: "wrong\n",
  });
  expect((await place.hsu("exec", "web", "--", "sh", "-c", "kill -9 $$")).code).toBe(137);
  expect((await place.hsu("events")).out).toMatch(/units\/web {2}sh -c "kill -9 \$\$", pid \d+/);
});

it("what cannot be run says so: no unit, no process of it, no such program", async () => {
  expect(await place.hsu("exec", "nobody", "--", "true")).toMatchObject({ code: 4, out: "" });
  const off = await place.hsu("exec", "off", "--", "true");
  expect(off).toMatchObject({ code: 1, out: "" });
  expect(off.err).toContain("HSU-EXEC-001");
  expect(await place.hsu("exec", "--standalone", "off", "--", "sh", "-c", "echo $TOKEN; ulimit -n")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^s3cret\n(?!77\n)/),
  });
  const missing = await place.hsu("exec", "web", "--", "no-such-program");
  expect(missing).toMatchObject({ code: 127, out: "" });
  expect(missing.err).toContain("HSU-EXEC-002");
  expect((await place.hsu("exec", "web", "--", "/etc/passwd")).code).toBe(126);
});

it("input, its end and signals reach the command; who has gone leaves nobody behind", async () => {
  const cat = await begun(null, "exec", "web", "--", "cat");
  const said = reading(cat);
  await cat.write(Buffer.from("äöü\n"));
  await said.says("äöü");
  cat.endInput();
  expect(await said.over).toEqual({ text: "äöü\n", exit: { code: 0, signal: null } });
  const waiting = await begun(null, "exec", "web", "--", "sh", "-c", "trap 'exit 9' USR1; echo up; while :; do sleep 0.02; done");
  const seen = reading(waiting);
  await seen.says("up");
  process.kill(waiting.pid, "SIGUSR1");
  expect((await seen.over).exit).toEqual({ code: 9, signal: null });
  const killed = place.start("exec", "web", "--", "env", "HSU_TEST_MARK=gone", "sh", "-c", "echo here; exec sleep 600");
  await until("it runs", killed.out, (out) => out.includes("here"));
  expect(marked("HSU_TEST_MARK=gone")).toHaveLength(1);
  killed.child.kill("SIGKILL");
  await until(
    "nobody is left",
    () => marked("HSU_TEST_MARK=gone").length,
    (count) => count === 0,
  );
});

it("a terminal: its kind, its size and changes of that, its keys, and its exit code", async () => {
  const shell = await begun({ rows: 20, columns: 70 }, "exec", "-t", "web", "--", "sh");
  const seen = reading(shell);
  await seen.says(/[#$] $/);
  await shell.write(Buffer.from("tty; stty size; echo kind=$TERM\n"));
  await seen.says("kind=vt52");
  await seen.says("20 70");
  await seen.says(/\/dev\/pts\/\d/);
  shell.resize({ rows: 33, columns: 99 });
  process.kill(shell.pid, "SIGWINCH");
  // What is typed may overtake the change of size.
  const asked = setInterval(() => void shell.write(Buffer.from("stty size\n")), 200);
  await seen.says("33 99").finally(() => clearInterval(asked));
  await shell.write(Buffer.from("echo asle''ep; sleep 600\n"));
  await seen.says("asleep");
  // To the shell's foreground job, not to hsu.
  await shell.write(Buffer.from("\x03"));
  await shell.write(Buffer.from("exit 5\n"));
  expect((await seen.over).exit).toEqual({ code: 5, signal: null });
});
