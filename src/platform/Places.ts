/**
 * Where HSU keeps its socket and its state. Apart from Paths.ts, so that who only asks a master loads nothing else.
 */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An unset or empty variable counts as absent, and so does a relative path in an XDG variable (as the XDG specification wants it). */
const xdg = (env: Environment, name: string): string | undefined => {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : undefined;
};

/** Our own variables may be relative to the working directory. */
const own = (env: Environment, name: string): string | undefined => {
  const value = env[name];
  return value === undefined || value === "" ? undefined : resolve(value);
};

/**
 * For what does not outlive a boot (the socket): `$HSU_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/hsu`, else `/run/hsu` for root, else `hsu-UID` in
 * the folder for temporary files.
 */
export const runtimeDirectory = (env: Environment, uid: number): string => {
  const given = own(env, "HSU_RUNTIME_DIR");
  if (given !== undefined) return given;
  const runtime = xdg(env, "XDG_RUNTIME_DIR");
  if (runtime !== undefined) return join(runtime, "hsu");
  return uid === 0 ? "/run/hsu" : join(xdg(env, "TMPDIR") ?? "/tmp", `hsu-${uid}`);
};

/** For what outlives a boot (logs, state): `$HSU_STATE_DIR`, else `$XDG_STATE_HOME/hsu`, else `/var/lib/hsu` for root, else `~/.local/state/hsu`. */
export const stateDirectory = (env: Environment, uid: number): string => {
  const given = own(env, "HSU_STATE_DIR");
  if (given !== undefined) return given;
  const state = xdg(env, "XDG_STATE_HOME");
  if (state !== undefined) return join(state, "hsu");
  return uid === 0 ? "/var/lib/hsu" : join(xdg(env, "HOME") ?? homedir(), ".local/state/hsu");
};

/** The master's unix socket. The system takes at most 107 bytes for it (103 on macOS). */
export const socketPath = (env: Environment, uid: number): string => join(runtimeDirectory(env, uid), "master.sock");
