/**
 * The actor benches: each measurement a fresh process, HSU and its peer next to each other: the floor, a bare worker thread,
 * nact and XState, and OTP where it is installed.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Section } from "../report.ts";
import { otpSection } from "./otp/section.ts";
import { peersSection } from "./peers/section.ts";
import { names, plan, type Name } from "./plan.ts";
import { workerSection } from "./worker/section.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("measure.ts", import.meta.url));

const measure = async (which: "hsu" | "floor", name: Name): Promise<number> => {
  const { stdout } = await run(process.execPath, ["--expose-gc", program, which, name]);
  return Number(stdout);
};

const figureOf = (name: Name): Figure => {
  const { atLeast, atMost, bench, unit } = plan[name];
  const limit =
    atLeast !== undefined ? ({ of: "hsu", atLeast } as const) : atMost !== undefined ? ({ of: "hsu", atMost } as const) : undefined;
  return { bench, unit, peerName: "floor", ...(limit === undefined ? {} : { limit }) };
};

export const actorSection = async (): Promise<Section> => {
  const otp = await otpSection();
  const worker = workerSection();
  const peers = peersSection();
  const figures = names.map((name) => ({ name, figure: figureOf(name) }));
  return {
    figures: [...figures.map(({ figure }) => figure), ...worker.figures, ...peers.figures, ...otp.figures],
    round: async (number, record) => {
      for (const { figure, name } of figures) {
        // Who goes first changes from round to round.
        const first = number % 2 === 0 ? await measure("hsu", name) : undefined;
        const peer = await measure("floor", name);
        record(figure, first ?? (await measure("hsu", name)), peer);
      }
      await worker.round(number, record);
      await peers.round(number, record);
      await otp.round(number, record);
    },
    end: otp.end,
    notes: [...(peers.notes ?? []), ...(otp.notes ?? [])],
  };
};
