/**
 * What `hsu validate` of a file takes, beside a Node that only starts: its time, its memory at most, and the first thing that it says.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bad, put } from "./bad.ts";

const hsu = fileURLToPath(new URL("../../dist/bin/hsu.mjs", import.meta.url));
const preload = fileURLToPath(new URL("peak.mjs", import.meta.url));

export interface Taken {
  readonly wall: number;
  readonly peak: number;
  /** The code of the first finding, and where it is: line and column. */
  readonly said: string;
}

const taken = (command: string, args: ReadonlyArray<string>, folder: string): Promise<Taken> => {
  const peak = join(folder, "peak");
  const env = { ...process.env, NODE_OPTIONS: `--import=${preload}`, HSU_PEAK: peak };
  const began = performance.now();
  return new Promise((resolve) => {
    execFile(command, args, { env, maxBuffer: 1e9 }, (_, stdout, stderr) => {
      const wall = performance.now() - began;
      const [, line, column, code] = /:(\d+):(\d+): \w+ (HSU-[A-Z]+-\d+)/.exec(stderr) ?? [];
      const [, found, first, at] = /"code":"(HSU-[A-Z]+-\d+)".*?"line":(\d+),"column":(\d+)/.exec(stdout) ?? [];
      const said = code === undefined ? `${found ?? "nothing"} ${first ?? ""}:${at ?? ""}` : `${code} ${line}:${column}`;
      resolve({ wall, said, peak: (JSON.parse(readFileSync(peak, "utf8")) as { readonly peak: number }).peak });
    });
  });
};

const inFolder = async <A>(run: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-bad-"));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const validated = ([, make, ...flags]: Bad): Promise<Taken> =>
  inFolder((folder) => {
    const file = join(folder, "hsu.yaml");
    put(file, make);
    return taken(hsu, ["validate", ...flags, file], folder);
  });

export const started = (): Promise<Taken> => inFolder((folder) => taken(process.execPath, ["-e", "0"], folder));
