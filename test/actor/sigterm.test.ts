/** Services as processes of their own that are told to end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";

/** Runs the program until it is up, sends SIGTERM, and gives what it said and how it ended. */
const terminated = async (how: string) => {
  const child = spawn(process.execPath, ["test/programs/phases.ts", how], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const said = text(child.stdout);
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code] = await ended;
  return { code: code as unknown, lines: (await said).trim().split("\n") };
};

it("SIGTERM takes a tree that is run through the phases of its shutdown", async () => {
  expect((await terminated("run")).lines.slice(-3)).toEqual(["listener stopped", "flushed", "db stopped"]);
});

it("SIGTERM aborts a tree that was launched: it stops in reverse order, and nothing keeps the process", async () => {
  const { code, lines } = await terminated("launch");
  expect(lines.slice(-3)).toEqual(["db stopped", "listener stopped", "Shutdown"]);
  expect(code).toBe(0);
});
