/**
 * The bulk API of Elasticsearch and OpenSearch. Each line is created under a name of its own, so that one that comes again is there once.
 */
import type { Answer } from "./Http.ts";
import { httpSink } from "./HttpSink.ts";
import type { Delivery, LogRecord, LogSink } from "./LogSink.ts";
import type { Destination, Reveal } from "./TargetSpec.ts";

/** Of the day of the line, and not of today: it comes again to where it was. */
export const indexOf = (pattern: string, { time, unit }: LogRecord): string =>
  pattern
    .replaceAll("{date}", new Date(time).toISOString().slice(0, 10).replaceAll("-", "."))
    .replaceAll("{process_id}", unit.toLowerCase());

const documentOf = ({ body, stream, time, unit }: LogRecord): string => {
  const stamp = JSON.stringify(new Date(time).toISOString());
  if (body.startsWith('{"time":')) return `{"@timestamp":${stamp},${body.slice(1)}`;
  return `{"@timestamp":${stamp},"unit":${JSON.stringify(unit)},"stream":"${stream}","message":${JSON.stringify(body)}}`;
};

export const encodeBulk = (pattern: string, records: ReadonlyArray<LogRecord>): string =>
  records
    .map((record) => `{"create":{"_index":${JSON.stringify(indexOf(pattern, record))},"_id":"${record.id}"}}\n${documentOf(record)}\n`)
    .join("");

interface Item {
  readonly status?: number;
  readonly error?: { readonly type?: string; readonly reason?: string };
}

/** Items are in the order of the lines. One that is there already has come before. */
export const judgeBulk = (records: ReadonlyArray<LogRecord>, { text }: Answer): Delivery | void => {
  const { errors, items = [] } = JSON.parse(text) as { errors?: boolean; items?: ReadonlyArray<Readonly<Record<string, Item>>> };
  if (errors === false) return undefined;
  if (items.length !== records.length) throw new Error(`an answer about ${items.length} of ${records.length} lines`);
  const again: Array<LogRecord> = [];
  let rejected = 0;
  let why: string | undefined;
  items.forEach((item, at) => {
    const { error, status = 500 } = Object.values(item)[0] ?? {};
    if (status < 300 || status === 409) return;
    // Who forbids an index may allow it again.
    if (status === 429 || status >= 500 || status === 403 || status === 404) again.push(records[at]!);
    else rejected++;
    why ??= `${status} ${error?.type ?? ""} ${error?.reason ?? ""}`.trim();
  });
  return { again, rejected, ...(why === undefined ? {} : { why }) };
};

export const open = (destination: Destination, reveal: Reveal): LogSink =>
  httpSink(destination, reveal, {
    path: ({ pathname }) => `${pathname.replace(/\/$/, "")}/_bulk`,
    contentType: "application/x-ndjson",
    encode: (records) => encodeBulk(destination.index ?? "hsu-logs-{date}", records),
    judge: judgeBulk,
  });
