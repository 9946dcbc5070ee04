/**
 * Targets of logs, as `log_collection` has them. Pure.
 */
import { facilities } from "../../logs/sink/Facilities.ts";
import type { Destination, TargetSecret, TargetSpec } from "../../logs/sink/TargetSpec.ts";
import type { LogFilters, Rotation } from "../../logs/LogsSpec.ts";
import { formatDuration } from "../Duration.ts";
import { given } from "../Written.ts";

type Block = { readonly [key: string]: unknown };

const time = (millis: number | undefined): string | undefined => (millis === undefined ? undefined : formatDuration(millis));
const ifAny = (block: Block): Block | undefined => (Object.keys(block).length === 0 ? undefined : block);

export const filtersOf = (filters: LogFilters | undefined): Block | undefined =>
  filters === undefined
    ? undefined
    : given({ include_patterns: filters.include, exclude_patterns: filters.exclude, level_filter: filters.level });

export const rotationOf = (rotation: Rotation): Block =>
  given({
    max_size: rotation.maxBytes,
    max_files: rotation.maxFiles,
    max_age: time(rotation.maxAgeMillis),
    interval: time(rotation.everyMillis),
    compress: rotation.compress,
  });

const tlsOf = (tls: NonNullable<Destination["tls"]>): Block =>
  given({
    ca_file: tls.caFile,
    cert_file: tls.certFile,
    key_file: tls.keyFile,
    server_name: tls.serverName,
    insecure_skip_verify: tls.insecureSkipVerify,
  });

/** The file of identities is said once, for all. */
export const secretOf = (secret: TargetSecret): Block => {
  if ("age" in secret) return { age: secret.age };
  return "ageFile" in secret ? { age_file: secret.ageFile } : secret;
};

const secretsOf = ({ headers = {}, password, token }: Destination): ReadonlyArray<TargetSecret> =>
  [password, token, ...Object.values(headers)].filter((each) => typeof each === "object");

/** Which that is, where a target has an encrypted value. */
export const identityOf = (targets: ReadonlyArray<TargetSpec> | undefined): string | undefined =>
  targets
    ?.flatMap(({ destination }) => secretsOf(destination))
    .map((secret) => ("age" in secret || "ageFile" in secret ? secret.identity : undefined))
    .find((identity) => identity !== undefined);

/** One target; what it is called comes from what it says. */
export const targetOf = ({ batch, destination, filters, format, maxRetryMillis, prefix }: TargetSpec): Block => {
  const { facility, headers, password, rotation, tls, token, type, username } = destination;
  return given({
    type,
    path: destination.path,
    format,
    prefix,
    rotation: rotation === undefined ? undefined : rotationOf(rotation),
    filters: filtersOf(filters),
    authentication: ifAny(given({ username, password: password && secretOf(password), token: token && secretOf(token) })),
    config: given({
      url: destination.url,
      address: destination.address,
      index: destination.index,
      labels: destination.labels,
      headers:
        headers &&
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : secretOf(value)])),
      tls: tls === undefined ? undefined : tlsOf(tls),
      facility: facility === undefined ? undefined : facilities[facility],
      app_name: destination.appName,
      max_message_size: destination.maxMessageBytes,
      batch_lines: batch.maxLines,
      batch_size: batch.maxBytes,
      batch_interval: time(batch.everyMillis),
      timeout: time(destination.timeoutMillis),
      max_retry_delay: time(maxRetryMillis),
    }),
  });
};
