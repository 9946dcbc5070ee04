/**
 * Loki's push API, as JSON. A line that comes again has the same time, to the nanosecond, and the same text: Loki keeps it once.
 */
import { hostname } from "node:os";
import { httpSink, pathOr } from "./HttpSink.ts";
import type { LogRecord, LogSink } from "./LogSink.ts";
import type { Destination, Reveal } from "./TargetSpec.ts";

export const encodeLoki = (labels: Readonly<Record<string, string>>, records: ReadonlyArray<LogRecord>): string => {
  const { stream, unit } = records[0]!;
  const own = Object.entries(labels).map(([name, value]) => [name, value.replaceAll("{process_id}", unit)] as const);
  const values = records.map(({ body, nanos }) => [String(nanos), body]);
  return JSON.stringify({ streams: [{ stream: { job: "hsu", host: hostname(), unit, stream, ...Object.fromEntries(own) }, values }] });
};

export const open = (destination: Destination, reveal: Reveal): LogSink =>
  httpSink(destination, reveal, {
    path: pathOr("/loki/api/v1/push"),
    contentType: "application/json",
    encode: (records) => encodeLoki(destination.labels ?? {}, records),
  });
