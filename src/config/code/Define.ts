/**
 * A tree made in code: the same specs as those of a config file, with the same defaults. Paths start at the folder of the file that says it.
 */
import { dirname, resolve } from "node:path";
import type { CheckSpec, ExecCheck, GrpcCheck, HttpCheck, ProbeSpec, ProbesSpec, TcpCheck } from "../../health/index.ts";
import { defaultLogs, type LogFileSpec, type LogsSpec, type Rotation } from "../../logs/LogsSpec.ts";
import type { SocketAddress, SocketSpec } from "../../platform/index.ts";
import type { GroupSpec, MasterSpec, RestartPolicy, UnitSpec } from "../../unit/UnitSpec.ts";
import type { Schedule } from "../../unit/Schedule.ts";
import { DEFAULTS, hasFolder } from "../Compile.ts";
import { type BadDuration, parseDuration } from "../Duration.ts";
import { PROBE_DEFAULTS, startupMillis, timeoutOf } from "../ProbesOf.ts";
import { restartOf } from "../RestartOf.ts";

/** `15s`, `1h30m`, as in a config file. @throws where it is no duration. @since 0.1.0 */
export const millis = (duration: string): number => {
  const found: number | BadDuration = parseDuration(duration);
  if (typeof found === "number") return found;
  throw new TypeError([found.problem, ...(found.hint === undefined ? [] : [found.hint])].join(": "));
};

type Some<A, Required extends keyof A> = Pick<A, Required> & Partial<A>;

type CheckOptions =
  | Some<HttpCheck, "kind" | "url">
  | Some<TcpCheck, "kind" | "port">
  | Some<GrpcCheck, "kind">
  | Some<ExecCheck, "kind" | "command">
  | { readonly kind: "process" };
type ProbeOptions = Partial<Omit<ProbeSpec, "check">> & { readonly check: CheckOptions };
type FileOptions = Partial<Omit<LogFileSpec, "rotation">> & { readonly rotation?: Partial<Rotation> };

/** What is said of a unit; what is not is as in a config file. @since 0.1.0 */
export interface UnitOptions extends Partial<
  Omit<UnitSpec, "_tag" | "id" | "limits" | "listen" | "logs" | "module" | "probes" | "restart" | "schedule" | "unmanaged">
> {
  readonly id: string;
  readonly restart?: Partial<RestartPolicy>;
  readonly schedule?: Some<Schedule, "at">;
  readonly listen?: ReadonlyArray<Some<SocketSpec, "address">>;
  readonly module?: Some<NonNullable<UnitSpec["module"]>, "path">;
  readonly unmanaged?: Some<NonNullable<UnitSpec["unmanaged"]>, "discovery">;
  readonly limits?: Partial<NonNullable<UnitSpec["limits"]>>;
  readonly logs?: Partial<Omit<LogsSpec, "stderr" | "stdout">> & { readonly stdout?: FileOptions; readonly stderr?: FileOptions };
  readonly probes?: Pick<ProbesSpec, "livenessIsReadiness"> & {
    readonly startup?: ProbeOptions;
    readonly readiness?: ProbeOptions;
    readonly liveness?: ProbeOptions;
  };
}

/** What is said of a group. @since 0.1.0 */
export interface GroupOptions extends Partial<Omit<GroupSpec, "_tag" | "children" | "id" | "limit">>, Pick<GroupSpec, "children" | "id"> {
  readonly limit?: {
    readonly intensity: number;
    readonly periodMillis?: number;
    readonly breaker?: Partial<NonNullable<NonNullable<GroupSpec["limit"]>["breaker"]>>;
  };
}

/** What is said of a whole tree: `strategy`, `limit` and `children` are those of its root. @since 0.1.0 */
export interface MasterOptions extends Partial<Omit<MasterSpec, "root">>, Omit<GroupOptions, "after" | "id" | "requires"> {}

const checkOf = (check: CheckOptions, at: (path: string) => string): CheckSpec => {
  switch (check.kind) {
    case "http":
      return { method: "GET", headers: {}, status: [[200, 299]], ...check };
    case "tcp":
      return { address: "127.0.0.1", ...check };
    case "grpc":
      return { address: "127.0.0.1", port: null, method: "check", service: "", headers: {}, ...check };
    case "exec":
      return { args: [], ...check, command: hasFolder(check.command) ? at(check.command) : check.command };
    case "process":
      return check;
  }
};

const probesOf = (probes: NonNullable<UnitOptions["probes"]>, at: (path: string) => string): ProbesSpec => {
  const probe = (kind: "startup" | "readiness" | "liveness"): ProbeSpec | undefined => {
    const said = probes[kind];
    if (said === undefined) return undefined;
    const usual = PROBE_DEFAULTS[kind];
    const intervalMillis = said.intervalMillis ?? usual.intervalMillis;
    return { ...usual, timeoutMillis: timeoutOf(undefined, intervalMillis, usual.timeoutMillis), ...said, check: checkOf(said.check, at) };
  };
  const [startup, readiness, liveness] = [probe("startup"), probe("readiness"), probe("liveness")];
  return {
    ...probes,
    ...(startup === undefined ? {} : { startup }),
    ...(readiness === undefined ? {} : { readiness }),
    ...(liveness === undefined ? {} : { liveness }),
  } as ProbesSpec;
};

const secretAt = (secret: NonNullable<UnitSpec["secrets"]>[string], at: (path: string) => string) =>
  "file" in secret ? { file: at(secret.file) } : "ageFile" in secret ? { ageFile: at(secret.ageFile) } : secret;

const logsOf = (logs: NonNullable<UnitOptions["logs"]>, at: (path: string) => string): LogsSpec => {
  const file = (said: FileOptions = {}): LogFileSpec => {
    const { path, ...rest } = said;
    const usual = defaultLogs.stdout;
    return { ...usual, ...rest, ...(path === undefined ? {} : { path: at(path) }), rotation: { ...usual.rotation, ...said.rotation } };
  };
  return { ...defaultLogs, ...logs, stdout: file(logs.stdout), stderr: file(logs.stderr) };
};

const restartWith = (options: UnitOptions): RestartPolicy => {
  const { onDemand, restart, schedule } = options;
  // As in a config file: a run of a schedule is not tried again, and who waits for connections may end.
  const policy = restart !== undefined ? undefined : schedule !== undefined ? "never" : onDemand !== undefined ? "on_failure" : undefined;
  const usual = restartOf({ policy });
  return { ...usual, maxDelayMillis: Math.max(usual.maxDelayMillis, restart?.delayMillis ?? 0), ...restart };
};

const usualOf = (options: UnitOptions): Pick<UnitSpec, "capture" | "kind" | "startTimeoutMillis" | "stopTimeoutMillis"> => {
  const kind = options.kind ?? (options.module !== undefined ? "module" : options.unmanaged !== undefined ? "unmanaged" : "managed");
  const isFound = kind === "unmanaged";
  return {
    kind,
    startTimeoutMillis: options.start === "oneshot" ? DEFAULTS.oneshotMillis : DEFAULTS.startTimeoutMillis,
    stopTimeoutMillis: isFound ? DEFAULTS.unmanagedStopMillis : DEFAULTS.stopTimeoutMillis,
    capture: { stdout: !isFound, stderr: !isFound },
  };
};

const unitIn = (folder: string, options: UnitOptions): UnitSpec => {
  const at = (path: string): string => resolve(folder, path);
  const addressOf = (address: SocketAddress): SocketAddress =>
    address._tag === "Unix" && !address.path.startsWith("@") ? { ...address, path: at(address.path) } : address;
  const { ageIdentity, executable = "", limits, listen, logs, module, probes, schedule, secrets, unmanaged, ...rest } = options;
  const usual = usualOf(options);
  const made = probes === undefined ? undefined : probesOf(probes, at);
  return {
    _tag: "Unit",
    ...usual,
    startTimeoutMillis: Math.max(usual.startTimeoutMillis, startupMillis(made ?? {})),
    enabled: true,
    args: [],
    environment: {},
    stopSignal: "SIGTERM",
    ...rest,
    executable: hasFolder(executable) ? at(executable) : executable,
    workingDirectory: at(options.workingDirectory ?? "."),
    restart: restartWith(options),
    ...(secrets === undefined
      ? {}
      : {
          secrets: Object.fromEntries(Object.entries(secrets).map(([name, each]) => [name, secretAt(each, at)])),
        }),
    ...(ageIdentity === undefined ? {} : { ageIdentity: at(ageIdentity) }),
    ...(schedule === undefined ? {} : { schedule: { jitterMillis: 0, overlap: "skip", catchUp: false, ...schedule } }),
    ...(listen === undefined
      ? {}
      : { listen: listen.map((socket) => ({ name: options.id, backlog: 4096, ...socket, address: addressOf(socket.address) })) }),
    ...(module === undefined ? {} : { module: { export: "default", config: undefined, worker: false, ...module, path: at(module.path) } }),
    ...(unmanaged === undefined
      ? {}
      : {
          unmanaged: {
            checkIntervalMillis: DEFAULTS.checkIntervalMillis,
            canTerminate: false,
            canRestart: false,
            allowedSignals: [],
            ...unmanaged,
          },
        }),
    ...(limits === undefined ? {} : { limits: { limits: [], graceMillis: 0, sustainedMillis: 0, spikeMillis: 0, ...limits } }),
    ...(logs === undefined ? {} : { logs: logsOf(logs, at) }),
    ...(made === undefined ? {} : { probes: made }),
  };
};

const groupOf = ({ limit, ...rest }: GroupOptions): GroupSpec => ({
  _tag: "Group",
  strategy: "one_for_one",
  ...rest,
  ...(limit === undefined
    ? {}
    : {
        limit: {
          intensity: limit.intensity,
          periodMillis: limit.periodMillis ?? DEFAULTS.periodMillis,
          ...(limit.breaker === undefined
            ? {}
            : { breaker: { cooldownMillis: DEFAULTS.cooldownMillis, stableMillis: DEFAULTS.stableMillis, ...limit.breaker } }),
        },
      }),
});

/**
 * What makes a tree in this file: relative paths in it start at the file's folder, as in a config file. `hsu eject` writes such files.
 *
 * @example
 * ```ts run
 * import { define, millis } from "hsu/master"
 *
 * const { group, master, unit } = define(import.meta.filename)
 *
 * const server = unit({ id: "server", executable: "sleep", args: ["60"], stopTimeoutMillis: millis("15s") })
 * const web = group({ id: "web", strategy: "one_for_all", children: [server] })
 *
 * const spec = master({ children: [web] })
 * spec.root.children.length // => 1
 * server.restart.when // => "always"
 * ```
 * @since 0.1.0
 */
export const define = (file: string) => {
  const folder = dirname(resolve(file));
  return {
    unit: (options: UnitOptions): UnitSpec => unitIn(folder, options),
    group: groupOf,
    master: ({ children, limit, strategy, ...rest }: MasterOptions): MasterSpec => ({
      source: file,
      logLevel: "info",
      forceShutdownTimeoutMillis: DEFAULTS.forceShutdownTimeoutMillis,
      ...rest,
      root: groupOf({ id: "units", children, ...(limit === undefined ? {} : { limit }), ...(strategy === undefined ? {} : { strategy }) }),
    }),
  };
};
