/** `hsu top` on a terminal: keys, a signal that is asked about first, another size, and its end. */
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

it("orders, filters, signals who is marked, follows the window, and leaves the terminal as it was", async () => {
  const unit = (id: string) => ({
    id,
    management: { control: { executable: "sleep", arguments: ["600"] }, restart_policy: { strategy: "never" } },
  });
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: ["one", "two", "three"].map(unit) }));
  expect((await place.hsu("up", "-d")).code).toBe(0);
  const more = { TERM: "xterm", NO_COLOR: "1" };
  const tty = { rows: 12, columns: 70 };
  const top = await attended(place, tty, ["top", "--interval", "50ms"], more);
  let frame = "";
  let all = "";
  const over = (async () => {
    for await (const { data } of top.output) {
      all += Buffer.from(data).toString();
      frame = all.slice(all.lastIndexOf("\x1b[?2026h", all.lastIndexOf("\x1b[?2026l")));
    }
  })();
  const shows = (what: string, isSo: (frame: string) => boolean) => until(what, () => frame, isSo);
  const type = (keys: string) => top.write(Buffer.from(keys));
  await shows("all units", (seen) => ["one", "two", "three"].every((id) => seen.includes(`${id} `)));
  await type("n");
  await shows("the order of names", (seen) => seen.includes("by name") && seen.includes("> one"));
  await type("/t");
  await shows("two of them", (seen) => seen.includes("filter: t_") && !seen.includes("one "));
  await type("\r\x1b[Bk");
  await shows("a question", (seen) => seen.includes("send SIGTERM to two? y sends it"));
  await type("y");
  await until(
    "the unit has ended",
    async () => (await place.status()).units.find(({ id }) => id === "two")?.lastExit?.signal,
    (signal) => signal === "SIGTERM",
  );
  top.resize({ rows: 5, columns: 30 });
  process.kill(top.pid, "SIGWINCH");
  await shows(
    "a smaller frame",
    (seen) =>
      seen
        .split("\x1b[K")
        .slice(0, -1)
        .every((line) => line.length < 50) && seen.includes("…"),
  );
  await type("q");
  await over;
  expect(top.exit()).toEqual({ code: 0, signal: null });
  expect(all.endsWith("\x1b[?25h")).toBe(true);
  expect((await place.status()).units.map(({ id, state }) => `${id} ${state}`)).toContain("one running");
});
