/**
 * How messages of somebody unknown are read: what is no message of ours, too long, or one call too many ends the connection.
 */
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import { FrameRefused, type Refused, TooMany } from "../protocol/RemoteErrors.ts";

type Serialization = RpcSerialization.RpcSerialization["Service"];

/** No message is longer: the largest is a whole config. */
export const longestMessage = 4 * 1024 * 1024;
/** Calls of one connection that have no answer yet. */
export const mostCalls = 100;

const tags: ReadonlySet<unknown> = new Set(["Request", "Ack", "Interrupt", "Ping", "Eof"]);

const isMessage = (value: unknown): value is { readonly _tag: string } => {
  if (typeof value !== "object" || value === null) return false;
  const { _tag, headers, id, tag } = value as Readonly<Record<string, unknown>>;
  if (!tags.has(_tag)) return false;
  return _tag !== "Request" || ((typeof id === "string" || typeof id === "number") && typeof tag === "string" && Array.isArray(headers));
};

const isExit = (value: unknown): boolean => typeof value === "object" && value !== null && "_tag" in value && value._tag === "Exit";

/** `refuse` is called once; nothing that comes after is read. */
export const guarded = (inner: Serialization, refuse: (refused: Refused) => void): Serialization => ({
  ...inner,
  makeUnsafe: () => {
    const parser = inner.makeUnsafe();
    let open = 0;
    let refused = false;
    const stop = (why: Refused): ReadonlyArray<unknown> => {
      refused = true;
      refuse(why);
      return [];
    };
    return {
      decode: (data) => {
        if (refused) return [];
        let messages: ReadonlyArray<unknown>;
        try {
          messages = parser.decode(data);
        } catch (error) {
          const { _tag } = error as { readonly _tag?: unknown };
          const isLong =
            _tag === "MaxBufferSizeExceeded" || (error instanceof Error && /frame size|maxFrameSize|too large/i.test(error.message));
          return stop(
            new FrameRefused({ why: isLong ? `a message is longer than ${longestMessage} bytes` : "what came is no message of hsu" }),
          );
        }
        for (const message of messages) {
          if (!isMessage(message)) return stop(new FrameRefused({ why: "what came is no message of hsu" }));
          if (message._tag === "Request" && ++open > mostCalls)
            return stop(new TooMany({ what: "calls of one connection", most: mostCalls }));
        }
        return messages;
      },
      encode: (response) => {
        open -= Array.isArray(response) ? response.filter(isExit).length : isExit(response) ? 1 : 0;
        return parser.encode(response);
      },
    };
  },
});
