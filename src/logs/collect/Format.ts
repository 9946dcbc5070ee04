/**
 * Lines in the form in which they are kept. Bytes go through as latin1 text, one byte a character: the engine then replaces all newlines of a block
 * in one go, and what is no UTF-8 stays what it is. Pure.
 */
import { isUtf8 } from "node:buffer";
import type { LogFormat } from "../LogsSpec.ts";
import { structured } from "./Structured.ts";
import type { LogStream } from "../LogFiles.ts";

/** What all lines of a block have in common. */
export interface Header {
  readonly unit: string;
  readonly stream: LogStream;
  /** Unix milliseconds. */
  readonly time: number;
  /** Of the first line. */
  readonly sequence: number;
}

/** Of one part of an over-long line. */
export interface Part {
  readonly part: number;
  readonly last: boolean;
}

export interface Options {
  readonly format: Exclude<LogFormat, "raw">;
  readonly prefix?: string;
  /** Each line of `enhanced_plain` has its number. */
  readonly withSequence?: boolean;
  /** Further members of each JSON object. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Lines that are data are taken apart. */
  readonly parse?: boolean;
}

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
/** A text as the second argument of `replaceAll`. */
const literally = (text: string): string => text.replaceAll("$", "$$$$");

/** Within a line only: how many parts there are is known with the last one. */
const partMark = (part: Part | undefined): string =>
  part === undefined ? "" : part.last ? `[part ${part.part}, the last] ` : `[part ${part.part}] `;

const plainHead = ({ format, prefix, withSequence }: Options, { sequence, stream, time, unit }: Header, part: Part | undefined): string => {
  const start = prefix === undefined ? "" : `${latin1(prefix)} `;
  if (format === "plain") return start + partMark(part);
  const number = withSequence === true ? `[${sequence}]` : "";
  return `${start}[${new Date(time).toISOString()}][${unit}][${stream}]${number} ${partMark(part)}`;
};

/** Without the newline at the end. */
const body = (block: Buffer): Buffer => (block[block.length - 1] === 0x0a ? block.subarray(0, -1) : block);

const plain = (options: Options, block: Buffer, header: Header, part: Part | undefined): string => {
  const text = body(block).toString("latin1");
  if (options.withSequence === true && options.format === "enhanced_plain") {
    const lines = text.split("\n");
    const out = lines.map((line, at) => `${plainHead(options, { ...header, sequence: header.sequence + at }, part)}${line}\n`);
    return out.join("");
  }
  const head = plainHead(options, header, part);
  return `${head}${head === "" ? text : text.replaceAll("\n", `\n${literally(head)}`)}\n`;
};

/** What JSON does not write as it is: quotes, backslashes, and control characters other than the newline between lines. */
const needsEscape = new RegExp(String.raw`["\\\0-\x09\x0b-\x1f]`);

const jsonHead = ({ metadata, prefix }: Options, { stream, time, unit }: Header, part: Part | undefined): string => {
  const members = {
    time: new Date(time).toISOString(),
    unit,
    stream,
    ...(prefix === undefined ? {} : { prefix }),
    ...metadata,
    ...(part === undefined ? {} : { part: part.part, last: part.last }),
  };
  return `${JSON.stringify(members).slice(0, -1)},"seq":`;
};

const json = (options: Options, block: Buffer, header: Header, part: Part | undefined): string => {
  const bytes = body(block);
  const head = jsonHead(options, header, part);
  let { sequence } = header;
  let out = "";
  const text = bytes.toString("latin1");
  const isParsed = part === undefined && (options.parse === true || options.format === "structured_json");
  if (!isParsed && isUtf8(bytes) && !needsEscape.test(text)) {
    const start = latin1(head);
    for (const line of text.split("\n")) out += `${start}${sequence++},"message":"${line}"}\n`;
    return out;
  }
  for (const line of bytes.toString("utf8").split("\n")) {
    const members = isParsed ? JSON.stringify(structured(line)).slice(1) : `"message":${JSON.stringify(line)}}`;
    out += `${head}${sequence++},${members}\n`;
  }
  return latin1(out);
};

/** Whole lines (or one part of a line) as the bytes that go to the log, one character a byte. */
export const format = (options: Options, block: Buffer, header: Header, part?: Part): string =>
  options.format === "json" || options.format === "structured_json"
    ? json(options, block, header, part)
    : plain(options, block, header, part);

/** How many lines a block has. */
export const linesIn = (block: Buffer): number => {
  let count = block.length > 0 && block[block.length - 1] !== 0x0a ? 1 : 0;
  for (let at = block.indexOf(0x0a); at !== -1; at = block.indexOf(0x0a, at + 1)) count++;
  return count;
};
