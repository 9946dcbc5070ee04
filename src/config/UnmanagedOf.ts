/**
 * Unmanaged units in a config file: their shapes in the flat and in the nested dialects, what is wrong with them as a whole, and the spec.
 */
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as SchemaIssue from "effect/SchemaIssue";
import * as Signal from "../platform/Signal.ts";
import type { Unmanaged } from "../unit/Unmanaged.ts";
import { ResourceLimits } from "./Blocks.ts";
import { HealthCheck, RunOptions } from "./Probes.ts";
import { meantSignal } from "./RestartSchema.ts";
import { type Located, type Problem } from "./Source.ts";
import { AnyMap, Arguments, block, Environment, Flag, Name, OneOf, Port, Text, Timeout, told } from "./Values.ts";

const AbsolutePath = Name.check(
  Schema.makeFilter((path: string) => path.startsWith("/"), { code: "HSU-CFG-014", expected: "an absolute path: one that begins with /" }),
);

/** A shorter one would be a poll. */
const shortestCheckMillis = 100;
const CheckInterval = Timeout.check(
  Schema.makeFilter((millis: number) => millis >= shortestCheckMillis, { code: "HSU-CFG-014", expected: "a duration of 100ms or more" }),
);

const aSignal = told("HSU-CFG-014", "a signal: TERM, SIGTERM or 15");
const SignalName = Schema.Union([Schema.String, Schema.Finite])
  .annotate({ expected: aSignal.expected })
  .check(
    Schema.makeFilter((signal: string | number, _ast, options) => {
      if (Option.isSome(Signal.parse(signal))) return undefined;
      const near = typeof signal === "string" ? meantSignal(signal) : undefined;
      return new SchemaIssue.InvalidValue({ message: "", ...aSignal, ...(near === undefined ? {} : { nearest: near }) }, signal, options);
    }, aSignal),
  );

const Discovery = block({
  method: OneOf("process-name", "port", "pid-file", "service-name"),
  process_name: Name,
  process_args: Schema.Array(Text),
  port: Port,
  protocol: OneOf("tcp", "udp"),
  pid_file: AbsolutePath,
  service_name: Name,
  check_interval: CheckInterval,
});

const control = {
  can_terminate: Flag,
  can_restart: Flag,
  service_manager: OneOf("systemd", "windows", "launchd"),
  service_name: Name,
  allowed_signals: Schema.Array(SignalName),
  graceful_timeout: Timeout,
};

/** Of who starts it: nobody here does. */
const idleControl = {
  executable: Text,
  arguments: Arguments,
  working_directory: Text,
  environment: Environment,
  startup_timeout: Timeout,
};
const idleManagement = { resource_limits: ResourceLimits, restart_policy: Schema.Unknown, logging: AnyMap };

const Metadata = block({ name: Text, description: Text, version: Text, tags: Schema.Array(Text) });

export const NestedUnmanaged = block({ metadata: Metadata, discovery: Discovery, control: block(control), health_check: HealthCheck });

export const FlatUnmanaged = block({
  metadata: Metadata,
  discovery: Discovery,
  control: block({ ...control, ...idleControl, shutdown_timeout: Timeout }),
  health_check: HealthCheck,
  health_check_run_options: RunOptions,
  ...idleManagement,
});

type Shape = typeof NestedUnmanaged.Type | typeof FlatUnmanaged.Type;

/** What each method looks by. The first that is there is meant where the method is not said: a name beside another one makes it more exact. */
const KEY_OF = { "pid-file": "pid_file", port: "port", "service-name": "service_name", "process-name": "process_name" } as const;
type Method = keyof typeof KEY_OF;
const METHODS = Object.keys(KEY_OF) as ReadonlyArray<Method>;

const DEFAULTS = { checkIntervalMillis: 30_000, stopTimeoutMillis: 30_000 } as const;

/** Where the seeds expect the PID file of a unit that says nothing of it. */
const usualPidFile = (id: string): string => `/run/hsu-process-manager/${id}.pid`;

const given = <A extends object>(fields: A): { readonly [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** The part of a spec that is about a process of somebody else. */
export const unmanagedOf = (id: string, { control: allowed = {}, discovery = {}, metadata }: Shape) => {
  const method = discovery.method ?? METHODS.find((each) => discovery[KEY_OF[each]] !== undefined);
  const service = allowed.service_name ?? discovery.service_name;
  const unmanaged: Unmanaged = {
    discovery: {
      method: method ?? "pid-file",
      ...given({
        name: discovery.process_name,
        args: discovery.process_args,
        pidFile: method === undefined ? usualPidFile(id) : discovery.pid_file,
        port: discovery.port,
        protocol: discovery.protocol,
        service: discovery.service_name,
      }),
    },
    checkIntervalMillis: discovery.check_interval ?? DEFAULTS.checkIntervalMillis,
    canTerminate: allowed.can_terminate ?? false,
    canRestart: allowed.can_restart ?? false,
    ...(allowed.service_manager === "systemd" && service !== undefined ? { restartService: service } : {}),
    allowedSignals: (allowed.allowed_signals ?? []).flatMap((signal) => Option.toArray(Signal.parse(signal))),
  };
  const stop = allowed.graceful_timeout ?? ("shutdown_timeout" in allowed ? allowed.shutdown_timeout : undefined);
  return {
    unmanaged,
    stopTimeoutMillis: stop ?? DEFAULTS.stopTimeoutMillis,
    description: metadata?.description ?? metadata?.name,
  };
};

/** What is wrong, or of no effect, in the block of an unmanaged unit as a whole. `unit` is its name in messages. */
export const unmanagedProblems = (unit: string, management: Located | undefined): ReadonlyArray<Problem> => {
  const shape = management?.entries.get("unmanaged")?.node ?? management;
  const problems: Array<Problem> = [];
  const idle = (names: ReadonlyArray<string>, inside: Located | undefined): void => {
    for (const name of names) {
      const entry = inside?.entries.get(name);
      if (entry === undefined) continue;
      const message = `${unit}: ${JSON.stringify(name)} is accepted and not in effect: somebody else starts an unmanaged unit`;
      problems.push({ code: "HSU-CFG-101", start: entry.start, end: entry.end, message });
    }
  };
  const allowed = shape?.entries.get("control")?.node;
  idle(Object.keys(idleControl), allowed);
  idle(Object.keys(idleManagement), shape);

  const discovery = shape?.entries.get("discovery");
  const method = discovery?.node.entries.get("method");
  const key = METHODS.find((each) => each === method?.node.value);
  if (discovery?.node.kind === "map" && key === undefined && method === undefined) {
    const found = METHODS.some((each) => discovery.node.entries.has(KEY_OF[each]));
    const message = '"discovery" does not say by what the process is found';
    const expected = `one of ${METHODS.map((each) => KEY_OF[each]).join(", ")}`;
    if (!found) problems.push({ code: "HSU-CFG-006", start: discovery.start, end: discovery.end, message, expected, absent: true });
  }
  if (method !== undefined && key !== undefined && discovery?.node.entries.has(KEY_OF[key]) === false) {
    const message = `"discovery" by ${JSON.stringify(key)} lacks the key ${JSON.stringify(KEY_OF[key])}`;
    problems.push({ code: "HSU-CFG-006", start: method.node.start, end: method.node.end, message, absent: true });
  }

  const restart = allowed?.entries.get("can_restart");
  if (restart?.node.value === true) {
    const service = allowed?.entries.has("service_name") === true || discovery?.node.entries.has("service_name") === true;
    if (allowed?.entries.get("service_manager")?.node.value !== "systemd" || !service) {
      const message = `${unit}: "can_restart" is not in effect without "service_manager: systemd" and a "service_name"`;
      problems.push({ code: "HSU-CFG-101", start: restart.start, end: restart.end, message });
    }
  }
  return problems;
};
