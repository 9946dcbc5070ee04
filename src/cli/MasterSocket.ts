/**
 * Which unix socket is meant: that of `--socket`, `$HSU_SOCKET`, or where it lies by itself. Pure, and without Effect.
 */
import { resolve } from "node:path";
import { socketPath } from "../platform/Places.ts";

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
}

export const masterSocket = (flag: string | undefined, { cwd, env, uid }: Surroundings): string => {
  const given = flag ?? (env["HSU_SOCKET"] || undefined);
  return given === undefined ? socketPath(env, uid) : resolve(cwd, given);
};
