/** What both sides of the worker tests know. */
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";

export class Point extends Schema.Class<Point>("Point")({ x: Schema.Number, y: Schema.Number }) {
  get length(): number {
    return Math.hypot(this.x, this.y);
  }
}

export class TooFar extends Schema.TaggedError<TooFar>()("TooFar", { limit: Schema.Number }) {}

/** One actor for all that may happen to a thread. */
export const probe = RpcGroup.make(
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Notes", { success: Schema.Array(Schema.String) }),
  Rpc.make("Double", { payload: { n: Schema.Number }, success: Schema.Number }),
  Rpc.make("Move", { payload: { point: Point, by: Schema.Option(Schema.Number) }, success: Schema.Option(Point), error: TooFar }),
  Rpc.make("Bytes", { payload: { bytes: Schema.Uint8Array }, success: Schema.Uint8Array }),
  Rpc.make("Anything", { payload: { value: Schema.Unknown }, success: Schema.Unknown }),
  Rpc.make("WrongReply", { success: Schema.Number }),
  Rpc.make("Where", { success: Schema.Struct({ threadId: Schema.Number, path: Schema.Array(Schema.String) }) }),
  Rpc.make("Sleep"),
  Rpc.make("Crash"),
  Rpc.make("Finish"),
  Rpc.make("ExitThread", { payload: { code: Schema.Number } }),
  Rpc.make("ThrowOutside"),
  Rpc.make("SpinForever"),
);

export const bounded = RpcGroup.make(Rpc.make("Take"), Rpc.make("Open"));

/** Of the main thread. */
export const journal = RpcGroup.make(
  Rpc.make("Write", { payload: { line: Schema.String } }),
  Rpc.make("Lines", { success: Schema.Array(Schema.String) }),
);

export type Journal = RpcGroup.Rpcs<typeof journal>;

/** Of a worker that talks to the main thread. */
export const writer = RpcGroup.make(
  Rpc.make("Tell", { payload: { line: Schema.String } }),
  Rpc.make("Ask", { success: Schema.Array(Schema.String) }),
);
