/**
 * A line as a target is to have it. Pure.
 */
import { hostname } from "node:os";
import { filterOf } from "../collect/Filter.ts";
import { Gathered } from "../collect/Gathered.ts";
import { format, type Options } from "../collect/Format.ts";
import type { LogStream } from "../LogFiles.ts";
import type { PlacedLine } from "./LineReader.ts";
import type { LogRecord } from "./LogSink.ts";
import type { TargetSpec } from "./TargetSpec.ts";

/** Of one output: what each line of it is made to, and whether the target wants it. */
export interface Bodies {
  readonly wants: (line: PlacedLine) => boolean;
  /** `lines`, `nanos`: of the line before. */
  readonly recordOf: (line: PlacedLine, lines: number, nanos: bigint, now: number) => LogRecord;
}

export const bodiesOf = (spec: TargetSpec, unit: string, stream: LogStream, epoch: string): Bodies => {
  const wanted = spec.filters === undefined ? undefined : filterOf(spec.filters);
  const options: Options | undefined =
    spec.format === "raw"
      ? undefined
      : {
          format: spec.format,
          ...(spec.prefix === undefined ? {} : { prefix: spec.prefix.replaceAll("{process_id}", unit) }),
          ...(spec.withSequence === true ? { withSequence: true } : {}),
          ...(spec.withHostname === true ? { metadata: { host: hostname() } } : {}),
        };
  return {
    wants: ({ text }) => wanted?.(text) ?? true,
    recordOf: ({ offset, segment, text, time: known }, lines, before, now) => {
      const time = known ?? now;
      const own = BigInt(time) * 1_000_000n;
      const nanos = own > before ? own : before + 1n;
      let body = text;
      if (options !== undefined && (options.format !== "plain" || options.prefix !== undefined)) {
        const out = new Gathered();
        format(options, Buffer.from(`${text}\n`), { unit, stream, time, sequence: lines + 1 }, undefined, out);
        body = out.bytes.toString("utf8", 0, out.bytes.length - 1);
      }
      return { unit, stream, id: `${epoch}-${segment}-${offset}`, time, nanos, text, body };
    },
  };
};
