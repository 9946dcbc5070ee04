/**
 * What each call of `MasterRpc` passes before it is answered: whether it may be made, and whether it has been made before.
 */
import * as RpcMiddleware from "effect/rpc/RpcMiddleware";
import { Refusal } from "./RemoteErrors.ts";

export class Door extends RpcMiddleware.Service<Door>()("hsu/protocol/Door", { error: Refusal }) {}
