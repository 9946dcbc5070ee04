/**
 * Exit reasons and errors as plain data: an error keeps its name, message, stack, `_tag` and `code`, and loses its class.
 */
import * as Cause from "effect/Cause";
import * as ExitReason from "../ExitReason.ts";

type WireValue =
  | { readonly kind: "error"; readonly name: string; readonly message: string; readonly stack: string | undefined; readonly more: object }
  | { readonly kind: "value"; readonly value: unknown };

export interface WireReason {
  readonly tag: ExitReason.ExitReason["_tag"];
  readonly value?: WireValue;
  readonly defect?: boolean;
}

export const encodeValue = (value: unknown): WireValue => {
  if (value instanceof Error) {
    const { name, message, stack } = value;
    const more: Record<string, string> = {};
    for (const key of ["_tag", "code"] as const) {
      const known = (value as { readonly _tag?: unknown; readonly code?: unknown })[key];
      if (typeof known === "string") more[key] = known;
    }
    return { kind: "error", name, message, stack, more };
  }
  try {
    return { kind: "value", value: structuredClone(value) };
  } catch {
    // What cannot be copied still has a text.
    return { kind: "value", value: String(value) };
  }
};

export const decodeValue = (wire: WireValue): unknown => {
  if (wire.kind === "value") return wire.value;
  const error = new Error(wire.message);
  Object.defineProperty(error, "name", { value: wire.name, configurable: true });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return Object.assign(error, wire.more);
};

export const encodeReason = (reason: ExitReason.ExitReason): WireReason => {
  if (reason._tag === "Error") {
    return { tag: "Error", value: encodeValue(Cause.squash(reason.cause)), defect: Cause.hasDies(reason.cause) };
  }
  if (reason._tag === "NodeDown") return { tag: "NodeDown", value: encodeValue([reason.node, reason.why]) };
  return reason._tag === "Shutdown" && reason.info !== undefined
    ? { tag: "Shutdown", value: encodeValue(reason.info) }
    : { tag: reason._tag };
};

export const decodeReason = ({ defect, tag, value }: WireReason): ExitReason.ExitReason => {
  const known = value === undefined ? undefined : decodeValue(value);
  if (tag === "Error") return ExitReason.fromCause(defect === true ? Cause.die(known) : Cause.fail(known));
  if (tag === "Shutdown") return known === undefined ? ExitReason.shutdown : ExitReason.shutdownWith(known);
  if (tag === "NodeDown") {
    const [node, why] = known as readonly [string, string];
    return ExitReason.nodeDown(node, why);
  }
  return { _tag: tag };
};
