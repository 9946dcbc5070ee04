/**
 * The answer to `Status`, encoded once for all who are given one and the same: see master/Shared.
 */
import * as Exit from "effect/Exit";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import { MasterRpc, type MasterStatus } from "../protocol/MasterRpc.ts";

type Serialization = RpcSerialization.RpcSerialization["Service"];

/** What is made of a thing, for as long as anybody has the thing. */
export const once = <A extends object, B>(make: (of: A) => B): ((of: A) => B) => {
  const known = new WeakMap<A, { readonly made: B }>();
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found.made;
    const made = make(of);
    known.set(of, { made });
    return made;
  };
};

/** As JSON, which it is already: to go through it by its schema would be a quarter of what a status takes. */
export const statusBytes = once((status: MasterStatus): Buffer => Buffer.from(JSON.stringify(status)));
const begun = Buffer.from('{"_tag":"Success","value":');
const ended = Buffer.from("}");

const exits: unknown = Rpc.exitSchema(MasterRpc.requests.get("Status")!);

/** The bytes of what such a success has been encoded as. */
const texts = new WeakMap<object, Buffer>();

/** A codec that encodes one and the same success once. */
const rememberingWith = (codec: Schema.Codec<unknown, unknown>, isText: boolean): Schema.Codec<unknown, unknown> => {
  const encode = Schema.encodeUnknownSync(codec);
  // By what was answered, as each answer has an exit of its own.
  const successes = once((answered: object) => {
    if (!isText) return encode(Exit.succeed(answered));
    const made = { _tag: "Success", value: answered };
    texts.set(made, Buffer.concat([begun, statusBytes(answered as MasterStatus), ended]));
    return made;
  });
  const encoded = (exit: unknown): unknown =>
    Exit.isExit(exit) && Exit.isSuccess(exit) && typeof exit.value === "object" && exit.value !== null
      ? successes(exit.value)
      : encode(exit);
  return Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Unknown, SchemaTransformation.transform({ decode: (exit: unknown) => exit, encode: encoded })),
  );
};

/** For all connections together, which each have a server of their own: codecs as well are made once. */
const codecsOf = (plain: Serialization["codecFor"], isText: boolean): Serialization["codecFor"] => {
  const known = once((schema: Schema.Top): unknown => {
    const codec = plain(schema);
    return schema === exits ? rememberingWith(codec as unknown as Schema.Codec<unknown, unknown>, isText) : codec;
  });
  return known as Serialization["codecFor"];
};
const ofText = codecsOf(RpcSerialization.ndjson.codecFor, true);

const tail = Buffer.from("}\n");
const answerWith = (requestId: unknown, exit: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`{"_tag":"Exit","requestId":${JSON.stringify(requestId)},"exit":`), exit, tail]);

/** For messages as lines of JSON. */
export const inLines = (inner: Serialization): Serialization => ({
  ...inner,
  codecFor: ofText,
  makeUnsafe: () => {
    const parser = inner.makeUnsafe();
    return {
      decode: (data) => parser.decode(data),
      encode: (response) => {
        const { exit, requestId } = response as { readonly exit?: object; readonly requestId?: unknown };
        const text = exit === undefined ? undefined : texts.get(exit);
        return text === undefined ? parser.encode(response) : answerWith(requestId, text);
      },
    };
  },
});

let ofBytes: Serialization["codecFor"] | undefined;
/** For SchemaBinary. */
export const inBytes = (inner: Serialization): Serialization => ({ ...inner, codecFor: (ofBytes ??= codecsOf(inner.codecFor, false)) });
