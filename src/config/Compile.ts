/**
 * From a checked config file to the tree of specs. All defaults of the file are here.
 */
import * as NodePath from "node:path";
import type { GroupSpec, MasterSpec, UnitSpec } from "../unit/UnitSpec.ts";
import { type Nested, nestedOf } from "./Dialect.ts";
import { httpOf } from "./HttpOf.ts";
import { limitsOf, samplingOf } from "./LimitsOf.ts";
import { listenOf } from "./ListenOf.ts";
import { onCallOf } from "./OnCallOf.ts";
import { probesOf, startupMillis, watchedOf } from "./ProbesOf.ts";
import type { ProbeBlocks } from "./Probes.ts";
import { type StartBlock, startsOf } from "./Starts.ts";
import { logsOf } from "./LogsOf.ts";
import { moduleOf } from "./ModuleOf.ts";
import { oversightOf } from "./OversightOf.ts";
import { peersOf, rpcOf } from "./RpcOf.ts";
import { restartOf, type Said } from "./RestartOf.ts";
import type { ConfigFile, Entry, FlatManagement, Found, Group, Managed, ModuleUnit, Unit } from "./Schema.ts";
import { locate, type Located, type Path } from "./Source.ts";
import { unmanagedOf } from "./UnmanagedOf.ts";
import type { Secret } from "../unit/Secrets.ts";
import type { SecretValue } from "./Values.ts";

export const DEFAULTS = {
  forceShutdownTimeoutMillis: 30_000,
  startTimeoutMillis: 60_000,
  /** Nobody knows how long a one-shot may take: the longest timer. */
  oneshotMillis: 24 * 86_400_000,
  stopTimeoutMillis: 10_000,
  /** The same in upstream's builds. */
  gracefulMillis: 20_000,
  periodMillis: 5_000,
  /** Of a group's breaker that is asked for. */
  cooldownMillis: 300_000,
  stableMillis: 60_000,
  /** Of what somebody else runs. */
  checkIntervalMillis: 30_000,
  unmanagedStopMillis: 30_000,
} as const;

/** Where a file's relative paths start, and its values as written. */
interface Context {
  readonly folder: string;
  /** That of a unit, where there are several files. */
  readonly folderAt: ((offset: number) => string) | undefined;
  /** Of each instance, what it is one of. */
  readonly instances: ReadonlyMap<string, string>;
  readonly root: Located;
  /** Absolute. */
  readonly identity: string | undefined;
  /** Of logs, for all units. */
  readonly collection: ConfigFile["log_collection"];
}

/** Numbers and truth values as the file writes them: `1.10` is not `1.1`. */
const written = (context: Context, path: Path, value: string | number | boolean): string => {
  if (typeof value === "string") return value;
  return locate(context.root, path)?.text ?? String(value);
};

const argumentsOf = (context: Context, path: Path, values: FlatManagement["control"]["arguments"]): ReadonlyArray<string> =>
  (values ?? []).map((value, index) => written(context, [...path, index], value));

const environmentOf = (
  context: Context,
  path: Path,
  values: FlatManagement["control"]["environment"],
): Readonly<Record<string, string>> => {
  if (values === undefined) return {};
  if (isList(values)) {
    return Object.fromEntries(values.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === "object" ? [] : [[name, written(context, [...path, name], value)]],
    ),
  );
};

const secretOf = (folder: string, value: SecretValue): Secret => {
  if ("file" in value) return { file: NodePath.resolve(folder, value.file) };
  return "age_file" in value ? { ageFile: NodePath.resolve(folder, value.age_file) } : value;
};

/** Variables that say where their value is. */
const secretsOf = (
  { folder, identity }: Context,
  values: FlatManagement["control"]["environment"],
): Pick<UnitSpec, "ageIdentity" | "secrets"> => {
  if (values === undefined || isList(values)) return {};
  const found = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== "object") return [];
    return [[name, secretOf(folder, value)] as const];
  });
  if (found.length === 0) return {};
  const isEncrypted = found.some(([, secret]) => "age" in secret || "ageFile" in secret);
  return { secrets: Object.fromEntries(found), ...(isEncrypted && identity !== undefined ? { ageIdentity: identity } : {}) };
};
const isList = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value);

/** Whether it is a path, and no name to be looked up. */
export const hasFolder = (executable: string): boolean => executable.includes("/") || (NodePath.sep === "\\" && executable.includes("\\"));

interface Program {
  readonly executable: string;
  readonly args: ReadonlyArray<string>;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Pick<UnitSpec, "ageIdentity" | "secrets">;
  readonly folder: string | undefined;
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly restart: Said;
  readonly signals: Pick<FlatManagement["control"], "stop_signal" | "reload_signal">;
  readonly description: string | undefined;
  readonly logging: FlatManagement["logging"];
  readonly collection: FlatManagement["log_collection"];
  readonly starts: StartBlock & Pick<FlatManagement["control"], "listen" | "on_call" | "on_demand" | "proxy">;
  /** Of its control block. */
  readonly place: Path;
  readonly health: ProbeBlocks;
  readonly limits: Pick<UnitSpec, "limits">;
}

const flat = (context: Context, path: Path, management: FlatManagement): Program => {
  const { control, metadata } = management;
  return {
    executable: control.executable,
    args: argumentsOf(context, [...path, "control", "arguments"], control.arguments),
    environment: environmentOf(context, [...path, "control", "environment"], control.environment),
    secrets: secretsOf(context, control.environment),
    folder: control.working_directory,
    start: control.startup_timeout,
    stop: control.shutdown_timeout,
    restart: { policy: management.restart_policy, context: management.context_aware_restart },
    signals: control,
    description: metadata?.description ?? metadata?.name,
    logging: management.logging,
    collection: management.log_collection,
    starts: control,
    place: [...path, "control"],
    health: management,
    limits: limitsOf(management.resource_limits, management.limits, management.context_aware_restart),
  };
};

const nested = (context: Context, path: Path, managed: Managed): Program => {
  const { control, metadata } = managed;
  const here = [...path, "control", "execution"];
  const { execution } = control;
  const program = execution.executable_path;
  return {
    executable: program,
    args: argumentsOf(context, [...here, "args"], execution.args),
    environment: environmentOf(context, [...here, "environment"], execution.environment),
    secrets: secretsOf(context, execution.environment),
    folder: execution.working_directory ?? (hasFolder(program) ? NodePath.dirname(program) : undefined),
    start: execution.wait_delay,
    stop: control.graceful_timeout ?? DEFAULTS.gracefulMillis,
    restart: { policy: control.restart_policy, context: control.context_aware_restart, nested: true },
    signals: control,
    description: metadata?.description ?? metadata?.name,
    logging: undefined,
    collection: control.log_collection,
    starts: control,
    place: [...path, "control"],
    health: managed,
    limits: limitsOf(undefined, control.limits, control.context_aware_restart),
  };
};

const unitOf = (context: Context, path: Path, unit: Unit): UnitSpec => {
  const found = foundIn(unit);
  if (found !== undefined) return foundUnit(context, unit, found);
  if (unit.type === "module") return moduleUnit(context, unit as ModuleUnit);
  return startedUnit(context, path, unit as Started);
};

type Started = Exclude<Unit, Found | ModuleUnit>;

/** Of a unit that executes nothing. */
const noProgram = ({ folder }: Context) =>
  ({ executable: "", args: [], workingDirectory: folder, environment: {}, stopSignal: "SIGTERM" }) as const;

const moduleUnit = (context: Context, { enabled, id, management }: ModuleUnit): UnitSpec => {
  const { control, logging, metadata, restart_policy: policy } = management;
  const description = metadata?.description ?? metadata?.name;
  return {
    _tag: "Unit",
    id,
    kind: "module",
    module: moduleOf(context.folder, control),
    enabled: enabled ?? true,
    ...(description === undefined ? {} : { description }),
    ...noProgram(context),
    startTimeoutMillis: control.startup_timeout ?? DEFAULTS.startTimeoutMillis,
    stopTimeoutMillis: control.shutdown_timeout ?? DEFAULTS.stopTimeoutMillis,
    restart: restartOf({ policy }),
    ...logsOf({ ...context, unit: id, own: undefined, capture: logging, isModule: true }),
  };
};

/** What is said of a process that somebody else runs. */
const foundIn = (unit: Unit) => {
  if ("unmanaged" in unit.management) return unit.management.unmanaged;
  return unit.type === "unmanaged" ? (unit as Found).management : undefined;
};

const foundUnit = (context: Context, { enabled, id }: Unit, shape: Parameters<typeof unmanagedOf>[1]): UnitSpec => {
  const { description, ...rest } = unmanagedOf(id, shape);
  return {
    _tag: "Unit",
    id,
    kind: "unmanaged",
    enabled: enabled ?? true,
    ...(description === undefined ? {} : { description }),
    ...noProgram(context),
    startTimeoutMillis: DEFAULTS.startTimeoutMillis,
    restart: restartOf({ policy: undefined }),
    capture: { stdout: false, stderr: false },
    ...watchedOf(context.folder, shape),
    ...rest,
  };
};

/** A run of a schedule is not tried again unless a policy says so; one that a connection has started may end when it has nothing to do. */
const policyOf = ({ restart, starts }: Program): { readonly policy?: "never" | "on_failure" } => {
  if (restart.policy !== undefined || restart.context !== undefined) return {};
  if (starts.schedule !== undefined) return { policy: "never" };
  return starts.on_demand === undefined || starts.on_demand === false ? {} : { policy: "on_failure" };
};

const startedUnit = (context: Context, path: Path, unit: Started): UnitSpec => {
  const place = [...path, "management"];
  const { management } = unit;
  const program =
    "standard_managed" in management
      ? nested(context, [...place, "standard_managed"], management.standard_managed)
      : "integrated_managed" in management
        ? nested(context, [...place, "integrated_managed"], management.integrated_managed)
        : flat(context, place, management as FlatManagement);
  const { description, executable, folder, logging } = program;
  const integrated = kindOf(unit) === "integrated_managed";
  const probing = probesOf(context.folder, program.health, integrated, program.restart.context?.startup_grace_period);
  const startMillis = program.starts.start === "oneshot" ? DEFAULTS.oneshotMillis : DEFAULTS.startTimeoutMillis;
  return {
    _tag: "Unit",
    id: unit.id,
    kind: integrated ? "integrated" : "managed",
    enabled: unit.enabled ?? true,
    ...(description === undefined ? {} : { description }),
    executable: hasFolder(executable) ? NodePath.resolve(context.folder, executable) : executable,
    args: program.args,
    workingDirectory: NodePath.resolve(context.folder, folder ?? "."),
    environment: program.environment,
    ...program.secrets,
    startTimeoutMillis: program.start ?? Math.max(startMillis, startupMillis(probing.probes ?? {})),
    stopTimeoutMillis: program.stop ?? DEFAULTS.stopTimeoutMillis,
    restart: restartOf({ ...program.restart, ...policyOf(program), profile: unit.profile_type }),
    stopSignal: program.signals.stop_signal ?? "SIGTERM",
    ...(program.signals.reload_signal === undefined ? {} : { reloadSignal: program.signals.reload_signal }),
    ...logsOf({ ...context, unit: unit.id, own: program.collection, capture: logging }),
    ...startsOf(program.starts),
    ...listenOf(program.starts, unit.id, context.folder, (index, key, value) =>
      written(context, [...program.place, "listen", index, key], value),
    ),
    ...onCallOf(integrated ? program.starts.on_call : undefined),
    ...probing,
    ...program.limits,
  };
};

const kindOf = (unit: Started): Nested | "module" => unit.type ?? nestedOf(unit.management) ?? "standard_managed";

type Limit = Pick<Group, "intensity" | "period" | "strategy" | "when_exceeded" | "cooldown" | "stable">;

const limitOf = ({ cooldown, intensity, period, stable, when_exceeded: answer }: Limit): Pick<GroupSpec, "limit"> => {
  if (intensity === undefined) return {};
  const breaker = { cooldownMillis: cooldown ?? DEFAULTS.cooldownMillis, stableMillis: stable ?? DEFAULTS.stableMillis };
  return { limit: { intensity, periodMillis: period ?? DEFAULTS.periodMillis, ...(answer === "open_circuit" ? { breaker } : {}) } };
};

const waitsOf = ({ after, requires }: Pick<Unit, "after" | "requires">): Pick<UnitSpec, "after" | "requires"> => ({
  ...(after === undefined ? {} : { after }),
  ...(requires === undefined ? {} : { requires }),
});

/** What one of several that are alike has of the others. */
const instanceOf = (of: string, { listen }: UnitSpec, { max_unavailable: maxUnavailable }: Unit) => ({
  instanceOf: of,
  ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
  ...(listen === undefined ? {} : { listen: listen.map((socket) => ({ ...socket, shared: true as const })) }),
});

/** A unit's relative paths start at the folder of the file that it is in. */
const at = (context: Context, path: Path): Context => {
  const folder = context.folderAt?.(locate(context.root, path)!.start);
  return folder === undefined || folder === context.folder ? context : { ...context, folder };
};

const groupOf = (context: Context, path: Path, id: string, limit: Limit, entries: ReadonlyArray<Entry>): GroupSpec => ({
  _tag: "Group",
  id,
  strategy: limit.strategy ?? "one_for_one",
  ...limitOf(limit),
  children: entries.map((entry, index): UnitSpec | GroupSpec => {
    const here = [...path, index];
    const made =
      "children" in entry
        ? groupOf(context, [...here, "children"], entry.id, entry, entry.children)
        : unitOf(at(context, here), here, entry);
    const of = context.instances.get(entry.id);
    return { ...made, ...waitsOf(entry), ...(of === undefined || made._tag === "Group" ? {} : instanceOf(of, made, entry as Unit)) };
  }),
});

/** Where the Go client looks when nobody tells it. */
const usualRegistry = "/tmp/hsu-registry.sock";

const registryOf = (
  folder: string,
  { port, unix }: { readonly unix?: string; readonly port?: number },
): NonNullable<MasterSpec["registry"]> => ({
  ...(unix === undefined && port !== undefined ? {} : { unix: NodePath.resolve(folder, unix ?? usualRegistry) }),
  ...(port === undefined ? {} : { port }),
});

/** The tree of a file without errors. `folder` is absolute: relative paths of the file start there. */
export const compile = (
  config: ConfigFile,
  root: Located,
  file: string,
  folder: string,
  instances: ReadonlyMap<string, string> = new Map(),
  folderAt?: (offset: number) => string,
): MasterSpec => {
  const manager = config.process_manager ?? {};
  const identity = config.secrets?.identity_file;
  return {
    source: file,
    logLevel: manager.log_level ?? "info",
    ...(manager.watch === true ? { watch: true as const } : {}),
    ...(manager.port === undefined ? {} : { port: manager.port }),
    ...(manager.http === undefined ? {} : { http: httpOf(folder, manager.http) }),
    ...(manager.peers === undefined ? {} : { peers: peersOf(folder, manager.peers) }),
    ...(manager.rpc === undefined ? {} : { rpc: rpcOf(folder, manager.rpc, 50_057) }),
    ...(manager.grpc === undefined ? {} : { grpc: rpcOf(folder, manager.grpc, 50_055) }),
    ...(manager.registry === undefined ? {} : { registry: registryOf(folder, manager.registry) }),
    ...oversightOf(folder, manager),
    ...samplingOf(manager.resources),
    forceShutdownTimeoutMillis: manager.force_shutdown_timeout ?? DEFAULTS.forceShutdownTimeoutMillis,
    root: groupOf(
      {
        folder,
        folderAt,
        root,
        instances,
        identity: identity === undefined ? undefined : NodePath.resolve(folder, identity),
        collection: config.log_collection,
      },
      ["managed_processes"],
      "units",
      manager,
      config.managed_processes,
    ),
  };
};
