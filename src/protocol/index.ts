/**
 * protocol/: what crosses a wire.
 *
 * For: the RPC group of the master and the errors that its calls fail with, for servers, clients and browsers alike; in `gen/`, made of `proto/`, what
 * goes over gRPC.
 * May import: `effect`, `gen/` the protobuf runtime, and nothing of src/.
 * Never changes: a tag, a field or an error code that has been published keeps its meaning; what is added is optional.
 */
export { InvalidTransition, StartFailed, UnitNotFound } from "./Errors.ts";
export {
  type LastExit,
  type LogLine,
  type MasterEvent,
  MasterRpc,
  type MasterStatus,
  type TreeNode,
  type UnitState,
  type UnitStatus,
} from "./MasterRpc.ts";
