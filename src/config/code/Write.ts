/**
 * A tree as a config file in HSU's own dialect: what is read from it is the same tree. Pure.
 */
import type { CheckSpec, GrpcCheck, ProbesSpec, ProbeSpec } from "../../health/index.ts";
import type { LogFileSpec, LogsSpec } from "../../logs/LogsSpec.ts";
import { type GroupSpec, type MasterSpec, type Retries, type UnitSpec, unitsOf } from "../../unit/UnitSpec.ts";
import { formatDuration } from "../Duration.ts";
import { given, yamlOf } from "../Written.ts";
import { inOne } from "./Instances.ts";
import { oversightBlocks } from "./WriteOversight.ts";
import { filtersOf, identityOf, rotationOf, secretOf, targetOf } from "./WriteTargets.ts";

type Block = { readonly [key: string]: unknown };

const time = (millis: number | undefined): string | undefined => (millis === undefined ? undefined : formatDuration(millis));

const retriesOf = ({ delayMillis, maxAttempts, multiplier }: Partial<Retries>): Block =>
  given({ max_retries: maxAttempts, retry_delay: time(delayMillis), backoff_rate: multiplier });

/** Rates below 1 are words of `context_aware_restart`. */
const restartOf = ({ limits, probes, restart }: UnitSpec): { readonly policy: Block; readonly context: Block | undefined } => {
  const { breaker, contexts, factors, multiplier } = restart;
  const isSlower = multiplier >= 1;
  const grace = probes?.liveness?.graceMillis ?? (limits?.graceMillis === 0 ? undefined : limits?.graceMillis);
  return {
    policy: given({
      strategy: restart.when,
      // With a context there is a limit unless it says that there is none to be tried.
      max_attempts: restart.maxAttempts ?? (contexts === undefined ? undefined : 0),
      restart_delay: time(restart.delayMillis),
      backoff_multiplier: isSlower ? multiplier : undefined,
      max_delay: time(restart.maxDelayMillis),
      reset_after: time(restart.resetAfterMillis),
      jitter: restart.jitter,
      success_exit_codes: restart.successExits,
      circuit_breaker:
        breaker === undefined
          ? undefined
          : {
              failures: breaker.failures,
              window: time(breaker.windowMillis),
              cooldown: time(breaker.cooldownMillis),
              stable: time(breaker.stableMillis),
            },
    }),
    context:
      contexts === undefined
        ? undefined
        : given({
            default: isSlower ? undefined : { backoff_rate: multiplier },
            health_failures: retriesOf(contexts.health ?? {}),
            resource_violations: retriesOf(contexts.resources ?? {}),
            severity_multipliers:
              factors === undefined ? undefined : { warning: factors.warning, critical: factors.critical, emergency: factors.emergency },
            process_profile_multipliers: factors === undefined ? undefined : { default: factors.profile },
            startup_grace_period: time(grace),
            sustained_violation_time: limits === undefined ? undefined : time(limits.sustainedMillis),
            spike_tolerance_time: limits === undefined ? undefined : time(limits.spikeMillis),
          }),
  };
};

const limitsOf = ({ limits }: UnitSpec): Block | undefined => {
  if (limits === undefined) return undefined;
  const { cpuShares, ioWeight, limits: all, monitoring, priority } = limits;
  const block = (name: string, more: Block = {}): Block | undefined => {
    const own = all.filter((limit) => limit.name.startsWith(`${name}.`));
    const policies = new Set(own.map(({ policy }) => policy));
    const fields = own.map(
      (limit) => [limit.name.slice(name.length + 1), limit.name === "cpu.max_time" ? time(limit.bound) : limit.bound] as const,
    );
    const found = given({
      ...more,
      ...Object.fromEntries(fields),
      warning_threshold: own[0]?.warningPercent,
      // Several are what they are where nothing is said.
      policy: policies.size === 1 ? own[0]?.policy : undefined,
    });
    return Object.keys(found).length === 0 ? undefined : found;
  };
  return given({
    priority,
    cpu_shares: cpuShares,
    memory: block("memory"),
    cpu: block("cpu"),
    io: block("io", { weight: ioWeight }),
    process: block("process"),
    monitoring:
      monitoring === undefined
        ? undefined
        : given({
            enabled: monitoring.enabled,
            interval: time(monitoring.intervalMillis),
            history_retention: time(monitoring.retentionMillis),
          }),
  });
};

const fileOf = ({ format, prefix, rotation }: LogFileSpec): Block => given({ format, prefix, rotation: rotationOf(rotation) });

const logsOf = ({ logs }: UnitSpec): Block | undefined => {
  if (logs === undefined) return undefined;
  const { backlog, filters, parse, stderr, stdout, targets = [] } = logs;
  const common = stdout.path === undefined ? stdout : stderr.path === undefined ? stderr : undefined;
  /** The log of an output itself comes first, then what only this output goes to. */
  const places = (stream: "stdout" | "stderr", file: LogFileSpec): ReadonlyArray<Block> | undefined => {
    const own = file.path === undefined ? [] : [{ type: "file", path: file.path, ...fileOf(file) }];
    const found = [...own, ...targets.filter(({ streams }) => streams.length === 1 && streams[0] === stream).map(targetOf)];
    return found.length === 0 ? undefined : found;
  };
  const forwarding = targets.filter(({ streams }) => streams.length > 1).map(targetOf);
  const separate = given({ stdout: places("stdout", stdout), stderr: places("stderr", stderr) });
  const outputs = given({
    separate: Object.keys(separate).length === 0 ? undefined : separate,
    forwarding: forwarding.length === 0 ? undefined : forwarding,
  });
  return given({
    ...(common === undefined ? {} : fileOf(common)),
    backlog: { max_size: backlog.maxBytes, when_full: backlog.whenFull },
    processing: given({ parse_structured: parse, filters: filtersOf(filters) }),
    outputs: Object.keys(outputs).length === 0 ? undefined : outputs,
  });
};

const timingOf = (probe: ProbeSpec): Block => ({
  interval: time(probe.intervalMillis),
  timeout: time(probe.timeoutMillis),
  initial_delay: time(probe.initialDelayMillis),
  failure_threshold: probe.failureThreshold,
  success_threshold: probe.successThreshold,
});

const grpcOf = ({ address, headers, method, port, service, tls }: GrpcCheck): Block =>
  given({
    address,
    port: port ?? undefined,
    service,
    watch: method === "watch",
    headers,
    tls:
      tls === undefined
        ? undefined
        : Object.keys(tls).length === 0
          ? true
          : given({
              insecure_skip_verify: tls.insecureSkipVerify,
              ca_file: tls.caFile,
              server_name: tls.serverName,
              cert_file: tls.certFile,
              key_file: tls.keyFile,
            }),
  });

const checkOf = (check: CheckSpec): Block => {
  switch (check.kind) {
    case "http":
      return {
        http: given({
          url: check.url,
          method: check.method,
          headers: check.headers,
          status: check.status.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(","),
          body: check.body,
          insecure_skip_verify: check.insecureSkipVerify,
          ca_file: check.caFile,
        }),
      };
    case "tcp":
      return { tcp: { address: check.address, port: check.port } };
    case "grpc":
      return { grpc: grpcOf(check) };
    case "exec":
      return { exec: { command: check.command, args: check.args } };
    case "process":
      return { process: {} };
  }
};

/** What asks for readiness as well, in the words of the other dialects. Null: an integrated unit is asked for what it has. */
const healthCheckOf = (check: CheckSpec): Block | null => {
  switch (check.kind) {
    case "http":
      return { type: "http", http: { url: check.url, method: check.method, headers: check.headers } };
    case "grpc": {
      if (check.method === "own") return null;
      const host = check.address.includes(":") ? `[${check.address}]` : check.address;
      const address = check.port === null ? host : `${host}:${check.port}`;
      return { type: "grpc", grpc: { address, method: check.method, service: check.service, headers: check.headers } };
    }
    case "tcp":
    case "exec":
    case "process":
      return { type: check.kind, ...(check.kind === "process" ? {} : checkOf(check)) };
  }
};

const probesOf = ({ liveness, livenessIsReadiness, readiness, startup }: ProbesSpec): Block => {
  const probe = (of: ProbeSpec | undefined): Block | undefined =>
    of === undefined ? undefined : { ...checkOf(of.check), ...timingOf(of), jitter: of.jitter };
  const isBoth = livenessIsReadiness === true && liveness !== undefined;
  const probes = given({ startup: probe(startup), readiness: probe(readiness), liveness: isBoth ? undefined : probe(liveness) });
  const check = isBoth ? healthCheckOf(liveness.check) : undefined;
  return given({
    probes: Object.keys(probes).length === 0 ? undefined : probes,
    health_check: check === undefined || check === null ? undefined : { ...check, run_options: timingOf(liveness!) },
    health_check_run_options: check === null ? timingOf(liveness!) : undefined,
  });
};

const secretsOf = ({ secrets }: UnitSpec): Block =>
  Object.fromEntries(Object.entries(secrets ?? {}).map(([name, each]) => [name, secretOf(each)]));

const controlOf = (unit: UnitSpec): Block => {
  const { listen, onCall, onDemand, proxy, schedule } = unit;
  return given({
    executable: unit.executable,
    arguments: unit.args,
    working_directory: unit.workingDirectory,
    environment: { ...unit.environment, ...secretsOf(unit) },
    startup_timeout: time(unit.startTimeoutMillis),
    shutdown_timeout: time(unit.stopTimeoutMillis),
    stop_signal: unit.stopSignal,
    reload_signal: unit.reloadSignal,
    start: unit.start,
    schedule:
      schedule === undefined
        ? undefined
        : given({
            ...("everyMillis" in schedule.at ? { every: time(schedule.at.everyMillis) } : schedule.at),
            jitter: time(schedule.jitterMillis),
            overlap: schedule.overlap,
            catch_up: schedule.catchUp,
          }),
    run_timeout: time(unit.runTimeoutMillis),
    watchdog: time(unit.watchdogMillis),
    stdin: unit.stdin,
    listen: listen?.map(({ address, backlog, name }) => ({
      ...(address._tag === "Unix"
        ? { unix: address.path, mode: address.mode.toString(8).padStart(4, "0") }
        : {
            tcp:
              address.host === "::" ? address.port : `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`,
          }),
      name,
      backlog,
    })),
    proxy: proxy === undefined ? undefined : (proxy.port ?? true),
    on_demand: onDemand === undefined ? undefined : { idle_timeout: time(onDemand.idleMillis ?? 0) },
    on_call: onCall === undefined ? undefined : { idle_timeout: time(onCall.idleMillis ?? 0) },
  });
};

const unmanagedOf = (
  unit: UnitSpec,
  { allowedSignals, canRestart, canTerminate, checkIntervalMillis, discovery, restartService }: NonNullable<UnitSpec["unmanaged"]>,
): Block => {
  const probe = unit.probes?.readiness;
  return given({
    discovery: given({
      method: discovery.method,
      process_name: discovery.name,
      process_args: discovery.args,
      pid_file: discovery.pidFile,
      port: discovery.port,
      protocol: discovery.protocol,
      service_name: discovery.service,
      check_interval: time(checkIntervalMillis),
    }),
    control: given({
      can_terminate: canTerminate,
      can_restart: canRestart,
      service_manager: restartService === undefined ? undefined : "systemd",
      service_name: restartService,
      allowed_signals: allowedSignals,
      graceful_timeout: time(unit.stopTimeoutMillis),
    }),
    health_check: probe === undefined ? undefined : { ...healthCheckOf(probe.check), run_options: timingOf(probe) },
  });
};

const managementOf = (unit: UnitSpec): Block => {
  const { capture, description, module, unmanaged } = unit;
  const metadata = description === undefined ? undefined : { description };
  if (unmanaged !== undefined) return given({ metadata, ...unmanagedOf(unit, unmanaged) });
  const { context, policy } = restartOf(unit);
  const logging = { capture_stdout: capture.stdout, capture_stderr: capture.stderr };
  if (module !== undefined) {
    const control = given({
      module: module.path,
      export: module.export,
      config: module.config,
      worker: module.worker,
      startup_timeout: time(unit.startTimeoutMillis),
      shutdown_timeout: time(unit.stopTimeoutMillis),
    });
    return given({ metadata, control, restart_policy: policy, logging });
  }
  return given({
    metadata,
    control: controlOf(unit),
    restart_policy: policy,
    context_aware_restart: context,
    limits: limitsOf(unit),
    ...(unit.probes === undefined ? {} : probesOf(unit.probes)),
    logging,
    log_collection: logsOf(unit),
  });
};

const TYPES = { managed: "standard_managed", integrated: "integrated_managed", unmanaged: "unmanaged", module: "module" } as const;

const limitOf = ({ limit, strategy }: GroupSpec): Block =>
  given({
    strategy,
    intensity: limit?.intensity,
    period: time(limit?.periodMillis),
    when_exceeded: limit?.breaker === undefined ? undefined : "open_circuit",
    cooldown: time(limit?.breaker?.cooldownMillis),
    stable: time(limit?.breaker?.stableMillis),
  });

const entryOf = (entry: UnitSpec | GroupSpec): Block => {
  const { after, id, requires } = entry;
  if (entry._tag === "Group") return given({ id, ...limitOf(entry), after, requires, children: entriesOf(entry.children) });
  return given({ id, type: TYPES[entry.kind], enabled: entry.enabled, after, requires, management: managementOf(entry) });
};

/** Instances of one unit are one with a count, where they differ by their numbers alone. */
const entriesOf = (children: ReadonlyArray<UnitSpec | GroupSpec>): ReadonlyArray<Block> => {
  const runs: Array<Array<UnitSpec | GroupSpec>> = [];
  for (const child of children) {
    const last = runs.at(-1)?.at(-1);
    const of = child._tag === "Unit" ? child.instanceOf : undefined;
    if (of !== undefined && last?._tag === "Unit" && last.instanceOf === of) runs.at(-1)!.push(child);
    else runs.push([child]);
  }
  return runs.flatMap((run) => {
    const [first] = run;
    const blocks = run.map(entryOf);
    if (first?._tag !== "Unit" || first.instanceOf === undefined) return blocks;
    const one = inOne(blocks) as Block | undefined;
    if (one === undefined) return blocks;
    const { id, ...rest } = one;
    // Of one alone nobody knows what is its number.
    const name = run.length === 1 || id === `${first.instanceOf}-{index}` ? first.instanceOf : id;
    return [given({ id: name, count: run.length, max_unavailable: first.maxUnavailable, ...rest })];
  });
};

/** What is said for all units at once. */
const collectionOf = (logs: ReadonlyArray<LogsSpec>): Block | undefined => {
  const metadata = given({
    add_sequence: logs.some(({ withSequence }) => withSequence) ? true : undefined,
    add_hostname: logs.some(({ withHostname }) => withHostname) ? true : undefined,
  });
  return Object.keys(metadata).length === 0 ? undefined : { enhancement: { metadata } };
};

/**
 * A tree as the text of a config file: what is read from it is the same tree. Paths are absolute.
 *
 * @example
 * ```ts run
 * import { define, toYaml } from "hsu/master"
 *
 * const { master, unit } = define(import.meta.filename)
 * const spec = master({ children: [unit({ id: "sleeper", executable: "sleep", args: ["60"] })] })
 *
 * toYaml(spec).includes("executable: sleep") // => true
 * ```
 * @since 0.1.0
 */
export const toYaml = (spec: MasterSpec): string => {
  const { http, peers, registry, rpc, sampling } = spec;
  const identity = unitsOf(spec.root)
    .map(({ ageIdentity, logs }) => ageIdentity ?? identityOf(logs?.targets))
    .find((each) => each !== undefined);
  return yamlOf(
    given({
      process_manager: given({
        port: spec.port,
        http:
          http === undefined
            ? undefined
            : given({
                address: http.address,
                port: http.port,
                tls:
                  http.tls === undefined
                    ? undefined
                    : given({ certificate: http.tls.certificate, key: http.tls.key, client_ca: http.tls.clientCa }),
              }),
        rpc:
          rpc === undefined
            ? undefined
            : given({
                listen: `${rpc.address.includes(":") ? `[${rpc.address}]` : rpc.address}:${rpc.port}`,
                tls: rpc.tls,
                clients: rpc.clients.length === 0 ? undefined : rpc.clients,
              }),
        peers: peers?.map(({ heartbeatMillis, tokenFile, ...peer }) =>
          given({ ...peer, token_file: tokenFile, heartbeat: time(heartbeatMillis) }),
        ),
        ...oversightBlocks(spec),
        watch: spec.watch,
        registry,
        resources:
          sampling === undefined
            ? undefined
            : given({
                interval: time(sampling.intervalMillis),
                history_retention: time(sampling.retentionMillis),
                overcommit_threshold: spec.overcommitPercent,
                controllers: spec.controllers,
              }),
        log_level: spec.logLevel,
        force_shutdown_timeout: time(spec.forceShutdownTimeoutMillis),
        ...limitOf(spec.root),
      }),
      managed_processes: entriesOf(spec.root.children),
      log_collection: collectionOf(unitsOf(spec.root).flatMap(({ logs }) => logs ?? [])),
      secrets: identity === undefined ? undefined : { identity_file: identity },
    }),
  );
};
