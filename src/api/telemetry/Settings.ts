/**
 * What telemetry is sent where: what the config does not say, OpenTelemetry's own variables do. Pure.
 */
import type { TelemetrySpec } from "../../unit/index.ts";

export const signals = ["traces", "metrics", "logs"] as const;
export type Signal = (typeof signals)[number];

export interface Settings {
  /** Of each signal that is on. */
  readonly urls: Readonly<Partial<Record<Signal, string>>>;
  readonly protocol: "http/json" | "http/protobuf";
  readonly headers: NonNullable<TelemetrySpec["headers"]>;
  readonly sampleRatio: number;
  readonly intervalMillis: number;
  readonly serviceName: string;
  readonly attributes: Readonly<Record<string, string>>;
}

type Env = Readonly<Record<string, string | undefined>>;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** `a=b,c=d`, percent-encoded. */
const pairs = (text: string | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (text ?? "").split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      const key = pair.slice(0, at).trim();
      return at < 1 || key === "" ? [] : [[decoded(key), decoded(pair.slice(at + 1).trim())] as const];
    }),
  );

const numberIn = (text: string | undefined): number | undefined => {
  const number = Number(text);
  return text === undefined || text.trim() === "" || !Number.isFinite(number) || number < 0 ? undefined : number;
};

const below = (endpoint: string, signal: Signal): string => `${endpoint.replace(/\/+$/, "")}/v1/${signal}`;

const samplerRatio = (env: Env): number | undefined => {
  const sampler = env["OTEL_TRACES_SAMPLER"]?.replace(/^parentbased_/, "");
  if (sampler === "always_off") return 0;
  return sampler === "traceidratio" ? Math.min(1, numberIn(env["OTEL_TRACES_SAMPLER_ARG"]) ?? 1) : undefined;
};

/** Undefined: nothing is sent. */
export const settingsOf = (spec: TelemetrySpec, env: Env): Settings | undefined => {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return undefined;
  const upper = (signal: Signal): string => signal.toUpperCase();
  const urlOf = (signal: Signal): string | undefined => {
    if (!(spec[signal] ?? env[`OTEL_${upper(signal)}_EXPORTER`] !== "none")) return undefined;
    if (spec.endpoint !== undefined) return below(spec.endpoint, signal);
    // That of one signal is taken as it is.
    const own = env[`OTEL_EXPORTER_OTLP_${upper(signal)}_ENDPOINT`];
    return own !== undefined && own !== "" ? own : below(env["OTEL_EXPORTER_OTLP_ENDPOINT"] || "http://localhost:4318", signal);
  };
  const urls = Object.fromEntries(
    signals.flatMap((signal) => {
      const url = urlOf(signal);
      return url === undefined ? [] : [[signal, url] as const];
    }),
  );
  if (Object.keys(urls).length === 0) return undefined;
  const { "service.name": named, ...attributes } = { ...pairs(env["OTEL_RESOURCE_ATTRIBUTES"]), ...spec.attributes };
  const protocol = spec.protocol ?? env["OTEL_EXPORTER_OTLP_PROTOCOL"];
  return {
    urls,
    protocol: protocol === "http/json" ? "http/json" : "http/protobuf",
    headers: { ...pairs(env["OTEL_EXPORTER_OTLP_HEADERS"]), ...spec.headers },
    sampleRatio: spec.sampleRatio ?? samplerRatio(env) ?? 1,
    intervalMillis: spec.intervalMillis ?? numberIn(env["OTEL_METRIC_EXPORT_INTERVAL"]) ?? 60_000,
    serviceName: spec.serviceName ?? (env["OTEL_SERVICE_NAME"] || named || "hsu"),
    attributes,
  };
};
