/**
 * What `hsu doctor` makes of what it has found. Pure.
 */
import type { Machine } from "../platform/linux/Machine.ts";
import { count } from "./render/text.ts";

/** `warn`: it runs, with less than it could. `fail`: it does not. */
export interface Finding {
  readonly check: string;
  readonly verdict: "ok" | "warn" | "fail";
  readonly found: string;
  /** What to do about it. */
  readonly hint?: string;
}

export interface Found {
  readonly node: string;
  readonly version: string;
  /** The folders that a master writes to. */
  readonly state: { readonly path: string; readonly machine: Machine };
  readonly runtime: { readonly path: string; readonly writable: boolean };
  /** Of the master that answers; null: none runs. A text: why it cannot be asked. */
  readonly master: { readonly pid: number; readonly version: string; readonly wrong: ReadonlyArray<string> } | string | null;
  /** Null: there is none in the places where one is looked for. */
  readonly config: { readonly file: string; readonly errors: number; readonly warnings: number } | null;
}

const ok = (check: string, found: string): Finding => ({ check, verdict: "ok", found });
const warn = (check: string, found: string, hint: string): Finding => ({ check, verdict: "warn", found, hint });
const fail = (check: string, found: string, hint: string): Finding => ({ check, verdict: "fail", found, hint });

const megabyte = 1_000_000;

const masterOf = ({ master, version }: Found): Finding => {
  if (master === null) return ok("master", "none runs");
  if (typeof master === "string") return fail("master", master, "see who listens on its socket, and whose it is");
  const runs = `pid ${master.pid}, version ${master.version}`;
  if (master.version !== version) return warn("master", `${runs}; this is ${version}`, "`hsu upgrade` puts this version in its place");
  if (master.wrong.length === 0) return ok("master", runs);
  return warn("master", `${runs}; not as they should be: ${master.wrong.join(", ")}`, "`hsu describe UNIT` and `hsu logs UNIT` tell why");
};

const configOf = ({ config }: Found): Finding => {
  if (config === null) return warn("config", "none in the places where one is looked for", "`hsu up FILE` names one; see `hsu help up`");
  if (config.errors > 0) return fail("config", `${config.file}: ${count(config.errors, "error")}`, `\`hsu validate ${config.file}\``);
  if (config.warnings > 0) return warn("config", `${config.file}: ${count(config.warnings, "warning")}`, `\`hsu validate ${config.file}\``);
  return ok("config", config.file);
};

const folderOf = (check: string, path: string, writable: boolean, variable: string): Finding =>
  writable ? ok(check, path) : fail(check, `${path} cannot be written to`, `run as who owns it, or name another folder with $${variable}`);

const spaceOf = ({ folder }: Machine): ReadonlyArray<Finding> => {
  if (folder.freeBytes === null) return [];
  const free = `${Math.floor(folder.freeBytes / megabyte)} MB free`;
  if (folder.freeBytes >= 500 * megabyte) return [ok("disk", free)];
  return [warn("disk", `${free} for state and logs`, "`log_collection` of the config says how much of a unit's output is kept")];
};

const controllersOf = ({ controllers }: Machine): ReadonlyArray<Finding> => {
  if (controllers === undefined) return [];
  const held = Object.entries(controllers).filter(([, version]) => version !== null);
  const missing = Object.entries(controllers).filter(([, version]) => version === null);
  const found = held.map(([name, version]) => `${name} (v${version})`).join(", ") || "none";
  if (missing.length === 0) return [ok("control groups", found)];
  const what = missing.map(([name]) => name).join(", ");
  return [
    warn(
      "control groups",
      `${found}; not for the master to use: ${what}`,
      "limits of these are held by the master's own looks; under systemd the unit of `hsu install` is given them (Delegate=yes)",
    ),
  ];
};

const descriptorsOf = ({ inotify, libc, openFiles }: Machine): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = [];
  if (openFiles !== null) {
    if (openFiles >= 4096) findings.push(ok("open files", `${openFiles}`));
    else
      findings.push(
        warn("open files", `${openFiles} at most`, "a unit takes up to five: raise it with `ulimit -n`, or LimitNOFILE= of the service"),
      );
  }
  if (inotify.instances !== null && inotify.watches !== null) {
    const found = `${inotify.instances} instances, ${inotify.watches} watches`;
    if (inotify.instances >= 64 && inotify.watches >= 8192) findings.push(ok("inotify", found));
    else findings.push(warn("inotify", found, "raise fs.inotify.max_user_instances and max_user_watches with sysctl"));
  }
  if (libc === null) findings.push(ok("C library", "can be called"));
  else findings.push(warn("C library", libc, "`start: notify` and `listen` need it: install koffi's part for this system"));
  return findings;
};

export const checkup = (found: Found): ReadonlyArray<Finding> => {
  const { machine, path } = found.state;
  return [
    ok("hsu", `${found.version}, Node ${found.node}`),
    masterOf(found),
    configOf(found),
    folderOf("state", path, machine.folder.writable, "HSU_STATE_DIR"),
    folderOf("socket", found.runtime.path, found.runtime.writable, "HSU_RUNTIME_DIR"),
    ...spaceOf(machine),
    ...controllersOf(machine),
    ...descriptorsOf(machine),
  ];
};
