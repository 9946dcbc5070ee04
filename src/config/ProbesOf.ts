/**
 * From the blocks about probes to their spec. All defaults of probes are here.
 */
import * as NodePath from "node:path";
import type { CheckSpec, GrpcCheck, HttpCheck, ProbesSpec, ProbeSpec } from "../health/index.ts";
import { type HealthCheck, type Probe, type ProbeBlocks, type RunOptions, statusOf } from "./Probes.ts";

type Timing = Omit<ProbeSpec, "check">;

const rest = { initialDelayMillis: 0, successThreshold: 1, jitter: 0.1 };
export const PROBE_DEFAULTS = {
  startup: { ...rest, intervalMillis: 2_000, timeoutMillis: 1_000, failureThreshold: 30 },
  readiness: { ...rest, intervalMillis: 10_000, timeoutMillis: 1_000, failureThreshold: 3 },
  liveness: { ...rest, intervalMillis: 10_000, timeoutMillis: 1_000, failureThreshold: 3 },
  /** Of `health_check`, as upstream has them. */
  check: { ...rest, intervalMillis: 30_000, timeoutMillis: 5_000, failureThreshold: 3 },
} as const satisfies Record<string, Timing>;

/** A timeout that is not given is at most half of the interval. */
export const timeoutOf = (given: number | undefined, intervalMillis: number, defaultMillis: number): number =>
  given ?? Math.max(1, Math.min(defaultMillis, Math.floor(intervalMillis / 2)));

const timingOf = (given: RunOptions & { readonly jitter?: number }, defaults: Timing): Timing => {
  const intervalMillis = given.interval ?? defaults.intervalMillis;
  return {
    intervalMillis,
    timeoutMillis: timeoutOf(given.timeout, intervalMillis, defaults.timeoutMillis),
    initialDelayMillis: given.initial_delay ?? defaults.initialDelayMillis,
    // As Docker counts them: so many failures in a row.
    failureThreshold: given.failure_threshold ?? (given.retries === undefined ? defaults.failureThreshold : Math.max(1, given.retries)),
    successThreshold: given.success_threshold ?? defaults.successThreshold,
    jitter: given.jitter ?? defaults.jitter,
  };
};

/** Where it is from here to a unit that runs. */
const local = "127.0.0.1";

/** `host`, `host:port`, `[v6]:port` and `:port`; a port of its own wins. */
export const addressOf = (
  address: string | undefined,
  port: number | undefined,
): { readonly address: string; readonly port: number | null } => {
  const [, bracketed, host, behind] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(address ?? "") ?? [undefined, undefined, address];
  const named = bracketed ?? host ?? "";
  const told = behind === undefined || !(Number(behind) >= 1 && Number(behind) <= 65_535) ? null : Number(behind);
  return { address: named === "" ? local : named, port: port ?? told };
};

const texts = (headers: Readonly<Record<string, string | number | boolean>> | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

/** Relative paths start at the folder of the file, a bare name is looked up on PATH. */
const program = (folder: string, command: string): string => (command.includes("/") ? NodePath.resolve(folder, command) : command);

const execOf = (folder: string, given: { readonly command?: string; readonly args?: ReadonlyArray<string> }): CheckSpec => ({
  kind: "exec",
  command: program(folder, given.command ?? ""),
  args: given.args ?? [],
});

const httpOf = (folder: string, said: NonNullable<Probe["http"]>): HttpCheck => {
  const given = typeof said === "string" ? { url: said } : said;
  const path = given.path ?? "/";
  return {
    kind: "http",
    url: given.url ?? `http://${local}:${given.port}${path.startsWith("/") ? "" : "/"}${path}`,
    method: given.method ?? "GET",
    headers: texts(given.headers),
    status: statusOf(String(given.status ?? "2xx")) ?? [],
    ...(given.body === undefined ? {} : { body: given.body }),
    ...(given.insecure_skip_verify === undefined ? {} : { insecureSkipVerify: given.insecure_skip_verify }),
    ...(given.ca_file === undefined ? {} : { caFile: NodePath.resolve(folder, given.ca_file) }),
  };
};

const tcpOf = (given: { readonly address?: string; readonly port?: number }): CheckSpec => {
  const { address, port } = addressOf(given.address, given.port);
  return { kind: "tcp", address, port: port ?? 0 };
};

const tlsOf = (folder: string, given: NonNullable<Probe["grpc"]>["tls"]): Pick<GrpcCheck, "tls"> => {
  if (given === undefined || given === false) return {};
  if (given === true) return { tls: {} };
  const { ca_file: ca, cert_file: cert, insecure_skip_verify: skip, key_file: key, server_name: name } = given;
  return {
    tls: {
      ...(skip === undefined ? {} : { insecureSkipVerify: skip }),
      ...(ca === undefined ? {} : { caFile: NodePath.resolve(folder, ca) }),
      ...(name === undefined ? {} : { serverName: name }),
      ...(cert === undefined ? {} : { certFile: NodePath.resolve(folder, cert) }),
      ...(key === undefined ? {} : { keyFile: NodePath.resolve(folder, key) }),
    },
  };
};

const checkOf = (folder: string, { exec, grpc, http, tcp }: Probe): CheckSpec => {
  if (http !== undefined) return httpOf(folder, http);
  if (tcp !== undefined) return tcpOf(tcp);
  if (exec !== undefined) return execOf(folder, exec);
  if (grpc === undefined) return { kind: "process" };
  const { headers, service = "", watch = false } = grpc;
  return {
    kind: "grpc",
    ...addressOf(grpc.address, grpc.port),
    method: watch ? "watch" : "check",
    service,
    headers: texts(headers),
    ...tlsOf(folder, grpc.tls),
  };
};

const probeOf = (folder: string, given: Probe | undefined, defaults: Timing): ProbeSpec | undefined =>
  given === undefined || given.enabled === false ? undefined : { check: checkOf(folder, given), ...timingOf(given, defaults) };

/** Which check it is where `type` does not say. */
const typeOf = (check: HealthCheck): NonNullable<HealthCheck["type"]> => {
  if (check.type !== undefined) return check.type;
  if (check.http !== undefined || check.http_endpoint !== undefined) return "http";
  if (check.grpc !== undefined || check.grpc_service !== undefined || check.grpc_health_check === true) return "grpc";
  return check.tcp !== undefined ? "tcp" : check.exec !== undefined ? "exec" : "process";
};

/** What a method and a service of upstream's dialects ask; null: what nobody can ask. */
export const grpcMethodOf = (service: string | undefined, method: string | undefined): GrpcCheck["method"] | null => {
  const name = method?.split("/").at(-1)?.toLowerCase();
  if (name === "ping" || (name === undefined && service?.split(".").at(-1) === "CoreService")) return "ping";
  return name === undefined || name === "" || name === "check" ? "check" : name === "watch" ? "watch" : null;
};

/** The health service as a whole is asked by its own name as well. */
const serviceOf = (service: string | undefined): string => (service === undefined || service === "grpc.health.v1.Health" ? "" : service);

const healthCheckOf = (folder: string, check: HealthCheck): CheckSpec => {
  switch (typeOf(check)) {
    case "http":
      return httpOf(folder, typeof check.http === "string" ? check.http : { url: check.http_endpoint ?? "", ...check.http });
    case "grpc": {
      const { address, headers, method, service } = check.grpc ?? {};
      const asked = service ?? check.grpc_service;
      return {
        kind: "grpc",
        ...addressOf(address, undefined),
        method: grpcMethodOf(asked, method) ?? "check",
        service: serviceOf(asked),
        headers: texts(headers),
      };
    }
    case "tcp":
      return tcpOf(check.tcp ?? {});
    case "exec":
      return execOf(folder, check.exec ?? {});
    case "process":
      return { kind: "process" };
  }
};

/** What integrated units answer, gRPC's health or upstream's `Ping`, at the port that they were told. */
const ownPing: CheckSpec = { kind: "grpc", address: local, port: null, method: "own", service: "", headers: {} };

const both = (check: CheckSpec, timing: Timing): ProbesSpec => ({ liveness: { check, ...timing }, livenessIsReadiness: true });

const { check: checkDefaults } = PROBE_DEFAULTS;

const fromHealthCheck = (folder: string, given: ProbeBlocks, integrated: boolean): ProbesSpec => {
  const { health_check: check, health_check_run_options: shared } = given;
  const options = { ...shared, ...check, ...check?.run_options };
  if (options.enabled === false || check?.enabled === false) return {};
  if (check !== undefined) return both(healthCheckOf(folder, check), timingOf(options, checkDefaults));
  return shared === undefined || !integrated ? {} : both(ownPing, timingOf(options, checkDefaults));
};

/** The probes of a unit; none: an object without any. */
export const probesOf = (
  folder: string,
  given: ProbeBlocks,
  integrated: boolean,
  graceMillis?: number,
): { readonly probes?: ProbesSpec } => {
  const probes: { -readonly [K in keyof ProbesSpec]: ProbesSpec[K] } = { ...fromHealthCheck(folder, given, integrated) };
  for (const kind of ["startup", "readiness", "liveness"] as const) {
    const probe = probeOf(folder, given.probes?.[kind], PROBE_DEFAULTS[kind]);
    if (probe !== undefined) probes[kind] = probe;
  }
  if (probes.liveness !== undefined && graceMillis !== undefined) probes.liveness = { ...probes.liveness, graceMillis };
  return probes.startup === undefined && probes.readiness === undefined && probes.liveness === undefined ? {} : { probes };
};

/** Of a unit that somebody else runs: it is asked how it is, and not ended for the answer. */
export const watchedOf = (folder: string, given: ProbeBlocks): { readonly probes?: ProbesSpec } => {
  const { liveness } = fromHealthCheck(folder, given, false);
  return liveness === undefined ? {} : { probes: { readiness: liveness } };
};

/** Timers of Node hold no more. */
const longest = 24 * 86_400_000;

/** How long a start may take until its startup probe has failed: whole milliseconds, as many as a timer can be set to. */
export const startupMillis = ({ startup }: ProbesSpec): number => {
  if (startup === undefined) return 0;
  const { failureThreshold, initialDelayMillis, intervalMillis, jitter, timeoutMillis } = startup;
  return Math.min(longest, Math.round(initialDelayMillis + intervalMillis * (1 + failureThreshold * (1 + jitter)) + timeoutMillis));
};
