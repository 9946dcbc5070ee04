/**
 * `[Service]` of systemd as a unit.
 */
import * as Option from "effect/Option";
import * as Signal from "../../../platform/Signal.ts";
import { variable } from "../../Written.ts";
import { type Draft, moved } from "../Draft.ts";
import type { Teller } from "../Finding.ts";
import type { Setting, Taking } from "../Ini.ts";
import type { logFiles } from "../LogFiles.ts";
import type { World } from "../Source.ts";
import { type Command, commandsOf, programOf, signalOf } from "./Exec.ts";
import { listIn, textIn, type UnitFile } from "./Files.ts";
import { limitsOf } from "./Limits.ts";
import { durationOf, spanIn } from "./Spans.ts";
import { isYes, wordsIn } from "./Values.ts";

export interface Context {
  readonly world: World;
  readonly tell: Teller;
  readonly files: ReturnType<typeof logFiles>;
  /** The value of a setting with its specifiers written out. */
  readonly value: (setting: Setting) => string;
}

const usual = { timeoutMillis: 90_000, restartMillis: 100 } as const;

/** Ends that systemd takes for clean ones. */
const CLEAN = [0, "SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"];

const STARTS: Readonly<Record<string, "notify" | "oneshot">> = { notify: "notify", "notify-reload": "notify", oneshot: "oneshot" };

const environmentOf = (keys: Taking, { tell, value }: Context): Readonly<Record<string, string>> =>
  Object.fromEntries(
    listIn(keys.takeAll("Environment")).flatMap((setting) => {
      const words = wordsIn(value(setting));
      if (words === null) tell.none(setting, "a quote is not closed");
      return (words ?? []).flatMap((word) => {
        const at = word.indexOf("=");
        if (at > 0) return [[word.slice(0, at), word.slice(at + 1)] as const];
        tell.none(setting, `${JSON.stringify(word)} is no variable`);
        return [];
      });
    }),
  );

/** Files that are there: one that is not would be an error of the config. */
const envFilesOf = (keys: Taking, { tell, value, world }: Context): ReadonlyArray<string> =>
  listIn(keys.takeAll("EnvironmentFile")).flatMap((setting) => {
    const path = value(setting).replace(/^-/, "");
    if (world.readFile(path) !== null) return [path];
    tell.none(setting, `${path} is not there`, `when it is: env_file: ${path}`);
    return [];
  });

const commandsIn = (settings: ReadonlyArray<Setting>, { tell, value }: Context): ReadonlyArray<Command> =>
  listIn(settings).flatMap((setting) => {
    const commands = commandsOf(value(setting));
    if (commands === null) tell.none(setting, "a quote is not closed");
    const prefixes = new Set((commands ?? []).flatMap(({ prefix }) => prefix.split("")));
    if (["+", "!"].some((each) => prefixes.has(each))) tell.other(setting, "it is run with the rights of the unit");
    if (prefixes.has("@")) tell.other(setting, "the program is told its own name");
    if (prefixes.has(":")) tell.other(setting, "variables are put in all the same");
    return commands ?? [];
  });

const restartOf = (keys: Taking, { tell }: Context, by: "timer" | "socket" | undefined, limits: StartLimit): Draft["restart"] => {
  const setting = keys.take("Restart");
  const when = textIn(setting) ?? "no";
  const [delay, steps, most] = [
    spanIn(keys.take("RestartSec"), tell),
    keys.take("RestartSteps"),
    spanIn(keys.take("RestartMaxDelaySec"), tell),
  ];
  const success = keys.take("SuccessExitStatus");
  const exits = exitsOf(success, tell);
  if (when === "no") return "never";
  if (!RESTARTS.test(when)) {
    tell.none(setting!, `${JSON.stringify(when)} is no way to restart that is known here`);
    return "never";
  }
  const isSuccess = when === "always" || when === "on-success";
  if (by === "timer" && isSuccess) {
    tell.none(setting!, "what a timer starts is not started again by itself");
    return "never";
  }
  if (by === "socket" && isSuccess)
    tell.other(setting!, `${when} is on_failure here: what has ended well is started by the next connection`);
  if (/^on-(abnormal|abort|watchdog)$/.test(when)) tell.other(setting!, `${when} is on_failure here, which is any failure`);
  if (when === "on-success" && by === undefined) tell.other(setting!, "on-success is always here: a failure is as good a reason");
  if (steps !== undefined && most !== undefined) tell.other(steps, "each delay is twice the one before, up to RestartMaxDelaySec");
  const isAlways = isSuccess && by === undefined;
  return {
    strategy: isAlways ? "always" : "on_failure",
    ...limits,
    restart_delay: durationOf(delay ?? usual.restartMillis),
    // systemd waits as long each time.
    backoff_multiplier: most === undefined ? 1 : 2,
    max_delay: most === undefined ? undefined : durationOf(most),
    success_exit_codes: isAlways && exits.length === 0 ? undefined : [...CLEAN, ...exits],
  };
};

const RESTARTS = /^(always|on-(success|failure|abnormal|abort|watchdog))$/;

/** Names of `sysexits.h`. */
const EXITS = [
  "USAGE",
  "DATAERR",
  "NOINPUT",
  "NOUSER",
  "NOHOST",
  "UNAVAILABLE",
  "SOFTWARE",
  "OSERR",
  "OSFILE",
  "CANTCREAT",
  "IOERR",
  "TEMPFAIL",
  "PROTOCOL",
  "NOPERM",
  "CONFIG",
];
const firstExit = 64;

const exitsOf = (setting: Setting | undefined, tell: Teller): ReadonlyArray<number | string> =>
  (textIn(setting) ?? "").split(/\s+/).flatMap((word): ReadonlyArray<number | string> => {
    if (word === "") return [];
    if (/^\d{1,3}$/.test(word) && Number(word) <= 255) return [Number(word)];
    const named = EXITS.indexOf(word.replace(/^EX_/, ""));
    if (named !== -1) return [firstExit + named];
    const signal = Option.getOrUndefined(Signal.parse(word));
    if (signal === undefined) tell.none(setting!, `${JSON.stringify(word)} is no end that is known here`);
    return signal === undefined ? [] : [signal];
  });

type StartLimit = { readonly max_attempts?: number; readonly reset_after?: string };

/** More starts than that in the time, and it is given up. */
const startLimitOf = (unit: Taking | undefined, service: Taking, { tell }: Context): StartLimit => {
  const take = (...names: ReadonlyArray<string>): Setting | undefined =>
    names.map((name) => unit?.take(name) ?? service.take(name)).find((setting) => setting !== undefined);
  const [burst, interval] = [take("StartLimitBurst"), take("StartLimitIntervalSec", "StartLimitInterval")];
  const millis = spanIn(interval, tell);
  if (burst === undefined || millis === 0) return {};
  tell.other(burst, "so many restarts in a row, each before the unit has run for as long as the interval");
  return { max_attempts: Number(burst.value), reset_after: durationOf(millis ?? 10_000) };
};

const outputOf = (keys: Taking, { files, tell, value, world }: Context, folder: string): Pick<Draft, "logging" | "logs"> => {
  const stream = (key: string) => {
    const setting = keys.take(key);
    const text = setting === undefined ? undefined : value(setting);
    const path = text === undefined ? undefined : /^(?:file|append|truncate):(.*)$/.exec(text)?.[1];
    if (setting === undefined || text === undefined || /^(inherit|journal|)$/.test(text)) return {};
    if (text === "null") return { captured: false };
    if (path === undefined) {
      tell.other(setting, `${text} is not written to: \`hsu logs\` shows what the unit writes`);
      return {};
    }
    return { file: { ...setting, path: moved(path, folder, world.folder) } };
  };
  const [stdout, stderr] = [stream("StandardOutput"), stream("StandardError")];
  if (stdout.file !== undefined && stderr.captured === undefined && stderr.file === undefined) {
    tell.other(stdout.file, "stderr is not in this file: it is kept by itself, and `hsu logs` shows both");
  }
  // What inherits goes where stdout goes.
  const silent = stdout.captured === false && stderr.captured === undefined && stderr.file === undefined;
  return {
    logging: { capture_stdout: stdout.captured, capture_stderr: silent ? false : stderr.captured },
    logs: files(stdout.file, stderr.file),
  };
};

const stopOf = (keys: Taking, { tell }: Context, fallback: number | undefined) => {
  const kill = keys.take("KillSignal");
  const signal = textIn(kill) === undefined ? undefined : Option.getOrUndefined(Signal.parse(kill!.value));
  if (kill !== undefined && signal === undefined) tell.none(kill, `${JSON.stringify(kill.value)} is no signal here`);
  const mode = keys.take("KillMode");
  if (mode !== undefined && mode.value !== "control-group") {
    tell.other(mode, `${mode.value}: all processes of the unit are asked to end, and killed when they do not`);
  }
  const sends = keys.take("SendSIGKILL");
  if (sends !== undefined && !isYes(sends.value)) tell.none(sends, "who does not end in time is killed");
  const stops = commandsIn(keys.takeAll("ExecStop"), { tell: silent, value: ({ value }) => value } as Context);
  const asked = stops.length === 1 ? signalOf(stops[0]) : undefined;
  const own = asked === undefined ? undefined : Option.getOrUndefined(Signal.parse(asked));
  if (own === undefined)
    for (const stop of keys.takeAll("ExecStop"))
      tell.none(stop, "ExecStop has no counterpart", "the unit is asked to end by its stop signal");
  return {
    stop_signal: own ?? signal,
    shutdown_timeout: durationOf(spanIn(keys.take("TimeoutStopSec"), tell) ?? fallback ?? usual.timeoutMillis),
  };
};

const silent: Teller = { none: () => {}, other: () => {}, left: () => {}, wrong: () => {} };

/** A service; `scheduled` and `listen` come from its timer and its socket. Undefined: it cannot be run. */
export const serviceOf = (
  unit: UnitFile,
  context: Context,
  others: { readonly schedule?: unknown; readonly listen?: unknown; readonly onDemand?: boolean },
): Omit<Draft, "id"> | undefined => {
  const { tell, value, world } = context;
  const keys = unit.sections.get("Service");
  if (keys === undefined) {
    tell.left(unit, `${unit.name} has no [Service]`);
    return undefined;
  }
  const type = keys.take("Type");
  const kind = textIn(type) ?? "simple";
  const environment = environmentOf(keys, context);
  const envFiles = envFilesOf(keys, context);
  const before = commandsIn(keys.takeAll("ExecStartPre"), context);
  const starts = keys.takeAll("ExecStart");
  const main = commandsIn(starts, context);
  if (main.length === 0) {
    tell.left(starts.at(-1) ?? unit, `${unit.name} is left out: it has no ExecStart`);
    return undefined;
  }
  const isForking = kind === "forking";
  if (isForking) {
    tell.other(
      type!,
      "a unit stays in the foreground: it is not enabled until its command says so",
      "most daemons have a flag for that; see also unmanaged units",
    );
  }
  if (kind === "dbus") tell.other(type!, "its start is complete as soon as it runs: hsu does not ask D-Bus");
  const isScheduled = others.schedule !== undefined;
  const start = isScheduled ? undefined : STARTS[kind];
  const both = spanIn(keys.take("TimeoutSec"), tell);
  const starting = spanIn(keys.take("TimeoutStartSec"), tell) ?? both;
  const watchdog = keys.take("WatchdogSec");
  const sign = spanIn(watchdog, tell);
  if (sign !== undefined && start !== "notify") tell.none(watchdog!, "a watchdog listens to a unit that tells its state: Type=notify");
  const runs = keys.take("RuntimeMaxSec");
  const most = start === "oneshot" ? undefined : spanIn(runs, tell);
  const reloads = commandsIn(keys.takeAll("ExecReload"), context);
  const reload = reloads.length === 1 ? signalOf(reloads[0]) : undefined;
  const reloadSignal = Option.getOrUndefined(Signal.parse(reload ?? (kind === "notify-reload" ? "HUP" : "none")));
  if (reloads.length > 0 && reloadSignal === undefined) {
    for (const each of keys.takeAll("ExecReload"))
      tell.none(each, "it is told to read its configuration again by a signal alone", "reload_signal: HUP");
  }
  const folder = keys.take("WorkingDirectory");
  const place = folder === undefined ? "/" : value(folder).replace(/^-/, "").replace(/^~$/, variable("HOME", "/root"));
  const program = programOf(before, main, envFiles.length > 0 ? {} : environment);
  for (const key of ["RemainAfterExit", "NotifyAccess", "PassEnvironment", "GuessMainPID"]) keys.take(key);
  return {
    description: undefined,
    enabled: isForking ? false : undefined,
    control: {
      executable: program.executable,
      arguments: program.args,
      working_directory: place,
      environment,
      env_file: envFiles.length === 1 ? envFiles[0] : envFiles,
      start,
      startup_timeout: starting === undefined || starting === 0 || start === undefined ? undefined : durationOf(starting),
      watchdog: sign === undefined || start !== "notify" || sign === 0 ? undefined : durationOf(sign),
      run_timeout: most === undefined || most === Infinity ? undefined : durationOf(most),
      ...stopOf(keys, context, both),
      reload_signal: reloadSignal,
      schedule: others.schedule,
      listen: others.listen,
      on_demand: others.onDemand,
    },
    restart: restartOf(
      keys,
      context,
      isScheduled ? "timer" : others.onDemand === true ? "socket" : undefined,
      startLimitOf(unit.sections.get("Unit"), keys, context),
    ),
    limits: limitsOf(keys, tell),
    ...outputOf(keys, context, world.folder),
  };
};
