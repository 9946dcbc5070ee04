/**
 * The shape of a config file: the seed dialect, the nested dialect of the Go and Rust builds, and trees of groups. Values that are in effect
 * are typed here; the blocks that are not are in Blocks.ts.
 */
import * as Schema from "effect/Schema";
import { HttpBlock } from "./HttpOf.ts";
import { AuditBlock, LimitsBlock, TelemetryBlock } from "./OversightOf.ts";
import { PeersBlock, RpcBlock } from "./RpcOf.ts";
import { Limits, ManagerResources, ProcessFile, ResourceLimits } from "./Blocks.ts";
import { LogCollection, Logging, UnitLogCollection } from "./LogBlocks.ts";
import { isGroup, nestedOf } from "./Dialect.ts";
import { probeKeys } from "./Probes.ts";
import { RestartContext, RestartPolicy, SignalName } from "./RestartSchema.ts";
import { listenKeys } from "./ListenOf.ts";
import { onCallKeys } from "./OnCallOf.ts";
import { startKeys } from "./Starts.ts";
import { ModuleControl } from "./ModuleOf.ts";
import { FlatUnmanaged, NestedUnmanaged } from "./UnmanagedOf.ts";
import {
  AnyMap,
  Arguments,
  block,
  Count,
  Instances,
  dispatch,
  Environment,
  Flag,
  Id,
  isRecord,
  Name,
  OneOf,
  Port,
  Positive,
  Text,
  Timeout,
} from "./Values.ts";

const optional = Schema.optionalKey;

const Metadata = block({ name: Text, description: Text, version: Text, tags: Schema.Array(Text) });

const FlatControl = Schema.Struct({
  executable: Name,
  arguments: optional(Arguments),
  working_directory: optional(Name),
  environment: optional(Environment),
  env_file: optional(Schema.Union([Text, Schema.Array(Text)])),
  startup_timeout: optional(Timeout),
  shutdown_timeout: optional(Timeout),
  stop_signal: optional(SignalName),
  reload_signal: optional(SignalName),
  ...startKeys,
  ...onCallKeys,
  ...listenKeys,
});

/** What upstream's builds can say of a unit, and HSU's own dialect as well. */
const upstreamKeys = {
  context_aware_restart: optional(RestartContext),
  limits: optional(Limits),
  process_file: optional(ProcessFile),
  log_collection: optional(UnitLogCollection),
};

const FlatManagement = Schema.Struct({
  control: FlatControl,
  ...probeKeys,
  ...upstreamKeys,
  resource_limits: optional(ResourceLimits),
  restart_policy: optional(RestartPolicy),
  logging: optional(Logging),
  metadata: optional(Metadata),
});

const NestedControl = Schema.Struct({
  execution: Schema.Struct({
    executable_path: Name,
    args: optional(Arguments),
    working_directory: optional(Name),
    environment: optional(Environment),
    wait_delay: optional(Timeout),
  }),
  restart_policy: optional(RestartPolicy),
  graceful_timeout: optional(Timeout),
  stop_signal: optional(SignalName),
  reload_signal: optional(SignalName),
  ...upstreamKeys,
  ...startKeys,
  ...onCallKeys,
  ...listenKeys,
});

const Managed = Schema.Struct({
  metadata: optional(Metadata),
  control: NestedControl,
  ...probeKeys,
});

const NestedManagement = {
  standard_managed: Schema.Struct({ standard_managed: Managed }),
  integrated_managed: Schema.Struct({ integrated_managed: Managed }),
  unmanaged: Schema.Struct({ unmanaged: NestedUnmanaged }),
};

export type FlatManagement = typeof FlatManagement.Type;
export type Managed = typeof Managed.Type;
/** The shapes that are run. */
export type Management =
  | FlatManagement
  | { readonly standard_managed: Managed }
  | { readonly integrated_managed: Managed }
  | { readonly unmanaged: typeof NestedUnmanaged.Type };

const Management = dispatch<Management>((value) => {
  const kind = nestedOf(value);
  return kind === undefined ? FlatManagement : NestedManagement[kind];
});

const waits = { after: optional(Schema.Array(Id)), requires: optional(Schema.Array(Id)) };

const named = {
  id: Id,
  ...waits,
  type: optional(OneOf("standard_managed", "integrated_managed", "unmanaged", "module")),
  enabled: optional(Flag),
  profile_type: optional(Text),
  /** These are written out before anything is decoded. */
  count: optional(Instances),
  max_unavailable: optional(Positive),
  extends: optional(Text),
};
const Started = Schema.Struct({ ...named, management: Management });
const Found = Schema.Struct({ ...named, type: Schema.Literal("unmanaged"), management: FlatUnmanaged });
export type Found = typeof Found.Type;
const ModuleUnit = Schema.Struct({
  ...named,
  type: Schema.Literal("module"),
  management: Schema.Struct({
    control: ModuleControl,
    restart_policy: optional(RestartPolicy),
    logging: optional(Logging),
    metadata: optional(Metadata),
  }),
});
export type ModuleUnit = typeof ModuleUnit.Type;
export type Unit = typeof Started.Type | Found | ModuleUnit;

const Unit = dispatch<Unit>((value) => {
  if (!isRecord(value) || nestedOf(value["management"]) !== undefined) return Started;
  return value["type"] === "unmanaged" ? Found : value["type"] === "module" ? ModuleUnit : Started;
});

const limit = {
  strategy: OneOf("one_for_one", "one_for_all", "rest_for_one"),
  intensity: Count,
  period: Timeout,
  /** The answer to more restarts than that. */
  when_exceeded: OneOf("escalate", "open_circuit"),
  cooldown: Timeout,
  stable: Timeout,
};

export interface Group {
  readonly id: string;
  readonly strategy?: "one_for_one" | "one_for_all" | "rest_for_one";
  readonly intensity?: number;
  readonly period?: number;
  readonly when_exceeded?: "escalate" | "open_circuit";
  readonly cooldown?: number;
  readonly stable?: number;
  readonly after?: ReadonlyArray<string>;
  readonly requires?: ReadonlyArray<string>;
  readonly children: ReadonlyArray<Entry>;
}

export type Entry = Unit | Group;

const Entry: Schema.Codec<Entry, unknown> = dispatch<Entry>((value) => (isGroup(value) ? Group : Unit));

const Group = Schema.Struct({
  id: Id,
  ...waits,
  ...block(limit).fields,
  children: Schema.Array(Entry).check(Schema.isMinLength(1, { code: "HSU-CFG-013", expected: "at least one unit or group" })),
});

export const ConfigFile = Schema.Struct({
  process_manager: optional(
    block({
      port: Port,
      registry: block({ unix: Name, port: Port }),
      http: HttpBlock,
      rpc: RpcBlock,
      grpc: RpcBlock,
      peers: PeersBlock,
      audit: AuditBlock,
      limits: LimitsBlock,
      telemetry: TelemetryBlock,
      resources: ManagerResources,
      watch: Flag,
      log_level: OneOf("debug", "info", "warn", "error"),
      force_shutdown_timeout: Timeout,
      ...limit,
    }),
  ),
  managed_processes: Schema.Array(Entry),
  log_collection: optional(LogCollection),
  include: optional(Schema.Union([Text, Schema.Array(Text)])),
  secrets: optional(block({ identity_file: Name })),
  defaults: optional(AnyMap),
  templates: optional(AnyMap),
});
export type ConfigFile = typeof ConfigFile.Type;
