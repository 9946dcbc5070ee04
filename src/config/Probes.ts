/**
 * The blocks that say what is asked of a unit while it runs: HSU's own `probes`, and the `health_check` of the other dialects.
 */
import * as Schema from "effect/Schema";
import type { StatusRange } from "../health/index.ts";
import { block, Count, dispatch, Flag, Fraction, Name, OneOf, Port, Positive, Scalar, Text, Timeout, told } from "./Values.ts";

/** What each probe has, whatever it asks. */
const timing = {
  enabled: Flag,
  interval: Timeout,
  timeout: Timeout,
  initial_delay: Timeout,
  failure_threshold: Positive,
  success_threshold: Positive,
};

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:\/\/./i.test(text);
const Url = Schema.String.check(
  Schema.makeFilter(isUrl, told("HSU-CFG-018", "a URL of http or https, as in http://127.0.0.1:8080/health")),
);

/** `200-399`, `200,204`, `2xx`; null where it is none. */
export const statusOf = (text: string): ReadonlyArray<StatusRange> | null => {
  const ranges: Array<StatusRange> = [];
  for (const part of text.split(",")) {
    const [, from, to, hundreds] = /^\s*(?:(\d{3})(?:\s*-\s*(\d{3}))?|([1-5])xx)\s*$/i.exec(part) ?? [];
    const range: StatusRange =
      hundreds === undefined ? [Number(from), Number(to ?? from)] : [Number(hundreds) * 100, Number(hundreds) * 100 + 99];
    if (!(range[0] >= 100 && range[0] <= range[1] && range[1] <= 599)) return null;
    ranges.push(range);
  }
  return ranges;
};
const expectedStatus = "statuses from 100 to 599, as in 200-399, 2xx or 200,204";
const StatusText = Schema.String.check(Schema.makeFilter((text: string) => statusOf(text) !== null, told("HSU-CFG-018", expectedStatus)));
const StatusNumber = Schema.Number.annotate({ expected: expectedStatus }).check(
  Schema.makeFilter((code: number) => statusOf(String(code)) !== null, told("HSU-CFG-018", expectedStatus)),
);
const Status = dispatch<string | number>((value) => (typeof value === "number" ? StatusNumber : StatusText));

const Headers = Schema.Record(Schema.String, Scalar);
const Exec = block({ command: Name, args: Schema.Array(Text) });
const TlsBlock = block({ insecure_skip_verify: Flag, ca_file: Name, server_name: Name, cert_file: Name, key_file: Name });
type Tls = boolean | typeof TlsBlock.Type;
const Tls = dispatch<Tls>((value) => (typeof value === "boolean" ? Flag : TlsBlock));
const Tcp = block({ address: Name, port: Port });

const HttpBlock = block({
  url: Url,
  port: Port,
  path: Text,
  method: Name,
  headers: Headers,
  status: Status,
  body: Name,
  insecure_skip_verify: Flag,
  ca_file: Name,
});
/** A URL alone says it all, mostly. */
const Http = dispatch<string | typeof HttpBlock.Type>((value) => (typeof value === "string" ? Url : HttpBlock));

const Probe = block({
  ...timing,
  jitter: Fraction,
  http: Http,
  tcp: Tcp,
  grpc: block({ address: Name, port: Port, service: Text, watch: Flag, headers: Headers, tls: Tls }),
  exec: Exec,
  process: block({}),
});
export type Probe = typeof Probe.Type;

const Probes = block({ startup: Probe, readiness: Probe, liveness: Probe });

const runOptions = { ...timing, retries: Count };
export const RunOptions = block(runOptions);
export type RunOptions = typeof RunOptions.Type;

const HealthHttpBlock = block({ url: Url, method: Name, headers: Headers });
const HealthHttp = dispatch<string | typeof HealthHttpBlock.Type>((value) => (typeof value === "string" ? Url : HealthHttpBlock));

export const HealthCheck = block({
  ...runOptions,
  type: OneOf("http", "grpc", "tcp", "exec", "process"),
  http_endpoint: Url,
  grpc_service: Text,
  grpc_health_check: Flag,
  http: HealthHttp,
  grpc: block({ address: Name, service: Text, method: Text, headers: Headers }),
  tcp: Tcp,
  exec: Exec,
  run_options: RunOptions,
});
export type HealthCheck = typeof HealthCheck.Type;

/** What of a management block is about probes, in each dialect. */
export const probeKeys = {
  health_check: Schema.optionalKey(HealthCheck),
  health_check_run_options: Schema.optionalKey(RunOptions),
  probes: Schema.optionalKey(Probes),
};
const ProbeBlocks = Schema.Struct(probeKeys);
export type ProbeBlocks = typeof ProbeBlocks.Type;
