/** Who never reads: a client of `hsu logs -f` that is stopped, and nobody at the other end of the master's own output. Neither unit nor master notices. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { home, until } from "./program.ts";

const lines = 40_000;
const lineBytes = 1000;

it("a reader that never reads costs the unit nothing and the master no memory, and has all of it when it reads on", async () => {
  const one = home();
  onTestFinished(one.clean);
  writeFileSync(
    join(one.folder, "hsu.yaml"),
    `managed_processes:
  - id: writer
    management:
      control: { executable: node, arguments: [writer.mjs] }
      restart_policy: never
log_collection:
  global_aggregation: { targets: [{ type: process_manager_stdout, format: plain }] }
`,
  );
  writeFileSync(
    join(one.folder, "writer.mjs"),
    `import { existsSync, writeSync } from "node:fs";
writeSync(1, "begin\\n");
const timer = setInterval(() => {
  if (!existsSync("go")) return;
  clearInterval(timer);
  for (let from = 1; from <= ${lines}; from += 100) {
    let text = "";
    for (let number = from; number < from + 100; number++) text += (number + " ").padEnd(${lineBytes - 1}, "x") + "\\n";
    writeSync(1, text);
  }
}, 20);
`,
  );
  const up = one.start("up");
  await until("it writes", up.out, (out) => out.includes("begin"));
  const reader = one.start("logs", "-f", "writer");
  await until("it reads", reader.out, (out) => out.includes("begin"));
  reader.child.kill("SIGSTOP");
  up.child.stdout!.pause();
  const before = (await one.status()).memory!;
  writeFileSync(join(one.folder, "go"), "");
  // The unit has written all and ended: nobody kept it waiting.
  const ended = await until("it has ended", one.status, ({ units }) => units[0]?.lastExit?.code === 0, 60_000);
  expect(ended.memory! - before).toBeLessThan((lines * lineBytes) / 2);
  const last = await one.hsu("logs", "-n", "1", "writer");
  expect(last.out).toMatch(new RegExp(`^${lines} x+\n$`));
  expect((await one.status()).units[0]!.logTargets).toMatchObject([{ target: "stdout", lost: 0 }]);
  reader.child.kill("SIGCONT");
  up.child.stdout!.resume();
  const endsWith = (text: string): boolean => text.slice(-2 * lineBytes).includes(`${lines} x`);
  await until("it has read all", () => endsWith(reader.out()), Boolean, 60_000);
  await until("so has who reads the master's output", () => endsWith(up.out()), Boolean, 60_000);
  const numbersIn = (text: string): ReadonlyArray<number> => Array.from(text.matchAll(/^(\d+) x+$/gm), ([, number]) => Number(number));
  const all = Array.from({ length: lines }, (_, at) => at + 1);
  expect(numbersIn(reader.out())).toEqual(all);
  expect(numbersIn(up.out())).toEqual(all);
  reader.child.kill("SIGINT");
  await reader.ended;
  await one.hsu("down");
}, 180_000);
