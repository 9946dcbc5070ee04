/**
 * OpenTelemetry's logs over HTTP, as JSON.
 */
import { hostname } from "node:os";
import { type Level, levelOf } from "../read/Level.ts";
import type { Answer } from "./Http.ts";
import { httpSink, pathOr } from "./HttpSink.ts";
import type { Delivery, LogRecord, LogSink } from "./LogSink.ts";
import type { Destination, Reveal } from "./TargetSpec.ts";

const severities: Readonly<Record<Level, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

export const encodeOtlp = (labels: Readonly<Record<string, string>>, records: ReadonlyArray<LogRecord>): string => {
  const { unit } = records[0]!;
  const resource = { "service.name": unit, "host.name": hostname(), ...labels };
  const logRecords = records.map(({ body, id, nanos, stream, text }) => {
    const level = levelOf(text);
    return {
      timeUnixNano: String(nanos),
      observedTimeUnixNano: String(nanos),
      ...(level === undefined ? {} : { severityNumber: severities[level], severityText: level.toUpperCase() }),
      body: { stringValue: body },
      attributes: [attribute("log.iostream", stream), attribute("log.record.uid", id)],
    };
  });
  const attributes = Object.entries(resource).map(([key, value]) => attribute(key, value.replaceAll("{process_id}", unit)));
  return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope: { name: "hsu" }, logRecords }] }] });
};

/** A part may be rejected: nobody says which, and it must not come again. */
const judge = (records: ReadonlyArray<LogRecord>, { text }: Answer): Delivery | void => {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedLogRecords?: string | number; errorMessage?: string } };
    const rejected = Math.min(records.length, Number(partialSuccess?.rejectedLogRecords ?? 0));
    return rejected > 0 ? { rejected, why: partialSuccess?.errorMessage ?? "rejected" } : undefined;
  } catch {
    // An empty answer, or one of another form: all is taken.
    return undefined;
  }
};

export const open = (destination: Destination, reveal: Reveal): LogSink =>
  httpSink(destination, reveal, {
    path: pathOr("/v1/logs"),
    contentType: "application/json",
    encode: (records) => encodeOtlp(destination.labels ?? {}, records),
    judge,
  });
