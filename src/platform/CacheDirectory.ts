/**
 * Where HSU keeps what it can make again. Apart from Paths.ts, so that the entry of the program loads nothing else,
 * not even the modules of Node before they are needed.
 */
/** `$XDG_CACHE_HOME/hsu`, else `/var/cache/hsu` for root, else `~/.cache/hsu`: a folder that only this user can write to. */
export const cacheDirectory = (env: Readonly<Record<string, string | undefined>>, uid: number): string => {
  const { isAbsolute, join } = process.getBuiltinModule("node:path");
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "hsu");
  return uid === 0 ? "/var/cache/hsu" : join(env["HOME"] ?? process.getBuiltinModule("node:os").homedir(), ".cache/hsu");
};
