/**
 * A line of a log back to what the unit has written, and when. Pure.
 */
import type { LogFileSpec } from "../LogsSpec.ts";

export interface Stored {
  readonly text: string;
  /** Unix milliseconds, where the line itself has a time. */
  readonly time?: number;
}

/** As logfmt behind the message. */
const withFields = (message: string, fields: unknown): string =>
  typeof fields !== "object" || fields === null
    ? message
    : [
        message,
        ...Object.entries(fields).map(([key, value]) => `${key}=${typeof value === "string" ? shown(value) : JSON.stringify(value)}`),
      ].join(" ");
const shown = (value: string): string => (/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));

const enhanced = /^\[(\d{4}-\d\d-\d\dT[\d:.]+Z)\]\[[\w-]+\]\[std(?:out|err)\](?:\[\d+\])? /;

/** A line that is not in this form, because the form was another one when it was written, is taken as it is. */
export const parseStored = ({ format, prefix }: Pick<LogFileSpec, "format" | "prefix">, line: string): Stored => {
  if (format === "raw") return { text: line };
  if (format === "json" || format === "structured_json") {
    try {
      const { fields, message, time } = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (typeof message === "string" && typeof time === "string") return { text: withFields(message, fields), time: Date.parse(time) };
    } catch {
      // Written in another form.
    }
    return { text: line };
  }
  const rest = prefix !== undefined && line.startsWith(`${prefix} `) ? line.slice(prefix.length + 1) : line;
  if (format === "plain") return { text: rest };
  const head = enhanced.exec(rest);
  return head === null ? { text: line } : { text: rest.slice(head[0].length), time: Date.parse(head[1] ?? "") };
};
