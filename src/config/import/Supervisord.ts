/**
 * supervisord.conf: programs and groups of them.
 */
import { basename, dirname, join, resolve } from "node:path";
import * as Option from "effect/Option";
import * as Signal from "../../platform/Signal.ts";
import { variable } from "../Written.ts";
import { type Draft, moved, movedProgram, naming } from "./Draft.ts";
import { matches } from "../own/Glob.ts";
import type { Teller, Text } from "./Finding.ts";
import { type Section, sectionsOf, type Setting, type Taking, taking } from "./Ini.ts";
import { logFiles } from "./LogFiles.ts";
import type { Importer, World } from "./Source.ts";
import { wordsOf } from "./Words.ts";

/** What it is where a file does not say. */
const usual = { startSecs: 1, startRetries: 3, stopWaitSecs: 10, maxBytes: "50MiB", backups: 10, priority: 999 } as const;

/** Why there is no counterpart, of what has none; any other key is told without a reason. */
const WHY: Readonly<Record<string, string>> = {
  user: "hsu runs a unit as the user that it is run by itself",
  umask: "a unit has the umask of the master",
  serverurl: "there is no XML-RPC server that a program could be told of",
  stdout_capture_maxbytes: "there is no capture mode",
  stderr_capture_maxbytes: "there is no capture mode",
  stdout_events_enabled: "`hsu events` has no lines of output",
  stderr_events_enabled: "`hsu events` has no lines of output",
  stdout_syslog: "output goes to files of its own: `hsu logs`",
  stderr_syslog: "output goes to files of its own: `hsu logs`",
};

const SECTIONS: Readonly<Record<string, string>> = {
  unix_http_server: "hsu has a socket of its own: `hsu status` finds it",
  inet_http_server: "see process_manager.http for the HTTP API of hsu",
  supervisorctl: "the verbs of hsu need no configuration",
  "rpcinterface:supervisor": "hsu has an RPC interface of its own",
};

const isTrue = (setting: Setting | undefined): boolean => /^(true|yes|on|1|t|y)$/i.test(setting?.value ?? "");

/** Of a text `A="1",B=2`. */
const environmentOf = (text: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const [, name, double, single, bare] of text.matchAll(
    /\s*([^=,\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^,\n]*))\s*(?:,|\n|$)/g,
  )) {
    found[name!] = double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare?.trim() ?? "";
  }
  return found;
};

/** `50MB`: powers of 1024, as it counts them. */
const sizeOf = (text: string): string =>
  text.trim().replace(/^(\d+)\s*([KMG])B?$/i, (_, amount: string, unit: string) => `${amount}${unit.toUpperCase()}iB`);

interface Context {
  readonly world: World;
  readonly tell: Teller;
  readonly files: ReturnType<typeof logFiles>;
  readonly idOf: (name: string) => string;
}

/** What stands for what in `%(name)s`. */
type Names = Readonly<Record<string, string | number>>;

const PLACEHOLDER = /%\((\w+)\)(0?)(\d*)([sd])|%%/g;

const expandedBy =
  (names: Names, tell: Teller, place: Setting) =>
  (text: string): string =>
    text.replaceAll(PLACEHOLDER, (whole, name: string | undefined, zero: string, width: string) => {
      if (name === undefined) return "%";
      if (name.startsWith("ENV_")) return variable(name.slice(4));
      const value = Object.hasOwn(names, name) ? names[name] : undefined;
      if (value === undefined) {
        tell.other(place, `${whole} is not known: it stays as it is`);
        return whole;
      }
      return zero === "0" && typeof value === "number" ? String(value).padStart(Number(width || 0), "0") : String(value);
    });

/** One process of a program. */
const draftOf = (context: Context, section: Section, keys: Taking, id: string, names: Names, several: boolean): Draft | undefined => {
  const { files, tell, world } = context;
  const from = dirname(section.of.file);
  const text = (setting: Setting | undefined): string | undefined =>
    setting === undefined ? undefined : expandedBy(names, tell, setting)(setting.value);
  const command = keys.take("command");
  const words = wordsOf(text(command) ?? "");
  const [program] = words ?? [];
  if (command === undefined || words === null || program === undefined) {
    const why =
      command === undefined ? "it has no command" : words === null ? "its command has a quote that is not closed" : "its command is empty";
    tell.left(command ?? section, `${section.name} is left out: ${why}`);
    return undefined;
  }
  const environment = keys.take("environment");
  const directory = text(keys.take("directory"));
  const secs = (key: string): number | undefined => {
    const setting = keys.take(key);
    if (setting === undefined) return undefined;
    if (/^\d+$/.test(setting.value)) return Number(setting.value);
    tell.none(setting, `${key} is no number`);
    return undefined;
  };
  const signal = keys.take("stopsignal");
  const signalName = signal === undefined ? undefined : Option.getOrUndefined(Signal.parse(signal.value));
  if (signal !== undefined && signalName === undefined) tell.none(signal, `${JSON.stringify(signal.value)} is no signal here`);
  const asGroup = keys.take("stopasgroup");
  if (asGroup !== undefined && !isTrue(asGroup)) {
    tell.other(asGroup, "the stop signal goes to the whole process group: nobody is left behind");
  }
  keys.take("killasgroup");
  const redirect = keys.take("redirect_stderr");
  if (isTrue(redirect))
    tell.other(redirect!, "stdout and stderr are kept each by itself: `hsu logs` shows them in the order of their lines");
  return {
    id,
    enabled: keys.take("autostart") === undefined || isTrue(keys.take("autostart")) ? undefined : false,
    control: {
      executable: movedProgram(program, from, world.folder),
      arguments: words.slice(1),
      working_directory: directory === undefined ? undefined : moved(directory.replace(/^~(?=\/|$)/, variable("HOME")), from, world.folder),
      environment: environment === undefined ? undefined : environmentOf(text(environment)!),
      shutdown_timeout: `${secs("stopwaitsecs") ?? usual.stopWaitSecs}s`,
      stop_signal: signalName,
    },
    restart: restartOf(keys, tell, secs),
    ...outputOf(keys, { text, files, several, tell, from, folder: world.folder, isMerged: isTrue(redirect) }),
  };
};

const restartOf = (keys: Taking, tell: Teller, secs: (key: string) => number | undefined): Draft["restart"] => {
  const auto = keys.take("autorestart");
  const codes = keys.take("exitcodes");
  const [startSecs, startRetries] = [secs("startsecs") ?? usual.startSecs, secs("startretries") ?? usual.startRetries];
  if (auto !== undefined && !isTrue(auto) && auto.value.toLowerCase() !== "unexpected") return "never";
  const found = (codes?.value.split(",") ?? []).map((code) => code.trim()).filter((code) => code !== "");
  const isRight = found.every((code) => /^\d+$/.test(code) && Number(code) <= 255);
  if (codes !== undefined && !isRight) tell.none(codes, `${JSON.stringify(codes.value)} are no exit codes`);
  return {
    strategy: isTrue(auto) ? "always" : "on_failure",
    // Who has run for startsecs has started, and is then brought back without end.
    max_attempts: startSecs === 0 ? undefined : startRetries,
    reset_after: startSecs === 0 ? undefined : `${startSecs}s`,
    success_exit_codes: isRight && found.length > 0 && !isTrue(auto) ? found.map(Number) : undefined,
  };
};

interface Output {
  readonly text: (setting: Setting | undefined) => string | undefined;
  readonly files: ReturnType<typeof logFiles>;
  readonly tell: Teller;
  readonly several: boolean;
  readonly from: string;
  readonly folder: string;
  readonly isMerged: boolean;
}

const outputOf = (keys: Taking, { files, folder, from, isMerged, several, tell, text }: Output): Pick<Draft, "logging" | "logs"> => {
  const stream = (name: "stdout" | "stderr") => {
    const setting = keys.take(`${name}_logfile`);
    const path = text(setting);
    const [bytes, backups] = [keys.take(`${name}_logfile_maxbytes`), keys.take(`${name}_logfile_backups`)];
    if (setting === undefined || path === undefined || /^auto$/i.test(path)) return { captured: undefined, file: undefined };
    if (/^(none|off)$/i.test(path)) return { captured: false, file: undefined };
    if (path.startsWith("/dev/")) {
      tell.other(setting, `${path} is not written to: \`hsu logs -f\` shows what the unit writes`);
      return { captured: undefined, file: undefined };
    }
    if (name === "stderr" && isMerged) {
      tell.none(setting, "stderr is redirected: it has no file");
      return { captured: undefined, file: undefined };
    }
    if (bytes?.value === "0") tell.other(bytes, "a log that is never rotated: here it is, when it is as large as others");
    const rotation = {
      max_size: bytes?.value === "0" ? undefined : sizeOf(bytes?.value ?? usual.maxBytes),
      max_files: Number(backups?.value ?? usual.backups),
    };
    return { captured: undefined, file: { ...setting, path: moved(path, from, folder), rotation } };
  };
  const [stdout, stderr] = [stream("stdout"), stream("stderr")];
  return {
    logging: { capture_stdout: stdout.captured, capture_stderr: stderr.captured },
    logs: files(stdout.file, stderr.file, several),
  };
};

/** Where the number of a process is written in a way that `{index}` is not. */
const OTHER_NUMBER = /%\(process_num\)0\d*[sd]|%\(process_num\)\d+[sd]/;

const programOf = (context: Context, section: Section, group: string | undefined): ReadonlyArray<Draft & { readonly priority: number }> => {
  const { idOf, tell, world } = context;
  const keys = taking(section.settings);
  const name = section.name.replace(/^program:/, "");
  const [several, first, called] = [keys.take("numprocs"), keys.take("numprocs_start"), keys.take("process_name")];
  const count = Number(several?.value ?? 1);
  const start = Number(first?.value ?? 0);
  const names = {
    program_name: name,
    group_name: group ?? name,
    here: resolve(dirname(section.of.file)),
    host_node_name: world.hostname,
    numprocs: count,
  };
  const priority = Number(keys.take("priority")?.value ?? usual.priority);
  const rest = section.settings.filter(({ key }) => key !== "process_name");
  const isPlain = start === 0 && !rest.some(({ value }) => OTHER_NUMBER.test(value));
  const made: Array<Draft | undefined> = [];
  if (count <= 1) {
    const own = called === undefined ? name : expandedBy({ ...names, process_num: start }, tell, called)(called.value);
    made.push(draftOf(context, section, keys, idOf(own), { ...names, process_num: start }, false));
  } else if (isPlain) {
    const id = idOf(name);
    if (called !== undefined) tell.other(called, `its processes are called ${id}-0 to ${id}-${count - 1}`);
    const one = draftOf(context, section, keys, id, { ...names, process_num: "{index}" }, true);
    made.push(one === undefined ? undefined : { ...one, count });
  } else {
    for (let number = start; number < start + count; number++) {
      const own = called === undefined ? `${name}_${number}` : expandedBy({ ...names, process_num: number }, tell, called)(called.value);
      const told = number === start ? tell : quiet;
      made.push(draftOf({ ...context, tell: told }, section, keys, idOf(own), { ...names, process_num: number }, false));
    }
  }
  // Of a program that is left out that is all there is to say.
  if (!made.some((unit) => unit !== undefined)) return [];
  for (const setting of keys.rest()) {
    const why = Object.hasOwn(WHY, setting.key) ? WHY[setting.key] : undefined;
    tell.none(setting, `${section.name}: ${setting.key} has no counterpart`, why);
  }
  return made.flatMap((unit) => (unit === undefined ? [] : [{ ...unit, group, priority }]));
};

/** What has been told of the first is not told of each. */
const quiet: Teller = { none: () => {}, other: () => {}, left: () => {}, wrong: () => {} };

/** Who has a higher priority waits for who has a lower one. */
const inOrder = (units: ReadonlyArray<Draft & { readonly priority: number }>): ReadonlyArray<Draft> => {
  const priorities = [...new Set(units.map(({ priority }) => priority))].sort((one, other) => one - other);
  return units
    .toSorted((one, other) => one.priority - other.priority)
    .map(({ priority, ...unit }) => {
      const before = priorities[priorities.indexOf(priority) - 1];
      // In a group its own, as units of one group stand together; a group has no order of its own.
      const first = units.filter((each) => each.priority === before).map(({ id }) => id);
      return before === undefined ? unit : { ...unit, after: first };
    });
};

/** The files that a section includes, but for those that are given anyway. */
const includedBy = (section: Section, files: ReadonlyArray<Text>, world: World, tell: Teller): ReadonlyArray<Text> => {
  if (section.name !== "include") return [];
  const keys = taking(section.settings);
  const said = keys.take("files");
  for (const setting of keys.rest()) tell.none(setting, `[include] ${setting.key} has no counterpart`);
  const here = resolve(dirname(section.of.file));
  const patterns = said === undefined ? [] : expandedBy({ here, host_node_name: world.hostname }, tell, said)(said.value).split(/\s+/);
  return patterns
    .filter((pattern) => pattern !== "")
    .flatMap((pattern) => {
      const path = resolve(here, pattern);
      const found = world
        .list(dirname(path))
        .filter((name) => matches(basename(path), name))
        .map((name) => join(dirname(path), name));
      if (found.length === 0) tell.none(said!, `no file is called ${pattern}: nothing is included`);
      return found.flatMap((file) => {
        const text = files.some((one) => one.file === file) ? null : world.readFile(file);
        return text === null ? [] : [{ file, text }];
      });
    });
};

export const supervisord: Importer = (files, world, tell) => {
  const context: Context = { world, tell, files: logFiles(tell), idOf: naming() };
  const given = files.map((of) => ({ of, sections: sectionsOf(of, "supervisord", tell) }));
  // As supervisord does it: what is included includes nothing itself.
  const others = given.flatMap(({ sections: own }) => own.flatMap((section) => includedBy(section, files, world, tell)));
  const sections = [...given.flatMap((each) => each.sections), ...others.flatMap((file) => sectionsOf(file, "supervisord", tell))];
  const groups = new Map<string, { readonly name: string; readonly priority: number }>();
  let environment: Readonly<Record<string, string>> | undefined;
  const taken = new Set<Section>();
  for (const section of sections.filter(({ name }) => name.startsWith("group:"))) {
    taken.add(section);
    const keys = taking(section.settings);
    const name = context.idOf(section.name.slice("group:".length));
    const priority = Number(keys.take("priority")?.value ?? usual.priority);
    for (const program of keys.take("programs")?.value.split(",") ?? []) groups.set(program.trim(), { name, priority });
    for (const setting of keys.rest()) tell.none(setting, `${section.name}: ${setting.key} has no counterpart`);
  }
  const units = sections.flatMap((section) => {
    if (!section.name.startsWith("program:")) return [];
    taken.add(section);
    const group = groups.get(section.name.slice("program:".length));
    // A group has its place among the others by the priority of its own.
    return programOf(context, section, group?.name).map((unit) => (group === undefined ? unit : { ...unit, priority: group.priority }));
  });
  for (const section of sections) {
    if (taken.has(section)) continue;
    const why = Object.hasOwn(SECTIONS, section.name) ? SECTIONS[section.name] : undefined;
    if (/^(eventlistener|fcgi-program):/.test(section.name)) tell.left(section, `${section.name} is left out`, ofOthers(section.name));
    else if (section.name === "supervisord") {
      const keys = taking(section.settings);
      const own = keys.take("environment");
      if (own !== undefined) environment = environmentOf(expandedBy({ here: resolve(dirname(section.of.file)) }, tell, own)(own.value));
      for (const setting of keys.rest()) tell.none(setting, `[supervisord] ${setting.key} has no counterpart`);
    } else if (section.name === "include") {
      if (others.includes(section.of)) tell.none(section, "a file that is included includes nothing itself");
    } else {
      const keys = section.settings.map(({ key }) => key);
      tell.none(section, `[${section.name}] has no counterpart${keys.length === 0 ? "" : `: ${keys.join(", ")}`}`, why);
    }
  }
  return { units: inOrder(units), defaults: environment === undefined ? undefined : { control: { environment } } };
};

const ofOthers = (name: string): string =>
  name.startsWith("event")
    ? "`hsu events -f -o json` has what happens"
    : "a unit with control.listen is handed its socket as systemd does it";
