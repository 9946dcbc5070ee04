/**
 * HSU beside other process managers, on real processes. Linux only; a manager that is not installed is left out, and named.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Record, Section } from "../report.ts";
import { compile } from "./beacons.ts";
import { floors } from "./floors.ts";
import { crashes, idle, many, restarts, type Lab } from "./measure.ts";
import { figureOf, type Key, keys, quoted, type Sample } from "./plan.ts";
import { hsu, pm2, runit, s6, supervisord, type Tool } from "./tools.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const peers = [s6, runit, supervisord, pm2];

const parts: { readonly [name: string]: (lab: Lab, tool: Tool) => Promise<Sample> } = {
  restarts: (lab, tool) => restarts(lab, tool, 12),
  many: (lab, tool) => many(lab, tool, 500),
  crashes: (lab, tool) => crashes(lab, tool, 60),
};

/** `$HSU_BENCH_PROCESS`: names of parts and of peers, to look at some of them only; e.g. `many,s6`. */
const only = process.env["HSU_BENCH_PROCESS"]?.split(",");
const wanted = (name: string, of: ReadonlyArray<string>): boolean =>
  only === undefined || !of.some((each) => only.includes(each)) || only.includes(name);

export const processSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-process-"));
  const beacon = compile(folder);
  if (beacon === undefined) {
    rmSync(folder, { recursive: true, force: true });
    return {
      figures: [],
      round: async () => {},
      end: async () => {},
      notes: ["process: left out, there is no C compiler (cc) for its units"],
    };
  }
  await run(process.execPath, [join(root, ".config/build.mjs"), "bin"]);
  // Where nobody builds it again meanwhile.
  cpSync(join(root, "dist/bin"), join(folder, "bin"), { recursive: true });
  // As an installed package finds those that it depends on.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "cache"));
  const own = hsu(join(folder, "bin/hsu.mjs"), join(folder, "cache"));
  const lab: Lab = { folder, beacon };
  const peerNames = peers.map(({ name }) => name);
  const present = peers.filter(({ missing, name }) => missing === null && wanted(name, peerNames));
  const chosen = Object.entries(parts).filter(([name]) => wanted(name, [...Object.keys(parts), "idle"]));
  const withIdle = wanted("idle", [...Object.keys(parts), "idle"]);
  const least = floors(folder);
  // Not measured: it fills the compile cache.
  await restarts(lab, own, 1);

  const figures = new Map<string, Figure>();
  const figure = (key: Key, peer: string): Figure => {
    const name = `${key} ${peer}`;
    const known = figures.get(name);
    if (known !== undefined) return known;
    const first = ![...figures.keys()].some((each) => each.startsWith(`${key} `));
    const made = figureOf(key, peer, first);
    figures.set(name, made);
    return made;
  };
  const recordAll = (record: Record, samples: ReadonlyMap<string, Sample>): void => {
    const mine = samples.get(own.name) ?? {};
    for (const key of keys) {
      const value = mine[key];
      if (value === undefined) continue;
      const systemd = quoted(key);
      if (systemd !== undefined) record(figure(key, "systemd, quoted"), value, systemd);
      for (const { name } of [...present, ...least]) {
        const other = samples.get(name)?.[key];
        if (other !== undefined) record(figure(key, name), value, other);
      }
      if (![...figures.keys()].some((each) => each.startsWith(`${key} `))) record(figure(key, "none"), value, NaN);
    }
  };
  return {
    get figures() {
      return [...figures.values()].toSorted((one, other) => order(one) - order(other));
    },
    round: async (number, record) => {
      const tools = [own, ...present];
      for (const [name, part] of chosen) {
        const samples = new Map<string, Sample>();
        for (const tool of name === "restarts" ? least : [])
          samples.set(tool.name, { restart: (await restarts(lab, tool, 12)).restart ?? NaN });
        // Who goes first changes from round to round.
        for (let index = 0; index < tools.length; index++) {
          const tool = tools[(index + number) % tools.length]!;
          samples.set(tool.name, await part(lab, tool));
        }
        recordAll(record, samples);
      }
      if (withIdle) recordAll(record, await idle(lab, tools, 60));
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
    notes: peers.filter(({ missing }) => missing !== null).map(({ missing, name }) => `process: without ${name}: ${missing}`),
  };
};

const order = (figure: Figure): number =>
  keys.findIndex((key) => figureOf(key, "", false).bench === figure.bench && figureOf(key, "", false).unit === figure.unit);
