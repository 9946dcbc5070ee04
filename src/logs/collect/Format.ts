/**
 * Lines in the form in which they are kept. What stands around a line is latin1 text, one byte a character, and the line itself is bytes: what is no
 * UTF-8 stays what it is. Pure.
 */
import { isUtf8 } from "node:buffer";
import type { LogFormat } from "../LogsSpec.ts";
import type { Frame, Gathered } from "./Gathered.ts";
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

/** Within a line only: how many parts there are is known with the last one. */
const partMark = (part: Part | undefined): string =>
  part === undefined ? "" : part.last ? `[part ${part.part}, the last] ` : `[part ${part.part}] `;

const plainFrame = ({ format, prefix, withSequence }: Options, { sequence, stream, time, unit }: Header, part: Part | undefined): Frame => {
  const start = prefix === undefined ? "" : `${latin1(prefix)} `;
  if (format === "plain") return { before: start + partMark(part), after: "", behind: "\n" };
  const head = `${start}[${new Date(time).toISOString()}][${latin1(unit)}][${stream}]`;
  const mark = ` ${partMark(part)}`;
  return withSequence === true
    ? { before: `${head}[`, number: sequence, after: `]${mark}`, behind: "\n" }
    : { before: head, after: mark, behind: "\n" };
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

/** Without the newline at the end. */
const body = (block: Buffer): Buffer => (block[block.length - 1] === 0x0a ? block.subarray(0, -1) : block);

const json = (options: Options, block: Buffer, header: Header, part: Part | undefined, into: Gathered): void => {
  const bytes = body(block);
  const head = jsonHead(options, header, part);
  let { sequence } = header;
  const isParsed = part === undefined && (options.parse === true || options.format === "structured_json");
  if (!isParsed && isUtf8(bytes) && !needsEscape.test(bytes.toString("latin1"))) {
    into.framed(block, { before: latin1(head), number: sequence, after: ',"message":"', behind: '"}\n' });
    return;
  }
  let out = "";
  for (const line of bytes.toString("utf8").split("\n")) {
    const members = isParsed ? JSON.stringify(structured(line)).slice(1) : `"message":${JSON.stringify(line)}}`;
    out += `${head}${sequence++},${members}\n`;
  }
  into.text(latin1(out), sequence - header.sequence);
};

/** Whole lines (or one part of a line) as they go to the log. */
export const format = (options: Options, block: Buffer, header: Header, part: Part | undefined, into: Gathered): void =>
  options.format === "json" || options.format === "structured_json"
    ? json(options, block, header, part, into)
    : into.framed(block, plainFrame(options, header, part));

/** How many lines a block has. */
export const linesIn = (block: Buffer): number => {
  let count = block.length > 0 && block[block.length - 1] !== 0x0a ? 1 : 0;
  for (let at = block.indexOf(0x0a); at !== -1; at = block.indexOf(0x0a, at + 1)) count++;
  return count;
};
