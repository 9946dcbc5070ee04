/**
 * Errors as gRPC has them: a code, a line, and for programs the whole of it as google.rpc.Status with a google.rpc.ErrorInfo.
 */
import { Metadata, status as Code } from "@grpc/grpc-js";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import * as Cause from "effect/Cause";
import type { GrpcCode } from "./Kinds.ts";
import { kinds } from "./Kinds.ts";

/** What a call ends with. */
export interface Ended {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

interface Explained {
  readonly _tag: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** UnitNotFound is UNIT_NOT_FOUND. */
const reasonOf = (tag: string): string => tag.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();

const errorInfo = ({ _tag, code, hint }: Explained): Uint8Array => {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(reasonOf(_tag)).tag(2, WireType.LengthDelimited).string("hsu");
  for (const [key, value] of Object.entries({ code, hint })) {
    writer
      .tag(3, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(key)
      .tag(2, WireType.LengthDelimited)
      .string(value)
      .join();
  }
  return writer.finish();
};

const statusBytes = (number: number, error: Explained): Uint8Array =>
  new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(number)
    .tag(2, WireType.LengthDelimited)
    .string(error.message)
    .tag(3, WireType.LengthDelimited)
    .fork()
    .tag(1, WireType.LengthDelimited)
    .string("type.googleapis.com/google.rpc.ErrorInfo")
    .tag(2, WireType.LengthDelimited)
    .bytes(errorInfo(error))
    .join()
    .finish();

/** Of an error that a call of a master can fail with; anything else is the master's own fault, and nobody's business. */
const ended = (error: unknown): Ended => {
  const tag = (error as { readonly _tag?: unknown } | null)?._tag;
  const [, name] = kinds[tag as keyof typeof kinds] ?? [];
  return name === undefined ? internal : explained(name, error as Explained);
};

const explained = (name: GrpcCode, error: Explained): Ended => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(statusBytes(Code[name], error)));
  // For who has nothing at hand that reads the other.
  metadata.set("hsu-code", error.code);
  return { code: Code[name], details: error.message.toWellFormed(), metadata };
};

const plain = (code: number, details: string): Ended => ({ code, details, metadata: new Metadata() });

const internal = plain(Code.INTERNAL, "the master cannot answer");
const cancelled = plain(Code.CANCELLED, "the call was cancelled");
export const ending = plain(Code.UNAVAILABLE, "the master does not serve any more");

/** Of a call that was not answered. */
export const endOf = (cause: Cause.Cause<unknown>): Ended => {
  if (Cause.hasInterruptsOnly(cause)) return cancelled;
  const error = Cause.findErrorOption(cause);
  return error._tag === "Some" ? ended(error.value) : internal;
};
