/**
 * The thin client, with the process it runs in.
 */
import { isatty } from "node:tty";
import { thin } from "../cli/thin/Thin.ts";

/** False: nothing has happened yet. */
export const isDone = async (): Promise<boolean> => {
  const { env } = process;
  const done = await thin(process.argv.slice(2), { isTTY: isatty(1), env, cwd: process.cwd(), uid: process.getuid?.() ?? 0 });
  if (done === undefined) return false;
  const { err, exitCode, out } = done;
  process.exitCode = exitCode;
  // Nobody reads it any more: as with the full client that is no error.
  process.stdout.on("error", () => (process.exitCode = 0));
  process.stderr.on("error", () => {});
  process.stdout.write(out);
  if (err !== "") process.stderr.write(err);
  return true;
};
