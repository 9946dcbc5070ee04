/** A unit that writes without end, whose log cannot be written, with `when_full: block`: it is held back, and nothing of what it writes is lost. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { completeName, completeOf } from "../../src/logs/collect/Rotate.ts";
import { home, until } from "./program.ts";

const lines = 100_000;
const lineBytes = 100;
const bound = 1_000_000;

const stateOf = (pid: number): string => / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/, ""))?.[1] ?? "?";

it("is stopped, over the death of its master as well, goes on when there is room, and can be ended meanwhile", async () => {
  const one = home();
  onTestFinished(one.clean);
  // Where the log is to be, there is a file: nobody can write a log there.
  writeFileSync(join(one.folder, "logs"), "");
  const unit = (id: string): string => `  - id: ${id}
    management:
      control: { executable: node, arguments: [writer.mjs] }
      restart_policy: never
`;
  writeFileSync(
    join(one.folder, "hsu.yaml"),
    `managed_processes:
${unit("writer")}${unit("stubborn")}log_collection:
  default:
    rotation: { max_size: 1MB, max_files: 1000 }
    backlog: { max_size: 1MB, when_full: block }
    outputs: { separate: { stdout: [{ type: file, path: "logs/{process_id}.log", format: raw }] } }
`,
  );
  // As fast as it can, in whole lines.
  writeFileSync(
    join(one.folder, "writer.mjs"),
    `import { writeSync } from "node:fs";
for (let number = 1; number <= ${lines}; number++) {
  writeSync(1, (number + " ").padEnd(${lineBytes - 1}, "x") + "\\n");
  // Not all before anybody can look.
  if (number % 500 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
setInterval(() => {}, 1000);
`,
  );
  one.start("up");
  const isHeldBack = ({ units }: Awaited<ReturnType<typeof one.status>>): boolean =>
    units.length === 2 && units.every(({ pid, warnings }) => pid !== null && (warnings ?? []).includes("held back until its log has room"));
  const held = await until("both are held back", one.status, isHeldBack, 30_000);
  expect(held.units[0]!.warnings).toContainEqual(expect.stringMatching(/^its stdout cannot be kept \(E[A-Z]+\), and waits$/));
  const [writer, stubborn] = held.units.map(({ pid }) => pid!);
  await until(
    "they are stopped",
    () => [stateOf(writer!), stateOf(stubborn!)],
    (states) => states.every((state) => state === "T"),
  );
  const spool = join(one.folder, "state/logs/writer/.collect/stdout.1.spool");
  const size = statSync(spool).size;
  expect(size).toBeGreaterThan(bound);
  expect(size).toBeLessThan((lines * lineBytes) / 2);
  // Who is stopped hears that it is to end.
  await one.hsu("stop", "stubborn");
  expect((await one.status()).units[1]).toMatchObject({ state: "stopped", lastExit: { signal: "SIGTERM" } });
  await one.killMaster();
  expect(stateOf(writer!)).toBe("T");
  rmSync(join(one.folder, "logs"));
  mkdirSync(join(one.folder, "logs"));
  one.start("up");
  const log = join(one.folder, "logs/writer.log");
  const logText = (): string =>
    [...completeOf(log, readdirSync(join(one.folder, "logs"))).map(({ segment }) => completeName(log, segment)), log]
      .map((path) => readFileSync(path, "latin1"))
      .join("");
  await until(
    "all is there",
    () =>
      readdirSync(join(one.folder, "logs")).reduce(
        // A name may be another one's by now.
        (sum, name) =>
          sum + (name.startsWith("writer") ? (statSync(join(one.folder, "logs", name), { throwIfNoEntry: false })?.size ?? 0) : 0),
        0,
      ),
    (bytes) => bytes >= lines * lineBytes,
    30_000,
  );
  const numbers = logText()
    .split("\n")
    .slice(0, -1)
    .map((line) => Number.parseInt(line, 10));
  expect(numbers).toEqual(Array.from({ length: lines }, (_, at) => at + 1));
  const after = await until("it goes on", one.status, ({ units }) => units[0]?.warnings === undefined);
  expect(after.units[0]!.pid).toBe(writer);
  expect(stateOf(writer!)).not.toBe("T");
  await one.hsu("down");
}, 90_000);
