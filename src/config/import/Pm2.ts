/**
 * Ecosystem files of pm2.
 */
import { dirname, extname, resolve } from "node:path";
import { parseSize } from "../Sizes.ts";
import type { Located } from "../Source.ts";
import { type Draft, moved, movedProgram, naming } from "./Draft.ts";
import type { Place, Teller, Text } from "./Finding.ts";
import { documentOf, type Key, type Keys, keysOf, textOf, textsOf } from "./Keys.ts";
import { logFiles } from "./LogFiles.ts";
import type { Importer, World } from "./Source.ts";
import { wordsOf } from "./Words.ts";

const WHY: Readonly<Record<string, string>> = {
  watch: "files are not watched: `hsu restart` restarts a unit",
  ignore_watch: "files are not watched",
  wait_ready: "a program says that it is ready with sd_notify: control.start: notify",
  listen_timeout: "control.startup_timeout, with control.start: notify",
  cron_restart: "a unit with control.schedule runs at its times, and is not restarted at them",
  pid_file: "`hsu status -o json` has the pid",
  uid: "hsu runs a unit as the user that it is run by itself",
  gid: "hsu runs a unit as the user that it is run by itself",
  user: "hsu runs a unit as the user that it is run by itself",
  log_file: "stdout and stderr have each a log: `hsu logs` shows them together",
  log_date_format: "log_collection.format: enhanced_plain has the time of each line",
  time: "log_collection.format: enhanced_plain has the time of each line",
  shutdown_with_message: "a unit is asked to end by a signal",
  post_update: "hsu deploys nothing",
  deploy: "hsu deploys nothing",
};

/** What is so for every unit, or means nothing to another supervisor. */
const SO_HERE = ["merge_logs", "combine_logs", "treekill", "vizion", "automation", "pmx", "force", "source_map_support"];

/** What runs a script, by its name. */
const INTERPRETERS: Readonly<Record<string, string>> = {
  ".js": "node",
  ".mjs": "node",
  ".cjs": "node",
  ".ts": "node",
  ".py": "python3",
  ".rb": "ruby",
  ".pl": "perl",
  ".php": "php",
  ".sh": "bash",
};

const usual = { killMillis: 1_600, maxRestarts: 16, minUptimeMillis: 1_000 } as const;

/** Other names of the same. */
const first = (keys: Keys, ...names: ReadonlyArray<string>): Key | undefined =>
  names.map((name) => keys.take(name)).findLast((found) => found !== undefined);

/** Milliseconds, or `10s`, `1h`. */
const durationOf = (key: Key | undefined, tell: Teller): string | undefined => {
  if (key === undefined) return undefined;
  const text = textOf(key.node);
  if (/^\d+$/.test(text)) return text === "0" ? "0s" : `${text}ms`;
  if (/^\d+(ms|s|m|h)$/.test(text)) return text;
  tell.none(key, `${JSON.stringify(text)} is no time`);
  return undefined;
};

const isOff = (key: Key | undefined): boolean => key?.node.value === false;

const programOf = (script: string, interpreter: string | undefined, world: World, from: string, cwd: string) => {
  const ext = extname(script);
  // pm2 looks for a file, and takes what is none for a program of PATH.
  const isFile = script.includes("/") || ext !== "" || world.readFile(resolve(cwd, script)) !== null;
  const runner =
    interpreter ?? (isFile ? (Object.hasOwn(INTERPRETERS, ext) ? INTERPRETERS[ext] : ext === "" ? "node" : undefined) : undefined);
  if (runner !== undefined && runner !== "none") return { runner: movedProgram(runner, from, world.folder), script };
  const program = isFile && !script.includes("/") ? `./${script}` : script;
  return { runner: undefined, script: movedProgram(program, cwd, world.folder) };
};

const restartOf = (keys: Keys, tell: Teller): Draft["restart"] => {
  const [auto, most, codes] = [keys.take("autorestart"), keys.take("max_restarts"), keys.take("stop_exit_codes")];
  const [delay, growing] = [durationOf(keys.take("restart_delay"), tell), durationOf(keys.take("exp_backoff_restart_delay"), tell)];
  const uptime = durationOf(keys.take("min_uptime"), tell);
  if (isOff(auto)) return "never";
  const exits = textsOf(codes?.node).map(Number);
  return {
    // What ends so has done its work; whatever else ends is started again.
    strategy: exits.length > 0 ? "on_failure" : "always",
    success_exit_codes: exits,
    max_attempts: most === undefined ? usual.maxRestarts : Number(most.node.value),
    reset_after: uptime ?? `${usual.minUptimeMillis}ms`,
    restart_delay: growing ?? delay ?? "0s",
    backoff_multiplier: growing === undefined ? 1 : 1.5,
    max_delay: growing === undefined ? undefined : "15s",
  };
};

const appOf = (
  of: Text,
  node: Located,
  place: Place,
  shared: { world: World; tell: Teller; files: ReturnType<typeof logFiles>; idOf: (name: string) => string },
): Draft | undefined => {
  const { files, idOf, tell, world } = shared;
  const keys = keysOf(of, node);
  const from = dirname(of.file);
  const name = keys.take("name");
  const script = first(keys, "exec", "script", "cmd");
  if (script === undefined) {
    tell.left(name ?? place, "an app without a script is left out");
    return undefined;
  }
  const folder = keys.take("cwd");
  const cwd = resolve(from, folder === undefined ? "." : textOf(folder.node));
  const given = first(keys, "exec_interpreter", "interpreter");
  const [file = "", ...more] = textOf(script.node).split(/\s+/);
  const program = programOf(file, given === undefined ? undefined : textOf(given.node), world, from, cwd);
  const list = (key: Key | undefined): ReadonlyArray<string> =>
    key === undefined ? [] : key.node.kind === "list" ? key.node.items.map(textOf) : (wordsOf(textOf(key.node)) ?? []);
  const flags = list(first(keys, "node_args", "interpreter_args", "interpreterArgs"));
  const args = list(keys.take("args"));
  const line =
    program.runner === undefined ? [program.script, ...more, ...args] : [program.runner, ...flags, program.script, ...more, ...args];
  const [instances, mode] = [keys.take("instances"), keys.take("exec_mode")];
  const count = instances === undefined ? 1 : Number(instances.node.value);
  if (instances !== undefined && !(Number.isInteger(count) && count > 0)) {
    tell.other(
      instances,
      `${textOf(instances.node)}: as many as there are processors is not known here: it is one`,
      "count: N says how many",
    );
  }
  if (mode !== undefined && textOf(mode.node).startsWith("cluster")) {
    tell.other(
      mode,
      "each instance is a process of its own, and they do not share a port",
      "control.listen hands each of them the same socket; or give them ports with {index}",
    );
  }
  const many = Number.isInteger(count) && count > 1;
  const environment = Object.fromEntries(
    [...(keys.take("env")?.node.entries.values() ?? [])].map((entry) => [entry.key, textOf(entry.node)]),
  );
  const variableName = keys.take("instance_var");
  const number = many ? { [variableName === undefined ? "NODE_APP_INSTANCE" : textOf(variableName.node)]: "{index}" } : {};
  const memory = keys.take("max_memory_restart");
  const bytes = memory === undefined ? undefined : parseSize(textOf(memory.node));
  if (memory !== undefined && bytes === undefined) tell.none(memory, `${textOf(memory.node)} is no size`);
  const logOf = (...names: ReadonlyArray<string>) => {
    const key = first(keys, ...names);
    const path = key === undefined ? undefined : textOf(key.node);
    if (key === undefined || path === undefined || path === "/dev/stdout" || path === "/dev/stderr") return {};
    if (path === "/dev/null" || /^null$/i.test(path)) return { captured: false };
    const own = moved(path, cwd, world.folder);
    return { file: { ...key, path: many ? own.replace(/(\.[^./]*)?$/, (end) => `-{index}${end}`) : own } };
  };
  const [out, error] = [logOf("out", "output", "out_file"), logOf("err", "error", "error_file", "err_file")];
  const autostart = keys.take("autostart");
  const namespace = keys.take("namespace");
  const id = idOf(name === undefined ? file.replace(/^.*\//, "").replace(/\.\w+$/, "") : textOf(name.node));
  const draft: Draft = {
    id,
    group: namespace === undefined || textOf(namespace.node) === "default" ? undefined : idOfGroup(textOf(namespace.node), id),
    enabled: isOff(autostart) ? false : undefined,
    count: many ? count : undefined,
    control: {
      executable: line[0],
      arguments: line.slice(1),
      working_directory: folder === undefined && moved(".", from, world.folder) === "." ? undefined : moved(cwd, from, world.folder),
      environment: { ...environment, ...number },
      // pm2 asks with SIGINT, and does not wait for long.
      stop_signal: "SIGINT",
      shutdown_timeout: durationOf(keys.take("kill_timeout"), tell) ?? `${usual.killMillis}ms`,
    },
    restart: restartOf(keys, tell),
    limits: { memory: { max_rss: bytes, policy: bytes === undefined ? undefined : "restart" } },
    logging: { capture_stdout: out.captured, capture_stderr: error.captured },
    logs: files(out.file, error.file, many),
  };
  for (const rest of keys.rest()) {
    // What is off is off here as well.
    if (rest.node.value === false) continue;
    const why = Object.hasOwn(WHY, rest.key) ? WHY[rest.key] : undefined;
    const other = rest.key.startsWith("env_") ? "only env is taken: give these as env, or as environment of a template" : undefined;
    if (SO_HERE.includes(rest.key)) tell.other(rest, `${rest.key}: it is so here, or is about pm2 alone`);
    else tell.none(rest, `${id}: ${rest.key} has no counterpart`, other ?? why);
  }
  return draft;
};

/** A group is no unit: it has another id than each of them. */
const idOfGroup = (name: string, unit: string): string => {
  const id = name.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 56);
  return id === unit ? `${id}-group` : id;
};

export const pm2: Importer = (files, world, tell) => {
  const shared = { world, tell, files: logFiles(tell), idOf: naming() };
  const units = files.flatMap((of) => {
    const root = documentOf(of, tell);
    if (root === undefined) return [];
    const keys = root.kind === "map" ? keysOf(of, root) : undefined;
    // A list of apps, a block with them, or one app alone.
    const apps = keys?.take("apps")?.node ?? root;
    if (apps !== root)
      for (const rest of keys?.rest() ?? [])
        tell.none(rest, `${rest.key} has no counterpart`, Object.hasOwn(WHY, rest.key) ? WHY[rest.key] : undefined);
    const list = apps.kind === "list" ? apps.items : [apps];
    return list.flatMap((node): ReadonlyArray<Draft> => {
      const place = { of, start: node.start, end: node.start + 1 };
      if (node.kind !== "map") {
        tell.wrong(place, "this is no app", "an ecosystem file is a block with a list of apps");
        return [];
      }
      const unit = appOf(of, node, place, shared);
      return unit === undefined ? [] : [unit];
    });
  });
  return { units };
};
