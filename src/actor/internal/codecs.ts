/**
 * A protocol as a wire: what turns the payloads, replies and errors of its messages into data that can be copied, and back.
 */
import * as Cause from "effect/Cause";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type { Op, Ops } from "./cell.ts";

export interface Codec {
  readonly encode: (value: unknown) => Exit.Exit<unknown, unknown>;
  readonly decode: (value: unknown) => Exit.Exit<unknown, unknown>;
}

/** A message of another place's actor, as its sender knows it. */
export interface RemoteOp extends Op {
  readonly payload: Codec;
  readonly success: Codec;
  readonly error: Codec;
}

export interface Wire {
  readonly ops: Ops & Readonly<Record<string, RemoteOp | undefined>>;
  readonly tags: ReadonlyArray<string>;
}

const nothing: Codec = { encode: () => Exit.void, decode: () => Exit.void };

/** Binary data and dates are copied as they are; in JSON the one would become a third longer, the other a string. */
const copied = new Set(["effect/schema/Date", "effect/schema/Uint8Array"]);

/**
 * Whether the values of a schema are data that a structured clone copies as they are: then there is nothing to encode. A class, an Option and
 * whatever else has a prototype is not. Pure.
 */
const isPlain = (ast: SchemaAST.AST): boolean => {
  if (ast.encoding !== undefined) return false;
  switch (ast._tag) {
    case "Declaration": {
      const { representation } = (ast.annotations ?? {}) as { readonly representation?: { readonly id?: string } };
      return copied.has(representation?.id ?? "");
    }
    case "Arrays":
      return ast.elements.every(isPlain) && ast.rest.every(isPlain);
    case "Objects":
      return ast.propertySignatures.every(({ type }) => isPlain(type)) && ast.indexSignatures.every(({ type }) => isPlain(type));
    case "Union":
      return ast.types.every(isPlain);
    // A recursive schema is taken for what it may be at worst.
    case "Suspend":
    case "Symbol":
    case "UniqueSymbol":
      return false;
    default:
      return true;
  }
};

const codecOf = (schema: Schema.Codec<unknown, unknown>, form: Form): Codec => {
  if (schema.ast._tag === "Void" || schema.ast._tag === "Never") return nothing;
  // The sender has checked it already.
  if (form === "cloned" && isPlain(schema.ast)) return { encode: Schema.encodeUnknownExit(schema), decode: Exit.succeed };
  try {
    const json = Schema.toCodecJson(schema);
    return { encode: Schema.encodeUnknownExit(json), decode: Schema.decodeUnknownExit(json) };
  } catch (error) {
    // A schema that has no such form, as one with symbols for keys: none of its values fits through.
    const never = (): Exit.Exit<never> => Exit.die(error);
    return { encode: never, decode: never };
  }
};

/** A derivation costs more than all else of a small message: it is made when the first one of its kind comes by. */
const lazy = (schema: () => Schema.Codec<unknown, unknown>, form: Form): Codec => {
  let known: Codec | null = null;
  const codec = (): Codec => (known ??= codecOf(schema(), form));
  return { encode: (value) => codec().encode(value), decode: (value) => codec().decode(value) };
};

const neverHere = (): never => {
  throw new Error("a message of another place's actor is not handled here");
};

/** What carries the data: a structured clone, or a text of JSON. */
type Form = "cloned" | "json";

const wires = { cloned: new WeakMap<object, Wire>(), json: new WeakMap<object, Wire>() };

export const wireOf = (protocol: RpcGroup<any>, form: Form = "cloned"): Wire => {
  let wire = wires[form].get(protocol);
  if (wire !== undefined) return wire;
  const ops: Record<string, RemoteOp> = Object.create(null);
  for (const [tag, rpc] of protocol.requests as ReadonlyMap<string, Rpc.AnyWithProps>) {
    const of = (key: "payloadSchema" | "successSchema" | "errorSchema"): Codec =>
      lazy(() => rpc[key] as Schema.Codec<unknown, unknown>, form);
    const typedError = (rpc.errorSchema as unknown) !== Schema.Never;
    ops[tag] = { tag, handle: neverHere, typedError, payload: of("payloadSchema"), success: of("successSchema"), error: of("errorSchema") };
  }
  wire = { ops, tags: Object.keys(ops) };
  wires[form].set(protocol, wire);
  return wire;
};

/** What an encoding or decoding failed with, as one value. */
export const problemIn = (exit: Exit.Failure<unknown, unknown>): unknown => Cause.squash(exit.cause);
