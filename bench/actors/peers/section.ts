/**
 * HSU beside nact and XState, the actors that people use from npm: what all of them can do, in fresh processes.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Section } from "../../report.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("measure.ts", import.meta.url));
const ours = fileURLToPath(new URL("../otp/measure.ts", import.meta.url));

/** Of HSU it is the work that is measured beside OTP; a peer does as much of it as it does in some seconds. */
const benches = [
  { name: "spawnRoot", bench: "spawn, Actor.spawn", size: 100_000, peers: 20_000 },
  { name: "cast", bench: "cast", size: 5_000_000, peers: 500_000 },
  { name: "call", bench: "call, no deadline", size: 500_000, peers: 100_000 },
  { name: "fanIn", bench: "fan-in of 100", size: 1_000_000, peers: 200_000 },
] as const;
const libraries = { nact: "nact 7.6", xstate: "XState 5.33" } as const;

const hsu = async (name: string, n: number): Promise<number> => {
  const { stdout } = await run(process.execPath, ["--expose-gc", ours, name, String(n), "4"]);
  return (JSON.parse(stdout) as { readonly rate: number }).rate;
};
const peer = async (library: string, name: string, n: number): Promise<number> =>
  Number((await run(process.execPath, [program, library, name, String(n)])).stdout);

export const peersSection = (): Section => {
  const entries = benches.map((entry) => ({
    ...entry,
    figures: Object.entries(libraries).map(([library, peerName]): { readonly library: string; readonly figure: Figure } => ({
      library,
      figure: { bench: entry.bench, unit: "k/s", peerName },
    })),
  }));
  return {
    figures: entries.flatMap(({ figures }) => figures.map(({ figure }) => figure)),
    round: async (_, record) => {
      for (const { figures, name, peers, size } of entries) {
        const own = await hsu(name, size);
        for (const { figure, library } of figures) record(figure, own / 1000, (await peer(library, name, peers)) / 1000);
      }
    },
    end: async () => {},
    notes: [
      "nact and XState: XState runs a handler on its sender's stack, so that a cast is a function call and there is no mailbox; it restarts nothing.",
      "nact runs a handler per message in a task of the event loop; its children restart by a function of their own, without a limit.",
    ],
  };
};
