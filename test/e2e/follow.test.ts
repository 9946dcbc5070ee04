import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { MasterEvent, UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const numbers = (text: string): ReadonlyArray<number> =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => Number(line.replace("e", "")));

it("who follows goes on with the next master where the one before was left: no line comes twice, none is left out", async () => {
  // Odd ones to stdout, even ones to stderr; waits as long as it is told to.
  const script = `n=0; while [ ! -e stop ]; do n=$((n+1)); echo $n; n=$((n+1)); echo e$n >&2; sleep 0.01; done; echo $((n+1)); echo $((n+1)) > ended; sleep 600`;
  const control = { executable: "sh", arguments: ["-c", script] };
  const rotation = { max_size: 1024, max_files: 100 };
  const quiet = { id: "quiet", management: { control: { executable: "sleep", arguments: ["600"] } } };
  const loud = { id: "loud", management: { control, log_collection: { rotation } } };
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [loud, quiet] }));
  expect((await place.hsu("up", "-d")).err).toBe("");
  const logs = place.start("logs", "-f", "-n", "100000", "loud");
  const late = place.start("logs", "-f", "-n", "0", "loud", "quiet", "-o", "json");
  const events = place.start("events", "-f", "-o", "json");
  const watch = place.start("status", "--watch", "-o", "json", "--reconnect", "10s");
  const seen = (text: string) => text.split("\n").length;
  await until(
    "they follow",
    () => Math.min(seen(logs.out()), seen(late.out()), seen(events.out()), seen(watch.out())),
    (count) => count > 2,
  );
  const before = await place.status();

  /** They are with the master that is there now, the `number`th; who watches the status has nothing to say when nothing has changed. */
  const goOn = async (number: number) => {
    const sizes = () => [logs, late].map(({ out }) => out().length);
    const masters = () => events.out().split('"seq":1,').length - 1;
    const marks = sizes();
    await until(
      "they go on",
      () => [...sizes(), masters()],
      (now) => marks.every((mark, index) => now[index]! > mark) && now[marks.length]! >= number,
      30_000,
    );
  };
  expect((await place.hsu("upgrade")).code).toBe(0);
  await goOn(2);
  await place.killMaster();
  expect((await place.hsu("up", "-d")).code).toBe(0);
  await goOn(3);
  writeFileSync(join(place.folder, "stop"), "");
  await place.hsu("stop", "quiet");
  const ended = join(place.folder, "ended");
  const count = await until(
    "the unit has said its last",
    () => (existsSync(ended) ? Number(readFileSync(ended, "utf8")) : 0),
    (said) => said > 0,
  );
  const last = await until(
    "the last one, by both",
    () => numbers(logs.out()),
    (all) => all.length >= count && late.out().includes(`"text":"${count}"`) && late.out().includes(`"text":"e${count - 1}"`),
  );
  expect(last.toSorted((one, other) => one - other)).toEqual(Array.from({ length: last.length }, (_, at) => at + 1));
  const lateOnes = late
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { text: string; cursor?: string });
  expect(lateOnes.every(({ cursor }) => cursor === undefined)).toBe(true);
  const lateNumbers = lateOnes.map(({ text }) => Number(text.replace("e", ""))).toSorted((one, other) => one - other);
  expect(lateNumbers).toEqual(Array.from({ length: last.length - lateNumbers[0]! + 1 }, (_, at) => lateNumbers[0]! + at));

  await place.hsu("down");
  for (const one of [logs, late, events, watch]) {
    const { code, err } = await one.ended;
    const waits = one === watch ? 10 : 30;
    const gone = `the master is gone; waiting ${waits} s for the next one\n`;
    // Who comes back while the master is just ending finds it gone a third time, and may come too late to be told that it has ended in order.
    // Who watches may be looking for the second master while that is killed.
    expect(err.split(gone).length).toBeOneOf(one === watch ? [2, 3, 4] : [3, 4]);
    const end = err.replaceAll(gone, "");
    if (code === 3) expect(end).toMatch(/^error: no master is running at /);
    else expect({ code, end }).toEqual({ code: 0, end: "the master has ended\n" });
  }
  const told = events
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as MasterEvent);
  expect(new Set(told.map(({ at, seq }) => `${at} ${seq}`)).size).toBe(told.length);
  expect(told.filter(({ seq }) => seq === 1)).toHaveLength(3);
  expect(told.some(({ path, type }) => path.at(-1) === "quiet" && type === "stopped")).toBe(true);
  // A unit that goes on under the next master has not become another one.
  const states = watch
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as UnitStatus);
  const pids = new Set(states.filter(({ id, state }) => id === "quiet" && state === "running").map(({ pid }) => pid));
  expect([...pids]).toEqual([before.units.find(({ id }) => id === "quiet")!.pid]);
}, 120_000);

it("when no master comes back in time, it ends with 3", async () => {
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({ managed_processes: [{ id: "web", management: { control: { executable: "sleep", arguments: ["600"] } } }] }),
  );
  await place.hsu("up", "-d");
  const events = place.start("events", "-f", "--reconnect", "300ms");
  await until("it follows", events.out, (out) => out.includes("started"));
  await place.killMaster();
  const { code, err } = await events.ended;
  expect(code).toBe(3);
  expect(err).toMatch(/^the master is gone; waiting 0\.3 s for the next one\nerror: no master is running at .* \[HSU-CLI-002\]\n/);
});
