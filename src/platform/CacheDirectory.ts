/**
 * Where HSU keeps what it can make again. Apart from Paths.ts, so that the entry of the program loads nothing else.
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `$XDG_CACHE_HOME/hsu`, else `/var/cache/hsu` for root, else `~/.cache/hsu`: a folder that only this user can write to. */
export const cacheDirectory = (env: Readonly<Record<string, string | undefined>>, uid: number): string => {
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "hsu");
  return uid === 0 ? "/var/cache/hsu" : join(env["HOME"] ?? homedir(), ".cache/hsu");
};
