/** A change of several instances under load, as those see it who are served meanwhile. */
import { writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
let port: number;
beforeEach(async () => {
  place = home();
  port = await freePort();
});
afterEach(() => place.clean());

const program = resolve("test/programs/rolled.mjs");
const write = (word: string): void => {
  const control = {
    executable: process.execPath,
    arguments: [program, word, join(place.folder, "ready-{index}")],
    listen: [{ tcp: `127.0.0.1:${port}` }],
    shutdown_timeout: "10s",
  };
  const exec = { command: "test", args: ["-e", join(place.folder, "ready-{index}")] };
  // A machine that is busy with others may be late with a probe.
  const readiness = { exec, interval: "200ms", timeout: "190ms", failure_threshold: 10 };
  const web = { id: "web", count: 4, max_unavailable: 1, management: { control, probes: { readiness } } };
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [web] }));
};

/** What is answered: its text, or why there is no answer. Nothing is tried again. */
const ask = (agent: Agent): Promise<string> =>
  new Promise((done) => {
    const asked = request({ host: "127.0.0.1", port, agent }, (response) => {
      let said = "";
      response.on("data", (chunk) => (said += String(chunk)));
      response.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      response.on("end", () => done(response.statusCode === 200 ? said : `HTTP ${response.statusCode}`));
    });
    asked.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    asked.end();
  });

interface Load {
  readonly answers: Map<string, number>;
  readonly total: () => number;
  readonly over: Promise<unknown>;
}

/** Clients, half of them with a new connection for each request, that ask until they have had `least` answers and `isOver`. */
const load = (clients: number, least: number, isOver: () => boolean): Load => {
  const answers = new Map<string, number>();
  let total = 0;
  const client = async (keepAlive: boolean): Promise<void> => {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    while (!isOver() || total < least) {
      const said = await ask(agent);
      total++;
      answers.set(said, (answers.get(said) ?? 0) + 1);
    }
    agent.destroy();
  };
  return { answers, total: () => total, over: Promise.all(Array.from({ length: clients }, (_, index) => client(index % 2 === 0))) };
};

it("an HTTP unit with 4 instances answers every one of 10,000 requests during a rolling change and a rolling restart", async () => {
  write("one");
  await place.hsu("up", "-d");
  const pids = async () => (await place.status()).units.map(({ pid, ready }) => (ready ? pid : null));
  const before = await until("all are ready", pids, (seen) => seen.length === 4 && !seen.includes(null));
  const over = new AbortController();
  /** The fewest that could be used at a time, as far as the master says. */
  let fewest = 4;
  const { answers, over: answered, total } = load(8, 10_000, () => over.signal.aborted);
  const watching = (async () => {
    while (!over.signal.aborted) {
      fewest = Math.min(fewest, (await pids()).filter((pid) => pid !== null).length);
      await new Promise((done) => setTimeout(done, 10));
    }
  })();
  await until("it is under load", total, (seen) => seen > 500);
  write("two");
  const applied = await place.hsu("apply");
  const changed = await pids();
  const rolled = await place.hsu("restart", "--rolling", "web");
  over.abort();
  await answered;
  await watching;
  expect(applied).toMatchObject({ code: 0, out: expect.stringContaining("4 restarted") });
  expect(rolled).toMatchObject({ code: 0, err: "" });
  expect(rolled.out).toMatch(/^web-0 running \(pid \d+\)\nweb-1 .*\nweb-2 .*\nweb-3 .*\n$/);
  const after = await pids();
  // Every one of them is another process, twice; nobody was answered by anything but one of the twelve.
  expect(new Set([...before, ...changed, ...after]).size).toBe(12);
  const known = new Set([...before.map((pid) => `one ${pid}`), ...[...changed, ...after].map((pid) => `two ${pid}`)]);
  expect([...answers.keys()].filter((said) => !known.has(said))).toEqual([]);
  expect(answers.size).toBe(12);
  expect(total()).toBeGreaterThanOrEqual(10_000);
  expect(fewest).toBeGreaterThanOrEqual(3);
  await place.hsu("down");
  expect(await ask(new Agent())).toBe("ECONNREFUSED");
}, 120_000);

it("the one socket of four instances refuses nobody while there is no master, while it is replaced, and of the instances that come after", async () => {
  write("one");
  await place.hsu("up", "-d");
  const ready = async () => (await place.status()).units.map((unit) => (unit.ready ? unit.pid : null));
  const four = () => until("all are ready", ready, (seen) => seen.length === 4 && !seen.includes(null));
  const before = await four();
  const over = new AbortController();
  const { answers, over: answered, total } = load(4, 200, () => over.signal.aborted);
  const goesOn = async (): Promise<void> => {
    const now = total();
    await until("it is answered", total, (seen) => seen > now + 50);
  };
  await goesOn();
  await place.killMaster();
  await goesOn();
  await place.hsu("up", "-d");
  expect(await four()).toEqual(before);
  await goesOn();
  expect(await place.hsu("upgrade")).toMatchObject({ code: 0, err: "" });
  expect(await four()).toEqual(before);
  await goesOn();
  // Of the socket that has come through both: a new process has it, and so have those that change.
  process.kill(before[0]!, "SIGKILL");
  const third = await until(
    "the killed one is back",
    ready,
    (seen) => seen.length === 4 && !seen.includes(null) && !seen.includes(before[0]!),
  );
  write("two");
  expect(await place.hsu("apply")).toMatchObject({ code: 0, out: expect.stringContaining("4 restarted") });
  const last = await four();
  await goesOn();
  over.abort();
  await answered;
  // What the killed one was just answering is lost with it, and nothing else: nobody was refused.
  const known = new Set([...before, ...third].map((pid) => `one ${pid}`).concat(last.map((pid) => `two ${pid}`)));
  expect([...answers.keys()].filter((said) => !known.has(said) && said !== "ECONNRESET")).toEqual([]);
  // Which of them takes a connection is the kernel's to say.
  expect(last.some((pid) => answers.has(`two ${pid}`))).toBe(true);
  await place.hsu("down");
  expect(place.left()).toEqual([]);
}, 120_000);
