/**
 * Lines that are data: JSON objects and logfmt. Pure.
 */
import { type Level, levelNamed, levelOf } from "../read/Level.ts";

export interface Structured {
  readonly message: string;
  readonly level?: Level;
  /** What else the line says; absent: nothing. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const messageKeys = ["message", "msg"];
const levelKeys = ["level", "severity", "lvl", "log.level"];

const pair = /([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"=]*))(?:\s+|$)/y;

/** Undefined: it is none; two pairs at least, and nothing between them. */
const logfmt = (line: string): Readonly<Record<string, unknown>> | undefined => {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let count = 0;
  pair.lastIndex = 0;
  while (pair.lastIndex < line.length) {
    const found = pair.exec(line);
    if (found === null) return undefined;
    fields[found[1]!] = found[2]?.replaceAll(/\\(.)/g, "$1") ?? found[3];
    count++;
  }
  return count < 2 ? undefined : fields;
};

const object = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    // It only begins like an object.
    return undefined;
  }
};

/** A line that is no data is its own message. */
export const structured = (line: string): Structured => {
  const found = line.startsWith("{") ? object(line) : logfmt(line);
  const own = found === undefined ? levelOf(line) : undefined;
  if (found === undefined) return { message: line, ...(own === undefined ? {} : { level: own }) };
  const messageKey = messageKeys.find((key) => typeof found[key] === "string");
  const levelKey = levelKeys.find((key) => levelNamed(found[key]) !== undefined);
  const level = levelKey === undefined ? undefined : levelNamed(found[levelKey]);
  const fields = Object.fromEntries(Object.entries(found).filter(([key]) => key !== messageKey && key !== levelKey));
  return {
    message: messageKey === undefined ? line : String(found[messageKey]),
    ...(level === undefined ? {} : { level }),
    // Without a message of its own the line stands for itself.
    ...(messageKey === undefined || Object.keys(fields).length === 0 ? {} : { fields }),
  };
};
