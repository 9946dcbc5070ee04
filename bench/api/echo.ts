/** One call that does nothing, for what carries it; and what is beside a master's own. */
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { MasterEvent } from "../../src/protocol/MasterRpc.ts";

export const echo = RpcGroup.make(Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String }));

/** Two calls that a master has as well, so that one and the same client can make them. */
export const beside = echo.add(
  Rpc.make("Events", { payload: { follow: Schema.Boolean, since: Schema.Int }, success: MasterEvent, stream: true }),
  Rpc.make("Signal", { payload: { unit: Schema.String, signal: Schema.String } }),
);
