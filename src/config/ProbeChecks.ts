/**
 * What is wrong with the probes of a unit that no schema of a single value sees: what is missing, what contradicts, times that cannot hold.
 */
import { parseDuration, formatDuration } from "./Duration.ts";
import { addressOf, grpcMethodOf, PROBE_DEFAULTS, timeoutOf } from "./ProbesOf.ts";
import { locate, type Located, type Problem } from "./Source.ts";

const ASKS = ["http", "tcp", "grpc", "exec", "process"] as const;

const at = (node: Located | undefined, ...path: ReadonlyArray<string>): Located | undefined =>
  node === undefined ? undefined : locate(node, path);
const textAt = (node: Located | undefined, ...path: ReadonlyArray<string>): string | undefined => {
  const found = at(node, ...path);
  return found?.kind === "string" ? String(found.value) : undefined;
};
const isOff = (node: Located | undefined): boolean => at(node, "enabled")?.value === false;

const problem = (
  place: { readonly start: number; readonly end: number },
  message: string,
  more: { expected?: string; hint?: string } = {},
): Problem => ({
  code: "HSU-CFG-018",
  start: place.start,
  end: place.end,
  message,
  ...more,
});

/** The key, or the value where it stands in no map of ours. */
const keyOf = (node: Located, key: string): { readonly start: number; readonly end: number } => node.entries.get(key) ?? node;

/** Milliseconds; what is no duration has been told already. */
const millis = (node: Located | undefined): number | undefined => {
  if (node?.kind !== "string" && node?.kind !== "number") return undefined;
  const parsed = parseDuration(String(node.value));
  return typeof parsed === "number" ? parsed : undefined;
};

interface Defaults {
  readonly intervalMillis: number;
  readonly timeoutMillis: number;
}

/** Of several blocks that give the same times, the first that does. */
const times = (blocks: ReadonlyArray<Located | undefined>, defaults: Defaults): ReadonlyArray<Problem> => {
  const first = (key: string): Located | undefined => blocks.map((block) => at(block, key)).find((found) => found !== undefined);
  const [interval, timeout] = [first("interval"), first("timeout")];
  const every = millis(interval) ?? (interval === undefined ? defaults.intervalMillis : undefined);
  if (every === undefined) return [];
  if (interval !== undefined && every === 0)
    return [problem(interval, "a probe without an interval would never rest", { expected: "an interval above 0" })];
  const given = millis(timeout);
  if (timeout !== undefined && given === undefined) return [];
  const lasts = timeoutOf(given, every, defaults.timeoutMillis);
  if (timeout !== undefined && lasts === 0)
    return [problem(timeout, "nothing answers within a timeout of 0", { expected: "a timeout above 0" })];
  if (timeout === undefined || lasts < every) return [];
  const said = interval === undefined ? `, which is ${formatDuration(every)} where it is not given` : ` of ${formatDuration(every)}`;
  return [
    problem(timeout, `a timeout of ${formatDuration(lasts)} is not shorter than the interval${said}`, {
      expected: "a timeout below the interval",
    }),
  ];
};

const noPort = (place: { readonly start: number; readonly end: number }, what: string): Problem =>
  problem(place, `${what} lacks a port`, { expected: "port, or an address with one: 127.0.0.1:8080" });

const lacksPort = (node: Located): boolean => {
  const port = at(node, "port");
  return addressOf(textAt(node, "address"), typeof port?.value === "number" ? port.value : undefined).port === null;
};

/** One of `probes`. */
const probe = (parent: Located, kind: "startup" | "readiness" | "liveness", integrated: boolean): ReadonlyArray<Problem> => {
  const node = at(parent, kind);
  if (node?.kind !== "map" || isOff(node)) return [];
  const here = keyOf(parent, kind);
  const asks = ASKS.filter((ask) => node.entries.has(ask));
  const found = [...times([node], PROBE_DEFAULTS[kind])];
  if (asks.length === 0) found.push(problem(here, `the ${kind} probe asks nothing`, { expected: `one of ${ASKS.join(", ")}` }));
  if (asks.length > 1)
    found.push(problem(keyOf(node, asks[1]!), `the ${kind} probe asks two things: ${asks.join(", ")}`, { expected: "one of them" }));
  const http = at(node, "http");
  if (http?.kind === "map") {
    const [byUrl, byPort] = [http.entries.has("url"), http.entries.has("port")];
    if (!byUrl && !byPort)
      found.push(problem(keyOf(node, "http"), "an http probe lacks its address", { expected: "url, or port and path" }));
    if (byUrl && (byPort || http.entries.has("path"))) {
      found.push(problem(keyOf(http, byPort ? "port" : "path"), "url says it already", { expected: "url, or port and path" }));
    }
  }
  const tcp = at(node, "tcp");
  if (tcp?.kind === "map" && lacksPort(tcp)) found.push(noPort(keyOf(node, "tcp"), "a tcp probe"));
  const grpc = at(node, "grpc");
  if (grpc?.kind === "map" && !integrated && lacksPort(grpc)) found.push(noPort(keyOf(node, "grpc"), "a grpc probe"));
  const tls = at(grpc, "tls");
  for (const [one, other] of [
    ["cert_file", "key_file"],
    ["key_file", "cert_file"],
  ] as const) {
    if (tls?.entries.has(one) === true && !tls.entries.has(other))
      found.push(problem(keyOf(tls, one), `${one} is of no use without ${other}`, { expected: "both, or none" }));
  }
  const exec = at(node, "exec");
  if (exec?.kind === "map" && !exec.entries.has("command"))
    found.push(problem(keyOf(node, "exec"), "an exec probe lacks its command", { expected: "command" }));
  return found;
};

/** `health_check` of the other dialects. */
const healthCheck = (parent: Located, integrated: boolean): ReadonlyArray<Problem> => {
  const node = at(parent, "health_check");
  const shared = at(parent, "health_check_run_options");
  const found = [...times([at(node, "run_options"), node, shared], PROBE_DEFAULTS.check)];
  if (node?.kind !== "map" || isOff(node) || isOff(at(node, "run_options"))) return isOff(node) ? [] : found;
  const type = textAt(node, "type");
  const place = at(node, "type") ?? keyOf(parent, "health_check");
  const has = (key: string): boolean => node.entries.has(key);
  const lacks = (key: string): Problem =>
    problem(place, `type is ${JSON.stringify(type)}, and there is no block ${JSON.stringify(key)}`, { expected: `the block ${key}` });
  const isHttp = type === "http" || (type === undefined && (has("http") || has("http_endpoint")));
  if (isHttp && !has("http_endpoint") && at(node, "http", "url") === undefined && textAt(node, "http") === undefined) {
    found.push(has("http") ? problem(keyOf(node, "http"), "an http check lacks its url", { expected: "url" }) : lacks("http"));
  }
  const isGrpc =
    type === "grpc" ||
    (type === undefined && !isHttp && (has("grpc") || has("grpc_service") || at(node, "grpc_health_check")?.value === true));
  if (isGrpc) {
    const grpc = at(node, "grpc");
    const method = at(grpc, "method");
    if (!integrated && lacksPort(grpc ?? node)) {
      found.push(
        grpc === undefined && type !== undefined
          ? lacks("grpc")
          : noPort(keyOf(node, grpc === undefined ? "grpc_service" : "grpc"), "a grpc check"),
      );
    }
    if (method?.kind === "string" && grpcMethodOf(textAt(grpc, "service"), String(method.value)) === null) {
      found.push(problem(method, `no probe can call ${JSON.stringify(method.value)}`, { expected: "one of Check, Watch, Ping" }));
    }
  }
  if (type === "tcp" && !has("tcp")) found.push(lacks("tcp"));
  const tcp = at(node, "tcp");
  if (tcp?.kind === "map" && (type === undefined || type === "tcp") && lacksPort(tcp))
    found.push(noPort(keyOf(node, "tcp"), "a tcp check"));
  if (type === "exec" && !has("exec")) found.push(lacks("exec"));
  const exec = at(node, "exec");
  if (exec?.kind === "map" && !exec.entries.has("command"))
    found.push(problem(keyOf(node, "exec"), "an exec check lacks its command", { expected: "command" }));
  return found;
};

/** The findings about the management block of a unit, be it the flat one or a nested one. */
export const checkProbes = (management: Located, integrated: boolean): ReadonlyArray<Problem> => {
  const probes = at(management, "probes");
  const check = at(management, "health_check");
  const found = [...healthCheck(management, integrated)];
  if (probes?.kind !== "map") return found;
  for (const kind of ["startup", "readiness", "liveness"] as const) found.push(...probe(probes, kind, integrated));
  const twice = (["liveness", "readiness"] as const).find((kind) => probes.entries.has(kind) && !isOff(at(probes, kind)));
  if (check?.kind === "map" && !isOff(check) && !isOff(at(check, "run_options")) && twice !== undefined) {
    const hint = "health_check is a liveness probe that says whether the unit is ready as well";
    found.push(
      problem(keyOf(probes, twice), `health_check and the ${twice} probe both say how the unit is`, { expected: "one of the two", hint }),
    );
  }
  if (at(management, "control", "start")?.value === "oneshot" && probes.entries.size > 0) {
    found.push(
      problem(keyOf(management, "probes"), "a one-shot is not probed: it is done when it has ended", {
        expected: "another start, or no probes",
      }),
    );
  }
  return found;
};
