/**
 * One manager under one load, from its start to its end.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Beacons, millisBetween, now } from "./beacons.ts";
import { managersOf, memoryOf, useOf } from "./manager.ts";
import type { Sample } from "./plan.ts";
import type { Manager, Restarts, Tool } from "./tools.ts";

const patienceMillis = 120_000;

/** What all measurements need. */
export interface Lab {
  readonly folder: string;
  /** The path of the compiled beacon. */
  readonly beacon: string;
}

interface Running {
  readonly beacons: Beacons;
  readonly place: string;
  readonly manager: Manager;
  /** From the manager's start to the last unit's `main()`. */
  readonly startMillis: number;
}

/** Starts a manager with so many units; ends whatever is left of it afterwards. */
const withManager = async <A>(
  { beacon, folder }: Lab,
  tool: Tool,
  load: { readonly units: number; readonly restarts: Restarts; readonly mode?: ReadonlyArray<string> },
  use: (running: Running) => Promise<A>,
): Promise<A> => {
  const beacons = new Beacons(beacon, folder);
  const place = join(beacons.folder, "manager");
  mkdirSync(place);
  const ids = Array.from({ length: load.units }, (_, index) => `u${index}`);
  const units = ids.map((id) => ({ id, command: beacons.command(id, load.mode) }));
  tool.prepare(place, units, load.restarts);
  let helpers: ReadonlyArray<number> = [];
  try {
    const from = now();
    const manager = await tool.start(place);
    const startMillis = millisBetween(from, await beacons.all(load.units, patienceMillis));
    helpers = managersOf(manager.root, beacon);
    return await use({ beacons, place, manager, startMillis });
  } catch (cause) {
    let log = "";
    try {
      log = readFileSync(join(place, "manager.log"), "latin1").slice(-2000);
    } catch {
      // It did not come that far.
    }
    throw new Error(`${tool.name} with ${load.units} units: ${log}`, { cause });
  } finally {
    for (const pid of helpers) kill(pid);
    // Its files go with all others at the end: ext4 steps over each that was removed within a minute whenever a file is made.
    beacons.close();
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
};

const median = (values: ReadonlyArray<number>): number => values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;

/** How fast a killed unit is back; then the same with the manager itself. */
export const restarts = (lab: Lab, tool: Tool, kills: number): Promise<Sample> =>
  withManager(lab, tool, { units: 10, restarts: "fastest" }, async ({ beacons, manager, place }) => {
    // s6, runit and supervisord hold a service back that has run for less than a second.
    await sleep(1500);
    const rss10 = memoryOf(managersOf(manager.root, lab.beacon)).rss / 1e6;
    const times: Array<number> = [];
    for (let index = 0; index < kills; index++) {
      const id = `u${index % 10}`;
      const before = beacons.latest.get(id)!;
      await sleep(150);
      const from = now();
      process.kill(before.pid, "SIGKILL");
      const back = await beacons.wait("it is back", 10_000, () => {
        const seen = beacons.latest.get(id)!;
        return seen.pid === before.pid ? undefined : seen;
      });
      times.push(millisBetween(from, back.at));
    }
    await sleep(1000);
    const helpers = managersOf(manager.root, lab.beacon);
    kill(manager.root);
    // pm2's client does not hear of it.
    await Promise.race([manager.ended, sleep(1000)]);
    await sleep(500);
    const sample: Sample = { restart: median(times), rss10 };
    if (tool.name !== "pm2" && !tool.name.startsWith("floor")) {
      const next = await tool.start(place);
      await sleep(4000);
      const running = [...beacons.running().values()].map((pids) => pids.length);
      Object.assign(sample, { twice: running.filter((count) => count > 1).length, lost: 10 - running.length });
      const left = managersOf(next.root, lab.beacon);
      next.stop();
      await Promise.race([next.ended, sleep(3000)]);
      for (const pid of left) kill(pid);
    }
    for (const pid of helpers) kill(pid);
    return sample;
  });

export const many = (lab: Lab, tool: Tool, units: number): Promise<Sample> =>
  withManager(lab, tool, { units, restarts: "fastest" }, async ({ beacons, manager, startMillis }) => {
    await sleep(3000);
    const { pss, rss } = memoryOf(managersOf(manager.root, lab.beacon));
    const sample: Sample = { start: startMillis, rss500: rss / 1e6, pss500: pss / 1e6 };
    const ended = beacons.ended(patienceMillis);
    const from = now();
    manager.stop();
    sample.stop = millisBetween(from, await ended);
    await Promise.race([manager.ended, sleep(10_000)]);
    return sample;
  });

const soonSeconds = 10;

/** Each unit ends at once with code 1. A start of the tool is not counted: the first three seconds are left out. */
export const crashes = (lab: Lab, tool: Tool, seconds: number): Promise<Sample> =>
  withManager(lab, tool, { units: 100, restarts: "default", mode: ["exit"] }, async ({ manager }) => {
    await sleep(3000);
    // Helpers that come and go are counted where their parents have waited for them: not at all. They are few.
    const pids = managersOf(manager.root, lab.beacon);
    const [before, from] = [useOf(pids), now()];
    const share = (): number => ((useOf(pids).cpuMillis - before.cpuMillis) / millisBetween(from, now())) * 100;
    await sleep(soonSeconds * 1000);
    const crashSoon = share();
    await sleep((seconds - soonSeconds) * 1000);
    const crash = share();
    const left = managersOf(manager.root, lab.beacon);
    manager.stop();
    await Promise.race([manager.ended, sleep(5000)]);
    for (const pid of left) kill(pid);
    return { crash, crashSoon };
  });

/** All of them at once: they idle. */
export const idle = async (lab: Lab, tools: ReadonlyArray<Tool>, seconds: number): Promise<ReadonlyMap<string, Sample>> => {
  const samples = new Map<string, Sample>();
  const one = (rest: ReadonlyArray<Tool>, started: ReadonlyArray<readonly [Tool, Manager]>): Promise<void> => {
    const [tool, ...others] = rest;
    if (tool === undefined) return watch(started);
    return withManager(lab, tool, { units: 100, restarts: "default" }, async ({ manager }) => {
      await one(others, [...started, [tool, manager]]);
      manager.stop();
      await Promise.race([manager.ended, sleep(20_000)]);
    });
  };
  const watch = async (started: ReadonlyArray<readonly [Tool, Manager]>): Promise<void> => {
    await sleep(10_000);
    const before = started.map(([tool, { root }]) => {
      const pids = managersOf(root, lab.beacon);
      return { tool, pids, rss: memoryOf(pids).rss / 1e6, from: now(), use: useOf(pids) };
    });
    await sleep(seconds * 1000);
    for (const { from, pids, rss, tool, use } of before) {
      const after = useOf(pids);
      const millis = millisBetween(from, now());
      const idlePercent = ((after.cpuMillis - use.cpuMillis) / millis) * 100;
      samples.set(tool.name, { idle: idlePercent, wakeups: ((after.wakeups - use.wakeups) / millis) * 60_000, rss100: rss });
    }
  };
  await one(tools, []);
  return samples;
};
