/** What both programs know: the protocol of the stock. */
import { Schema } from "effect";
import { Rpc, RpcGroup } from "effect/rpc";

export class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", { item: Schema.String }) {}

export const stock = RpcGroup.make(
  Rpc.make("Take", { payload: { item: Schema.String }, success: Schema.Number, error: SoldOut }),
  Rpc.make("Deliver", { payload: { item: Schema.String, count: Schema.Number } }),
  Rpc.make("Left", { success: Schema.Record(Schema.String, Schema.Number) }),
);
