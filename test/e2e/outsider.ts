/** A program of somebody else's that talks to a master, and what it has said. */
import { spawn } from "node:child_process";

export const outsider = (program: string, argv: ReadonlyArray<string>, env: NodeJS.ProcessEnv, cwd: string) => {
  const child = spawn(program, argv, { env, cwd });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const ended = new Promise<{ out: string; err: string; code: number | null }>((done) =>
    child.on("close", (code) => done({ out, err, code })),
  );
  return { child, ended, out: () => out };
};
