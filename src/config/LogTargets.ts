/**
 * Where else output goes: the targets of `log_collection`, and what of them becomes of a unit.
 */
import { resolve } from "node:path";
import * as Schema from "effect/Schema";
import { defaultRotation, type LogFilters, type LogFormat } from "../logs/LogsSpec.ts";
import { levelNamed, levels } from "../logs/read/Level.ts";
import { facilities } from "../logs/sink/Facilities.ts";
import { parseAddress } from "../logs/sink/Address.ts";
import type { Batch, Destination, TargetSecret, TargetSpec, TargetType } from "../logs/sink/TargetSpec.ts";
import { size } from "./Sizes.ts";
import { block, Count, dispatch, Duration, Flag, isRecord, Name, OneOf, Positive, SecretValue, Text, Timeout, told } from "./Values.ts";

const isPattern = (text: string): boolean => {
  try {
    return RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
};
const Pattern = Text.check(Schema.makeFilter(isPattern, told("HSU-CFG-040", "a regular expression")));
const patterns = Schema.Array(Pattern);
const Level = Text.check(
  Schema.makeFilter((text: string) => levelNamed(text) !== undefined, told("HSU-CFG-009", `one of ${levels.join(", ")}`)),
);

export const Format = OneOf("raw", "plain", "enhanced_plain", "json", "structured_json");
export const Rotation = block({ max_size: size(1024), max_files: Count, max_age: Duration, interval: Duration, compress: Flag });

export const Filters = block({ exclude_patterns: patterns, include_patterns: patterns, level_filter: Level });
export type Filters = typeof Filters.Type;

const isUrl = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
};
const Url = Text.check(Schema.makeFilter(isUrl, told("HSU-CFG-040", "a URL of http or https, without user and password in it")));
const Address = Text.check(
  Schema.makeFilter(
    (text: string) => parseAddress(text) !== undefined,
    told("HSU-CFG-040", "udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:/PATH"),
  ),
);
const Header = dispatch<string | SecretValue>((value) => (isRecord(value) ? SecretValue : Text));

const types = [
  "file",
  "stdout",
  "stderr",
  "syslog",
  "journald",
  "elasticsearch",
  "opensearch",
  "otlp",
  "loki",
  "process_manager_stdout",
] as const;

const Target = block({
  type: OneOf(...types),
  path: Text,
  format: Format,
  prefix: Text,
  rotation: Rotation,
  filters: Filters,
  /** Secrets are never in the file itself. */
  authentication: block({ user: Text, username: Text, password: SecretValue, token: SecretValue }),
  config: block({
    url: Url,
    address: Address,
    index: Name,
    labels: Schema.Record(Schema.String, Text),
    headers: Schema.Record(Schema.String, Header),
    tls: block({ ca_file: Name, cert_file: Name, key_file: Name, server_name: Name, insecure_skip_verify: Flag }),
    facility: OneOf(...facilities),
    app_name: Name,
    max_message_size: size(480),
    batch_lines: Positive,
    batch_size: size(1000),
    batch_interval: Duration,
    timeout: Timeout,
    max_retry_delay: Timeout,
  }),
});
export type Target = typeof Target.Type;
export const targets = Schema.Array(Target);

export const filtersOf = (said: Filters): LogFilters | undefined => {
  const { exclude_patterns: exclude = [], include_patterns: include = [], level_filter: level } = said;
  const least = levelNamed(level);
  if (exclude.length === 0 && include.length === 0 && least === undefined) return undefined;
  return { include, exclude, ...(least === undefined ? {} : { level: least }) };
};

/** What a target without a word about it is. */
const formats: Readonly<Record<TargetType, LogFormat>> = {
  file: "plain",
  stdout: "enhanced_plain",
  stderr: "enhanced_plain",
  syslog: "plain",
  journald: "plain",
  elasticsearch: "structured_json",
  otlp: "plain",
  loki: "plain",
};
const urls = { elasticsearch: "http://127.0.0.1:9200", otlp: "http://127.0.0.1:4318", loki: "http://127.0.0.1:3100" } as const;
const usualAddress = "unix:/dev/log";

const DEFAULTS = { lines: 1000, bytes: 1_000_000, localMillis: 50, farMillis: 1000, timeoutMillis: 30_000, retryMillis: 30_000 };
/** One batch is held in memory. */
const [mostLines, mostBytes] = [100_000, 16_000_000];

/** Undefined: it says nothing of where it is. */
const typeOf = ({ path, type }: Pick<Target, "path" | "type">): TargetType | undefined => {
  if (type === "process_manager_stdout") return "stdout";
  if (type === "opensearch") return "elasticsearch";
  if (type === undefined || type === "file") return path === undefined ? undefined : "file";
  return type;
};

export interface Around {
  /** Of the config file. */
  readonly folder: string;
  /** The file that encrypted values are opened with. */
  readonly identity?: string | undefined;
  readonly unit: string;
  readonly logPath: (path: string) => string;
  /** What `buffering` says of all. */
  readonly buffering: { readonly size?: number; readonly flush_interval?: number; readonly max_lines?: number };
  readonly withSequence: boolean;
  readonly withHostname: boolean;
}

const secretOf = ({ folder, identity }: Around, value: SecretValue): TargetSecret => {
  if ("file" in value) return { file: resolve(folder, value.file) };
  if ("env" in value) return value;
  return { ...("age" in value ? value : { ageFile: resolve(folder, value.age_file) }), ...optional("identity", identity) };
};

const optional = <A>(key: string, value: A | undefined): Readonly<Record<string, A>> => (value === undefined ? {} : { [key]: value });

const tlsOf = (folder: string, tls: NonNullable<NonNullable<Target["config"]>["tls"]>): Destination["tls"] => {
  const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(folder, path));
  return {
    ...optional("caFile", file(tls.ca_file)),
    ...optional("certFile", file(tls.cert_file)),
    ...optional("keyFile", file(tls.key_file)),
    ...optional("serverName", tls.server_name),
    ...optional("insecureSkipVerify", tls.insecure_skip_verify),
  };
};

const destinationOf = (type: TargetType, target: Target, around: Around): Destination => {
  const { folder, logPath } = around;
  const { authentication = {}, config = {}, path, rotation } = target;
  const headers = Object.entries(config.headers ?? {}).map(
    ([name, value]) => [name, typeof value === "string" ? value : secretOf(around, value)] as const,
  );
  const isHttp = type === "elasticsearch" || type === "otlp" || type === "loki";
  const { password, token } = authentication;
  return {
    type,
    timeoutMillis: config.timeout ?? DEFAULTS.timeoutMillis,
    ...(isHttp ? { url: config.url ?? urls[type] } : {}),
    ...(type === "syslog" ? { address: config.address ?? usualAddress } : {}),
    ...(path === undefined ? {} : { path: type === "file" ? logPath(path) : resolve(folder, path) }),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...optional("username", authentication.username ?? authentication.user),
    ...(password === undefined ? {} : { password: secretOf(around, password) }),
    ...(token === undefined ? {} : { token: secretOf(around, token) }),
    ...(config.tls === undefined ? {} : { tls: tlsOf(folder, config.tls) ?? {} }),
    ...optional("labels", config.labels),
    ...optional("index", config.index),
    ...(config.facility === undefined ? {} : { facility: facilities.indexOf(config.facility) }),
    ...optional("appName", config.app_name),
    ...optional("maxMessageBytes", config.max_message_size),
    ...(type === "file" && rotation !== undefined
      ? {
          rotation: {
            maxBytes: rotation.max_size ?? defaultRotation.maxBytes,
            maxFiles: rotation.max_files ?? defaultRotation.maxFiles,
            ...optional("maxAgeMillis", rotation.max_age),
            ...optional("everyMillis", rotation.interval),
            compress: rotation.compress ?? defaultRotation.compress,
          },
        }
      : {}),
  };
};

/** A target that is named the same goes on where it was, whatever else has changed of it. */
const nameOf = ({ address, index, path, type, url }: Destination): string =>
  [type, url ?? address ?? path ?? "", index ?? ""].filter((part) => part !== "").join(" ");

/** FNV-1a: a name that stays the same. */
const hashOf = (text: string, seed: number): string => {
  let hash = seed;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
};
const idOf = (type: TargetType, name: string): string => `${type}-${hashOf(name, 0x811c9dc5)}${hashOf(name, 0x050c5d1f)}`;

const batchOf = (target: Target, { address, type }: Destination, { buffering }: Around): Batch => {
  const { batch_interval, batch_lines, batch_size } = target.config ?? {};
  const isFar = ["elasticsearch", "otlp", "loki"].includes(type) || /^t(cp|ls):/.test(address ?? "");
  return {
    maxLines: Math.min(mostLines, batch_lines ?? buffering.max_lines ?? DEFAULTS.lines) || 1,
    maxBytes: Math.min(mostBytes, batch_size ?? buffering.size ?? DEFAULTS.bytes) || 1,
    everyMillis: batch_interval ?? buffering.flush_interval ?? (isFar ? DEFAULTS.farMillis : DEFAULTS.localMillis),
  };
};

/** `streams`: of what it gets the lines. */
export const targetOf = (target: Target, streams: TargetSpec["streams"], around: Around): TargetSpec | undefined => {
  const type = typeOf(target);
  if (type === undefined) return undefined;
  const destination = destinationOf(type, target, around);
  const filters = filtersOf(target.filters ?? {});
  const name = nameOf(destination);
  return {
    id: idOf(type, name),
    name,
    streams,
    format: target.format ?? formats[type],
    ...optional("prefix", target.prefix),
    ...(filters === undefined ? {} : { filters }),
    ...(around.withSequence ? { withSequence: true } : {}),
    ...(around.withHostname ? { withHostname: true } : {}),
    batch: batchOf(target, destination, around),
    maxRetryMillis: target.config?.max_retry_delay ?? DEFAULTS.retryMillis,
    destination,
  };
};

/** The same one twice has two names. */
export const apart = (all: ReadonlyArray<TargetSpec>): ReadonlyArray<TargetSpec> => {
  const seen = new Map<string, number>();
  return all.map((target) => {
    const counts = target.streams.map((stream) => {
      const key = `${stream} ${target.id}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return seen.get(key)!;
    });
    const number = Math.max(...counts);
    return number === 1 ? target : { ...target, id: `${target.id}-${number}`, name: `${target.name} (${number})` };
  });
};
