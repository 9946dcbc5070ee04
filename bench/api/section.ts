/**
 * What the API gives: the status of a hundred units by each door beside nice-grpc alone and supervisord's own, while all is quiet and while all of them crash
 * and come back; what happens, told to a thousand; and a call of an actor of another process beside a call of Effect RPC alone. Linux only.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { answered, environmentIn, start, type Started, terminate, until } from "../master/processes.ts";
import { type Manager, supervisord } from "../process/tools.ts";
import type { Figure, Section } from "../report.ts";
import { freePorts } from "./ports.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** Effect RPC in lines of JSON over the unix socket and over TCP, SchemaBinary, HTTP, gRPC. */
const doors = ["unix", "tcp", "binary", "http", "grpc"] as const;
type Door = (typeof doors)[number];
const names: Readonly<Record<Door, string>> = {
  unix: "the unix socket",
  tcp: "TCP",
  binary: "TCP, SchemaBinary",
  http: "HTTP",
  grpc: "gRPC",
};
/** One connection, and so many questions under way on it: the peers that are quoted were asked one at a time. */
const depths = [1, 8] as const;
const seconds = 2;
/** Between an answer and the next question, where only it is looked at how long an answer takes. */
const pauseMillis = 5;
const subscribers = 1000;

const raw = "nice-grpc";
interface Row {
  readonly door: Door;
  readonly depth: number;
  readonly rate: Figure;
  readonly tail: Figure;
}
const rows: ReadonlyArray<Row> = doors.flatMap((door) =>
  depths.map((depth) => {
    const bench = `status of 100 units by ${names[door]}, ${depth} at a time`;
    const goal = door === "unix" && depth === 1 ? { goal: { of: "hsu", atLeast: 7000 } as const } : {};
    return {
      door,
      depth,
      rate: { bench, unit: "1/s", peerName: raw, ...goal },
      tail: { bench: `${bench}, p99`, unit: "ms", peerName: raw },
    };
  }),
);
const supervisor: Figure = { bench: `status of 100 units by ${names.unix}, 1 at a time`, unit: "1/s", peerName: "supervisord" };
const looping: Figure = {
  bench: "status by the unix socket while 100 units crash each second, p99",
  unit: "ms",
  peerName: "while they run",
  goal: { of: "hsu", atMost: 50 },
};
const hurrying: Figure = {
  bench: "status by the unix socket while 100 units crash as fast as they can, p99",
  unit: "ms",
  peerName: "while they run",
};
const fanOut: Figure = { bench: `an event until ${subscribers} subscribers know`, unit: "ms", peerName: "Effect RPC" };
const deliveries: Figure = { bench: `events told to ${subscribers} subscribers`, unit: "1/s", peerName: "Effect RPC" };
const remote = (share: string): Figure => ({
  bench: `call of an actor of another process, ${share}`,
  unit: "ms",
  peerName: "Effect RPC",
  goal: { of: "ratio", atMost: 1.3 },
});
const median = remote("p50");
const worst = remote("p99");

/** What its units do. */
interface Work {
  readonly command: ReadonlyArray<string>;
  /** Until one that has ended is started again. */
  readonly delay: string;
}
const calm: Work = { command: ["sleep", "10000"], delay: "1s" };
const crashing: Work = { command: ["false"], delay: "1s" };
const frantic: Work = { command: ["false"], delay: "0s" };

const config = ([grpc, http, rpc]: ReadonlyArray<number>, { command: [executable, ...args], delay }: Work): string => {
  const policy = { strategy: "always", restart_delay: delay, backoff_multiplier: 1 };
  const management = JSON.stringify({ control: { executable, arguments: args }, restart_policy: policy });
  const units = Array.from({ length: 100 }, (_, index) => `  - { id: unit-${index}, management: ${management} }`);
  const places = grpc === undefined ? "" : `port: ${grpc}, http: { port: ${http} }, rpc: { listen: "127.0.0.1:${rpc}" }, `;
  return `process_manager: { ${places}limits: { rate: 0 } }\nmanaged_processes:\n${units.join("\n")}\n`;
};

interface Load {
  readonly perSecond: number;
  readonly p99: number;
}

const json = async <A>(program: string, ...args: ReadonlyArray<string>): Promise<A> => {
  const { stdout } = await run(process.execPath, [here(program), ...args]);
  return JSON.parse(stdout) as A;
};
const load = (door: string, place: string, depth: number, token = "", pause = 0): Promise<Load> =>
  json("load.ts", door, place, String(seconds), String(depth), String(pause), token);

/** A program that says a line when it is up. */
const serving = async (...args: ReadonlyArray<string>): Promise<{ readonly child: ChildProcess; readonly said: string }> => {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, said };
};
const end = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};

interface Master {
  readonly started: Started;
  readonly places: Readonly<Record<Door, string>>;
  readonly token: string;
}

/** `isOpen`: with all doors, and not with that of the unix socket alone. */
const master = async (program: string, folder: string, place: string, work: Work, isOpen: boolean): Promise<Master> => {
  mkdirSync(place);
  const ports = await freePorts(3);
  const file = join(place, "hsu.yaml");
  writeFileSync(file, config(isOpen ? ports : [], work));
  const env = environmentIn(folder, place);
  const { stdout } = await run(program, ["token", "create", "bench", "--role", "viewer"], { env });
  const token = /hsu_[\w-]+/.exec(stdout)![0];
  const socket = join(place, "run/master.sock");
  const started = start(program, ["up", file], env, join(place, "log"));
  await until("an answer", started, () => answered(socket));
  const [grpc = "", http = "", rpc = ""] = ports.map(String);
  return { started, token, places: { unix: socket, tcp: rpc, binary: rpc, http, grpc } };
};

const supervisordIn = async (place: string): Promise<{ readonly manager: Manager; readonly socket: string }> => {
  mkdirSync(place);
  const socket = join(place, "supervisor.sock");
  supervisord.prepare(
    place,
    Array.from({ length: 100 }, (_, index) => ({ id: `unit-${index}`, command: ["sleep", "10000"] })),
    "default",
  );
  const rpc = "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n";
  appendFileSync(join(place, "c.conf"), `[unix_http_server]\nfile=${socket}\n${rpc}`);
  const manager = await supervisord.start(place);
  while (!existsSync(socket)) await sleep(50);
  return { manager, socket };
};

export const apiSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-bench-api-"));
  mkdirSync(join(folder, "cache"));
  await run(process.execPath, [join(root, ".config/build.mjs"), "bin"]);
  // Where nobody builds it again meanwhile.
  cpSync(join(root, "dist/bin"), join(folder, "bin"), { recursive: true });
  // As an installed package finds those that it depends on.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const program = join(folder, "bin/hsu.mjs");
  const withSupervisord = supervisord.missing === null;
  const up = (name: string, work: Work, isOpen = false) => master(program, folder, join(folder, name), work, isOpen);
  return {
    figures: [
      ...rows.flatMap(({ rate, tail }) => [rate, tail]),
      ...(withSupervisord ? [supervisor] : []),
      looping,
      hurrying,
      fanOut,
      deliveries,
      median,
      worst,
    ],
    round: async (number, record) => {
      const ends: Array<() => Promise<unknown>> = [];
      const ending = <A>(made: A, over: (made: A) => Promise<unknown>): A => {
        ends.push(() => over(made));
        return made;
      };
      const beside = async (...args: ReadonlyArray<string>) => ending(await serving(...args), ({ child }) => end(child));
      try {
        const alone = await beside(here("peer.ts"), "grpc");
        const plain = ending(await up(`plain-${number}`, calm), ({ started }) => terminate(started));
        const open = ending(await up(`open-${number}`, calm, true), ({ started }) => terminate(started));
        const peer = withSupervisord ? await supervisordIn(join(folder, `supervisord-${number}`)) : undefined;
        if (peer !== undefined) {
          ending(peer.manager, ({ ended, stop }) => {
            stop();
            return ended;
          });
        }
        for (const { depth, door, rate, tail } of rows) {
          const { places, token } = door === "unix" ? plain : open;
          const mine = await load(door, places[door], depth, token);
          const other = await load("grpc", alone.said, depth);
          record(rate, mine.perSecond, other.perSecond);
          record(tail, mine.p99, other.p99);
          if (door === "unix" && depth === 1 && peer !== undefined) {
            record(supervisor, mine.perSecond, (await load("supervisord", peer.socket, 1)).perSecond);
          }
        }
        const quiet = (await load("unix", plain.places.unix, 1, "", pauseMillis)).p99;
        const rpcAt = join(folder, `raw-${number}`);
        await beside(here("peer.ts"), "rpc", rpcAt);
        interface Told {
          readonly millis: number;
          readonly perSecond: number;
        }
        const told = await json<Told>("fanout.ts", plain.places.unix, String(subscribers));
        const least = await json<Told>("fanout.ts", rpcAt, String(subscribers));
        record(fanOut, told.millis, least.millis);
        record(deliveries, told.perSecond, least.perSecond);
        for (const [figure, work] of [[looping, crashing] as const, [hurrying, frantic] as const]) {
          const { places, started } = await up(`${work.delay}-${number}`, work);
          try {
            record(figure, (await load("unix", places.unix, 1, "", pauseMillis)).p99, quiet);
          } finally {
            await terminate(started);
          }
        }
        const shop = join(folder, `shop-${number}`);
        await beside(here("shop.ts"), shop);
        interface Taken {
          readonly p50: number;
          readonly p99: number;
        }
        const mine = await json<Taken>("caller.ts", "remote", shop);
        const floor = await json<Taken>("caller.ts", "rpc", rpcAt);
        record(median, mine.p50, floor.p50);
        record(worst, mine.p99, floor.p99);
      } finally {
        for (const over of ends.toReversed()) await over();
      }
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
    notes: [
      "api: each client has one connection. Quoted, and asked one at a time: systemd over D-Bus 7,006/s, monit 1,790, pm2 415, supervisord 198.",
      ...(withSupervisord ? [] : [`api: without supervisord: ${supervisord.missing}`]),
    ],
  };
};
