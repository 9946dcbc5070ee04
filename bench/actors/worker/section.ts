/**
 * HSU's actors on a worker thread beside a bare worker with `postMessage`.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Section } from "../../report.ts";
import { names, plan, type Name } from "./plan.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("measure.ts", import.meta.url));

const measure = async (which: "hsu" | "port", name: Name): Promise<number> => {
  const { stdout } = await run(process.execPath, [program, which, name]);
  return Number(stdout);
};

export const workerSection = (): Section => {
  const figures = names.map((name): { readonly name: Name; readonly figure: Figure } => {
    const { bench, unit } = plan[name];
    return { name, figure: { bench, unit, peerName: "postMessage" } };
  });
  return {
    figures: figures.map(({ figure }) => figure),
    round: async (number, record) => {
      for (const { figure, name } of figures) {
        // Who goes first changes from round to round.
        const first = number % 2 === 0 ? await measure("hsu", name) : undefined;
        const peer = await measure("port", name);
        record(figure, first ?? (await measure("hsu", name)), peer);
      }
    },
    end: async () => {},
  };
};
