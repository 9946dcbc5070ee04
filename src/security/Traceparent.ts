/**
 * The trace that a command belongs to, as W3C's Trace Context has it. Pure.
 */
import * as Context from "effect/Context";

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Of the span that it is below: 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Of what is no `traceparent`, or one of no trace: undefined. */
export const parseTraceparent = (header: string | undefined): TraceContext | undefined => {
  const [, version, traceId, spanId, flags] = HEADER.exec(header?.trim() ?? "") ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

/** Said at the door. */
export const Traceparent = Context.Reference<string | undefined>("hsu/security/Traceparent", { defaultValue: () => undefined });
