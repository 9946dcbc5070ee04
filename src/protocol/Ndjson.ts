/**
 * Messages as lines of JSON. Effect's own reader goes through all that has come of a message with each piece that comes: a tree of ten thousand units
 * comes in a hundred pieces.
 */
import * as Layer from "effect/Layer";
import * as RpcSerialization from "effect/rpc/RpcSerialization";

/** The longest message of who may do anything here: the largest config there may be, several times. */
const longest = 64 * 1024 * 1024;

export const linesOf = (most: number): ((text: string) => ReadonlyArray<unknown>) => {
  let pending: Array<string> = [];
  let length = 0;
  const tooLong = (): never => {
    pending = [];
    throw new RpcSerialization.MaxBufferSizeExceeded({ maxBufferSize: most });
  };
  const value = (line: string): unknown => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      pending = [];
      throw new RpcSerialization.NdjsonDecodeError({ cause });
    }
  };
  return (text) => {
    const items: Array<unknown> = [];
    let at = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
      if (length + end - at > most) tooLong();
      const line = pending.length === 0 ? text.slice(at, end) : pending.join("") + text.slice(at, end);
      pending = [];
      length = 0;
      at = end + 1;
      if (line !== "" && line !== "\r") items.push(value(line));
    }
    if (at < text.length) {
      pending.push(at === 0 ? text : text.slice(at));
      length += text.length - at;
      if (length > most) tooLong();
    }
    return items;
  };
};

/** In place of Effect's. */
export const layer = (most = longest): Layer.Layer<RpcSerialization.RpcSerialization> =>
  Layer.succeed(RpcSerialization.RpcSerialization, {
    ...RpcSerialization.ndjson,
    makeUnsafe: () => {
      const { encode } = RpcSerialization.ndjson.makeUnsafe();
      const lines = linesOf(most);
      const decoder = new TextDecoder();
      return { encode, decode: (bytes) => lines(typeof bytes === "string" ? bytes : decoder.decode(bytes, { stream: true })) };
    },
  });
