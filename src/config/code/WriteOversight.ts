/**
 * `process_manager.audit`, `.limits` and `.telemetry` of a tree that was made in code. Pure.
 */
import { formatDuration } from "../Duration.ts";
import { given } from "../Written.ts";
import type { MasterSpec } from "../../unit/UnitSpec.ts";

type Block = Readonly<Record<string, unknown>>;

const time = (millis: number | undefined): string | undefined => (millis === undefined ? undefined : formatDuration(millis));

export const oversightBlocks = ({ audit, limits, telemetry }: MasterSpec): Block => ({
  audit:
    audit === undefined
      ? undefined
      : given({
          enabled: audit.enabled,
          path: audit.path,
          max_size: audit.maxBytes,
          max_files: audit.maxFiles,
          on_failure: audit.onFailure,
        }),
  limits:
    limits === undefined
      ? undefined
      : given({
          rate: limits.rate,
          burst: limits.burst,
          failures: limits.failures,
          streams: limits.streams,
          max_body: limits.bodyBytes,
          deadline: time(limits.deadlineMillis),
        }),
  telemetry:
    telemetry === undefined
      ? undefined
      : given({
          endpoint: telemetry.endpoint,
          protocol: telemetry.protocol,
          headers: telemetry.headers,
          traces: telemetry.traces,
          metrics: telemetry.metrics,
          logs: telemetry.logs,
          sample_ratio: telemetry.sampleRatio,
          interval: time(telemetry.intervalMillis),
          service_name: telemetry.serviceName,
          attributes: telemetry.attributes,
        }),
});
