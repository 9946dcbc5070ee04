/** Units that are written to: over the death of their master, and by keys. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { attended } from "./attended.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const script = "echo up $$; while read line; do echo got $line; done; echo end of input";
const control = (more: object) => ({ control: { executable: "sh", arguments: ["-c", script], ...more } });

it("what is typed reaches the unit, what it writes is seen; also of a unit whose master was killed; keys leave it", async () => {
  const units = [
    { id: "shell", management: control({ stdin: "pipe" }) },
    { id: "deaf", management: control({}) },
  ];
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: units }));
  await place.hsu("up", "-d");
  const logs = async (unit: string) => (await place.hsu("logs", unit)).out;
  // Without a standard input its end is there at once.
  await until(
    "it reads nothing",
    () => logs("deaf"),
    (out) => out.includes("end of input"),
  );
  const deaf = await place.hsu("attach", "deaf");
  expect(deaf.code).toBe(1);
  expect(deaf.err).toContain("HSU-EXEC-004");

  const { pid } = (await place.status()).units[0]!;
  await place.killMaster();
  await place.hsu("up", "-d");
  const terminal = await attended(place, { rows: 20, columns: 70 }, ["attach", "shell"], { TERM: "xterm" });
  let text = "";
  const over = (async () => {
    for await (const { data } of terminal.output) text += Buffer.from(data).toString();
  })();
  const says = (what: string) =>
    until(
      `it says ${what}`,
      () => text,
      (seen) => seen.includes(what),
    );
  await says("Ctrl-P Ctrl-Q leaves it");
  await terminal.write(Buffer.from("hellx\x7fo\r"));
  await says("hellx\b \bo\r\n");
  await says("got hello");
  await terminal.write(Buffer.from("\x10\x11"));
  await over;
  expect(terminal.exit()).toEqual({ code: 0, signal: null });
  const unit = (await place.status()).units[0]!;
  expect([unit.state, unit.pid]).toEqual(["running", pid]);
  expect(await logs("shell")).toBe(`up ${pid}\ngot hello\n`);
});
