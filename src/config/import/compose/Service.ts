/**
 * One service of Compose as a unit.
 */
import { dirname } from "node:path";
import * as Option from "effect/Option";
import * as Signal from "../../../platform/Signal.ts";
import { formatDuration, parseDuration } from "../../Duration.ts";
import { parseSize } from "../../Sizes.ts";
import { variable } from "../../Written.ts";
import { type Draft, moved, movedProgram } from "../Draft.ts";
import type { Place, Teller } from "../Finding.ts";
import { type Key, type Keys, keysOf, textOf, textsOf } from "../Keys.ts";
import type { World } from "../Source.ts";
import { wordsOf } from "../Words.ts";
import { whyNot } from "./Why.ts";

export interface Context {
  readonly world: World;
  readonly tell: Teller;
  /** With the variables of HSU in the place of theirs. */
  readonly said: (text: string, place: Place) => string;
}

/** Whom it waits for. */
export interface Wait extends Place {
  readonly name: string;
  readonly condition: string;
}

export interface Service {
  readonly name: string;
  readonly draft: Omit<Draft, "id">;
  readonly waits: ReadonlyArray<Wait>;
}

const usual = { stop: "10s", probe: { interval: "30s", timeout: "15s", retries: 3 } } as const;

const isYes = (key: Key | undefined): boolean => key?.node.value === true;

/** A command line: a list is taken as it is, a text is taken apart; there is no shell in either. */
const lineOf = (key: Key | undefined, { said, tell }: Context): ReadonlyArray<string> | undefined => {
  if (key === undefined) return undefined;
  if (key.node.kind === "list") return key.node.items.map((item) => said(textOf(item), key));
  const words = wordsOf(textOf(key.node));
  if (words === null) tell.none(key, "a quote is not closed");
  return words?.map((word) => said(word, key));
};

const environmentOf = (key: Key | undefined, { said, tell }: Context): Readonly<Record<string, string>> | undefined => {
  if (key === undefined) return undefined;
  if (key.node.kind === "list") {
    return Object.fromEntries(
      key.node.items.map((item) => {
        const text = textOf(item);
        const at = text.indexOf("=");
        // A name alone is that of a variable outside.
        return at === -1 ? [text, variable(text)] : [text.slice(0, at), said(text.slice(at + 1), key)];
      }),
    );
  }
  if (key.node.kind !== "map") tell.none(key, "environment is neither a map nor a list");
  return Object.fromEntries(
    [...key.node.entries.values()].map(({ key: name, node }) => [name, node.kind === "null" ? variable(name) : said(textOf(node), key)]),
  );
};

const envFilesOf = (key: Key | undefined, { said, tell, world }: Context, from: string): ReadonlyArray<string> => {
  const items = key === undefined ? [] : key.node.kind === "list" ? key.node.items : [key.node];
  return items.flatMap((item) => {
    const path = said(textOf(item.entries.get("path")?.node ?? item), key!);
    if (world.readFile(path.startsWith("/") ? path : `${from}/${path}`) !== null) return [moved(path, from, world.folder)];
    tell.none({ ...key!, start: item.start, end: item.end }, `${path} is not there`, "when it is: env_file");
    return [];
  });
};

const CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"];

const waitsOf = (key: Key | undefined, tell: Teller): ReadonlyArray<Wait> => {
  if (key === undefined) return [];
  if (key.node.kind === "list") {
    return key.node.items.map((item) => ({
      of: key.of,
      start: item.start,
      end: item.end,
      name: textOf(item),
      condition: "service_started",
    }));
  }
  return [...key.node.entries.values()].map(({ end, key: name, node, start }) => {
    const keys = keysOf(key.of, node);
    const said = keys.take("condition");
    const condition = said === undefined ? "service_started" : textOf(said.node);
    if (said !== undefined && !CONDITIONS.includes(condition)) tell.none(said, `${condition} is no condition that is known here`);
    for (const rest of keys.rest()) tell.none(rest, `${name}: ${rest.key} has no counterpart`);
    return { of: key.of, start, end, name, condition };
  });
};

const restartOf = (keys: Keys, deploy: Keys | undefined, { tell }: Context): Draft["restart"] => {
  const key = keys.take("restart");
  const policy = deploy?.below("restart_policy");
  const text = key === undefined ? "no" : textOf(key.node);
  if (policy !== undefined) {
    const [condition, delay, most, window] = ["condition", "delay", "max_attempts", "window"].map((name) => policy.take(name));
    for (const rest of policy.rest()) tell.none(rest, `${rest.key} has no counterpart`);
    const when = condition?.node.text ?? "any";
    return when === "none"
      ? "never"
      : {
          strategy: when === "on-failure" ? "on_failure" : "always",
          restart_delay: durationIn(delay, tell),
          max_attempts: most === undefined ? undefined : Number(most.node.value),
          reset_after: durationIn(window, tell),
        };
  }
  const [, word, retries] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text) ?? [];
  if (word === undefined) {
    if (key?.node.value !== false) tell.none(key!, `restart: ${text} is not known`);
    return "never";
  }
  if (word === "no") return "never";
  if (word === "always" || word === "unless-stopped") return word.replace("-", "_");
  return { strategy: "on_failure", max_attempts: retries === undefined ? undefined : Number(retries) };
};

const durationIn = (key: Key | undefined, tell: Teller): string | undefined => {
  if (key === undefined) return undefined;
  const text = textOf(key.node);
  if (typeof parseDuration(text) === "number") return text;
  tell.none(key, `${JSON.stringify(text)} is no duration`);
  return undefined;
};

/** What Docker asks, as a readiness probe: it restarts nothing for the answer. */
const probesOf = (check: Keys | undefined, context: Context): Draft["probes"] => {
  const { said, tell } = context;
  const test = check?.take("test");
  if (check === undefined || isYes(check.take("disable")) || test === undefined) return undefined;
  const parts = textsOf(test.node).map((part) => said(part, test));
  const [kind = ""] = parts;
  if (kind === "NONE") return undefined;
  const shell = test.node.kind !== "list" ? parts.join(" ") : kind === "CMD-SHELL" ? parts.slice(1).join(" ") : undefined;
  const [command = "", ...args] = shell === undefined ? parts.slice(1) : ["sh", "-c", shell];
  if (shell === undefined && kind !== "CMD") {
    tell.none(test, "test begins with neither CMD, CMD-SHELL nor NONE");
    return undefined;
  }
  const [grace, quick] = [check.take("start_period"), check.take("start_interval")];
  if (grace !== undefined)
    tell.other(grace, "a unit is not ready before its probe has passed, and nothing is done about it however long that takes");
  if (quick !== undefined) tell.none(quick, "a probe has one interval");
  const interval = durationIn(check.take("interval"), tell) ?? usual.probe.interval;
  const timeout = durationIn(check.take("timeout"), tell);
  const retries = check.take("retries");
  for (const rest of check.rest()) tell.none(rest, `${rest.key} has no counterpart`);
  return {
    readiness: {
      exec: { command, args },
      interval,
      timeout: shorter(timeout ?? usual.probe.timeout, interval),
      failure_threshold: retries === undefined ? usual.probe.retries : Math.max(1, Number(retries.node.value)),
    },
  };
};

const millis = (text: string): number => {
  const parsed = parseDuration(text);
  return typeof parsed === "number" ? parsed : 0;
};
/** A probe is over before the next one begins. */
const shorter = (timeout: string, interval: string): string =>
  millis(timeout) < millis(interval) ? timeout : formatDuration(Math.max(1, Math.floor(millis(interval) / 2)));

const limitsOf = (keys: Keys, deploy: Keys | undefined, { tell }: Context): Draft["limits"] => {
  const resources = deploy?.below("resources");
  const limits = resources?.below("limits");
  for (const rest of [...(limits === undefined ? [] : rested(limits, ["cpus", "memory", "pids"])), ...(resources?.rest() ?? [])]) {
    tell.none(
      rest,
      `${rest.key} has no counterpart`,
      rest.key === "reservations" ? "see process_manager.resources.overcommit_threshold" : undefined,
    );
  }
  const bytes = (key: Key | undefined): number | undefined => {
    if (key === undefined) return undefined;
    // Docker's `m` is 1024 times 1024, whichever way it is written.
    const found = parseSize(textOf(key.node).replace(/([kmgt])b$/i, "$1"));
    if (found === undefined) tell.none(key, `${textOf(key.node)} is no size`);
    return found;
  };
  const count = (key: Key | undefined): number | undefined => {
    const value = key === undefined ? undefined : Number(textOf(key.node));
    return value === undefined || !(value > 0) ? undefined : value;
  };
  const ulimits = keys.take("ulimits");
  const files = ulimits?.node.entries.get("nofile")?.node;
  for (const [name, entry] of ulimits?.node.entries ?? [])
    if (name !== "nofile") tell.none({ ...ulimits!, ...entry }, `ulimits.${name} has no counterpart`);
  return {
    memory: { max_rss: bytes(limits?.take("memory") ?? keys.take("mem_limit")) },
    cpu: { max_cores: count(limits?.take("cpus") ?? keys.take("cpus")) },
    cpu_shares: count(keys.take("cpu_shares")),
    process: {
      max_processes: count(limits?.take("pids") ?? keys.take("pids_limit")),
      max_file_descriptors: files === undefined ? undefined : Number((files.entries.get("hard")?.node ?? files).value),
    },
  };
};

const rested = (keys: Keys, taken: ReadonlyArray<string>): ReadonlyArray<Key> => {
  for (const key of taken) keys.take(key);
  return keys.rest();
};

/** Docker passes a port of the machine on to the container's; the master can do so for one. */
const portsOf = (
  key: Key | undefined,
  isAlone: boolean,
  { said, tell }: Context,
): { readonly listen?: unknown; readonly proxy?: number } => {
  if (key === undefined) return {};
  const ports = key.node.items.map((item) => {
    const [target, published] = [item.entries.get("target")?.node, item.entries.get("published")?.node];
    const text =
      target === undefined ? said(textOf(item), key) : `${published === undefined ? "" : `${textOf(published)}:`}${textOf(target)}`;
    const [, host, outside, inside] = /^(?:(\d+(?:\.\d+){3}|\[[0-9a-f:]+\]):)?(?:(\d+):)?(\d+)(?:\/tcp)?$/i.exec(text) ?? [];
    return { text, host, outside, inside, place: { of: key.of, start: item.start, end: item.end } };
  });
  const [one] = ports;
  if (ports.length === 1 && isAlone && one?.outside !== undefined && one.inside !== undefined && one.outside !== one.inside) {
    return { listen: [{ tcp: one.host === undefined ? Number(one.outside) : `${one.host}:${one.outside}` }], proxy: Number(one.inside) };
  }
  for (const { outside, inside, place, text } of ports) {
    if (outside !== undefined && outside === inside) tell.other(place, `the program itself has to listen on ${inside}`);
    else
      tell.none(place, `${text} is not passed on`, "control.listen and control.proxy pass one port on; else have the program listen on it");
  }
  return {};
};

const logsOf = (key: Key | undefined, { tell }: Context): Draft["logs"] => {
  if (key === undefined) return undefined;
  const keys = keysOf(key.of, key.node);
  const driver = keys.take("driver");
  const options = keys.below("options");
  if (driver !== undefined && !/^(json-file|local)$/.test(textOf(driver.node))) {
    tell.none(driver, `${textOf(driver.node)} is no place where output is kept here`, "`hsu logs` shows it");
    return undefined;
  }
  const [size, files, compress] = ["max-size", "max-file", "compress"].map((name) => options?.take(name));
  for (const rest of options?.rest() ?? []) tell.none(rest, `${rest.key} has no counterpart`);
  return {
    rotation: {
      max_size: size === undefined ? undefined : parseSize(textOf(size.node)),
      max_files: files === undefined ? undefined : Number(textOf(files.node)),
      compress: compress === undefined ? undefined : textOf(compress.node) === "true",
    },
  };
};

/** Undefined: it is left out, which is told. */
export const serviceOf = ({ key, node, ...place }: Key, context: Context): Service | undefined => {
  const { said, tell, world } = context;
  const keys = keysOf(place.of, node);
  const from = dirname(place.of.file);
  const [image, build] = [keys.take("image"), keys.take("build")];
  const [entrypoint, command] = [lineOf(keys.take("entrypoint"), context), lineOf(keys.take("command"), context)];
  const line = [...(entrypoint ?? []), ...(command ?? [])];
  const [program] = line;
  if (program === undefined) {
    tell.left(place, `${key} is left out: it has no command`, "what it runs is in its image, which is not here: write the unit by hand");
    return undefined;
  }
  if (image !== undefined) {
    const name = textOf(image.node);
    tell.other(image, `there is no image: what ${name} has, the program and all that it needs, has to be on this machine`);
  }
  if (build !== undefined) tell.other(build, "nothing is built: the program and all that it needs has to be on this machine");
  const deploy = keys.below("deploy");
  const replicas = deploy?.take("replicas") ?? keys.take("scale");
  const count = replicas === undefined ? undefined : Number(replicas.node.value);
  const folder = keys.take("working_dir");
  const where = folder === undefined ? undefined : said(textOf(folder.node), folder);
  if (where?.startsWith("/") === true) tell.other(folder!, `${where} is a folder of this machine here, and not of the image`);
  const signal = keys.take("stop_signal");
  const named = signal === undefined ? undefined : Option.getOrUndefined(Signal.parse(textOf(signal.node)));
  if (signal !== undefined && named === undefined) tell.none(signal, `${textOf(signal.node)} is no signal here`);
  const profiles = keys.take("profiles");
  const draft: Omit<Draft, "id"> = {
    enabled: profiles === undefined ? undefined : false,
    count: count === 1 ? undefined : count,
    control: {
      executable: movedProgram(program, from, world.folder),
      arguments: line.slice(1),
      working_directory: where === undefined ? undefined : moved(where, from, world.folder),
      environment: environmentOf(keys.take("environment"), context),
      env_file: envFilesOf(keys.take("env_file"), context, from),
      shutdown_timeout: durationIn(keys.take("stop_grace_period"), tell) ?? usual.stop,
      stop_signal: named,
      ...portsOf(keys.take("ports"), (count ?? 1) === 1, context),
    },
    restart: restartOf(keys, deploy, context),
    limits: limitsOf(keys, deploy, context),
    probes: probesOf(keys.below("healthcheck"), context),
    logs: logsOf(keys.take("logging"), context),
  };
  const waits = waitsOf(keys.take("depends_on"), tell);
  for (const rest of [...keys.rest(), ...(deploy?.rest() ?? [])]) {
    if (!rest.key.startsWith("x-")) tell.none(rest, `${key}: ${rest.key} has no counterpart`, whyNot(rest.key));
  }
  return { name: key, draft, waits };
};
