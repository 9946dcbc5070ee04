/**
 * `process_manager.audit`, `.limits` and `.telemetry`: what is written down, how much is let in, and who is told.
 */
import * as NodePath from "node:path";
import * as Schema from "effect/Schema";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import { size } from "./Sizes.ts";
import {
  block,
  Count,
  dispatch,
  Flag,
  Fraction,
  isRecord,
  Name,
  OneOf,
  Positive,
  Quantity,
  ReadValue,
  Text,
  Timeout,
  told,
} from "./Values.ts";

export const AuditBlock = block({
  enabled: Flag,
  path: Name,
  max_size: size(4096),
  max_files: Positive,
  on_failure: OneOf("refuse", "go_on"),
});

export const LimitsBlock = block({
  rate: Quantity,
  burst: Count,
  failures: Count,
  streams: Count,
  max_body: size(1024),
  deadline: Timeout,
});

const Endpoint = Text.check(
  Schema.makeFilter(
    (text: string) => URL.canParse(text) && /^https?:\/\//.test(text),
    told("HSU-CFG-036", "a URL of http or https, as in http://127.0.0.1:4318"),
  ),
);

const HeaderName = Schema.String.check(Schema.isPattern(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, told("HSU-CFG-014", "the name of a header")));

export const TelemetryBlock = block({
  endpoint: Endpoint,
  protocol: OneOf("http/json", "http/protobuf"),
  headers: Schema.Record(
    HeaderName,
    dispatch<string | ReadValue>((value) => (isRecord(value) ? ReadValue : Text)),
  ),
  traces: Flag,
  metrics: Flag,
  logs: Flag,
  sample_ratio: Fraction,
  interval: Timeout.check(Schema.makeFilter((millis: number) => millis >= 100, told("HSU-CFG-010", "a duration of at least 100ms"))),
  service_name: Name,
  attributes: Schema.Record(Name, Text),
});

/** Keys that are not there are left out. */
const given = <A extends object>(fields: A): { readonly [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

interface Blocks {
  readonly audit?: typeof AuditBlock.Type;
  readonly limits?: typeof LimitsBlock.Type;
  readonly telemetry?: typeof TelemetryBlock.Type;
}

export const oversightOf = (folder: string, { audit, limits, telemetry }: Blocks): Pick<MasterSpec, "audit" | "limits" | "telemetry"> => ({
  ...(audit === undefined
    ? {}
    : {
        audit: given({
          enabled: audit.enabled,
          path: audit.path === undefined ? undefined : NodePath.resolve(folder, audit.path),
          maxBytes: audit.max_size,
          maxFiles: audit.max_files,
          onFailure: audit.on_failure,
        }),
      }),
  ...(limits === undefined
    ? {}
    : {
        limits: given({
          rate: limits.rate,
          burst: limits.burst,
          failures: limits.failures,
          streams: limits.streams,
          bodyBytes: limits.max_body,
          deadlineMillis: limits.deadline,
        }),
      }),
  ...(telemetry === undefined
    ? {}
    : {
        telemetry: given({
          endpoint: telemetry.endpoint,
          protocol: telemetry.protocol,
          headers:
            telemetry.headers === undefined
              ? undefined
              : Object.fromEntries(
                  Object.entries(telemetry.headers).map(([name, value]) => [
                    name,
                    typeof value === "object" && "file" in value ? { file: NodePath.resolve(folder, value.file) } : value,
                  ]),
                ),
          traces: telemetry.traces,
          metrics: telemetry.metrics,
          logs: telemetry.logs,
          sampleRatio: telemetry.sample_ratio,
          intervalMillis: telemetry.interval,
          serviceName: telemetry.service_name,
          attributes: telemetry.attributes,
        }),
      }),
});
