/**
 * Messages of syslog as RFC 5424 has them. Pure.
 */
import { characterBefore } from "../Lines.ts";
import { type Level, levelOf } from "../read/Level.ts";
import type { LogRecord } from "./LogSink.ts";

const severities: Readonly<Record<Level, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** What a line says itself; else its output does. */
export const severityOf = ({ stream, text }: LogRecord): number => {
  const level = levelOf(text);
  return level === undefined ? (stream === "stderr" ? 3 : 6) : severities[level];
};

/** Of the RFC's own example enterprise: nobody has given HSU a number. */
const element = "hsu@32473";
const printable = (text: string, length: number): string => text.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, length) || "-";
const quoted = (text: string): string => text.replaceAll(/["\\\]]/g, (char) => `\\${char}`);

export interface From {
  readonly facility: number;
  readonly host: string;
  readonly app?: string | undefined;
  readonly maxBytes: number;
}

const mark = (part: number, isLast: boolean): string => (isLast ? `[part ${part}, the last] ` : `[part ${part}] `);
/** As long as a mark gets. */
const markBytes = 24;

/** One message, or several for a line that is too long for one. */
export const messagesOf = (record: LogRecord, { app, facility, host, maxBytes }: From): ReadonlyArray<Buffer> => {
  const { body, id, stream, time, unit } = record;
  const name = printable((app ?? "{process_id}").replaceAll("{process_id}", unit), 48);
  const priority = facility * 8 + severityOf(record);
  const data = `[${element} unit="${quoted(unit)}" stream="${stream}" id="${quoted(id)}"]`;
  const head = `<${priority}>1 ${new Date(time).toISOString()} ${printable(host, 255)} ${name} - ${stream} ${data} `;
  const text = Buffer.from(body);
  const room = Math.max(64, maxBytes - Buffer.byteLength(head));
  if (text.length <= room) return [Buffer.concat([Buffer.from(head), text])];
  const messages: Array<Buffer> = [];
  for (let from = 0; from < text.length;) {
    const isLast = text.length - from <= room - markBytes;
    const to = isLast ? text.length : characterBefore(text, from + room - markBytes);
    messages.push(Buffer.concat([Buffer.from(head + mark(messages.length + 1, isLast)), text.subarray(from, to)]));
    from = to;
  }
  return messages;
};
