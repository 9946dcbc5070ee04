/**
 * integrated/: what an integrated unit and its master say to each other over gRPC; each file is one side of it.
 *
 * For: programs that want to be an integrated unit (`hsu/integrated`: this file), and the rooms above, which import the master's side file by file
 * and only when it is needed.
 * May import: `effect`, protocol/, gRPC and the protobuf runtime; no other room.
 * Never changes: what upstream's units and masters say is understood; what is ours is optional on both sides.
 */
export {
  serveUnit,
  type LogLevelName,
  type Metric,
  type ServedUnit,
  type UnitOptions,
  type UnitReport,
  type UnitState,
} from "./ServeUnit.ts";
export { loadServices, service, type MethodCall, type Methods, type ServedService } from "./Services.ts";
