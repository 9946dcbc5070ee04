/**
 * What a master is made of, as one lazy import.
 */
export * as api from "../api/index.ts";
export * as driver from "../driver/index.ts";
export * as logs from "../logs/index.ts";
export { Control } from "../master/Control.ts";
export * as master from "../master/Master.ts";
export * as peer from "../peer/index.ts";
export * as platform from "../platform/index.ts";
export * as store from "../store/index.ts";
export * as Audit from "../security/audit/Trail.ts";
export { layer as processes, masterRunsOn } from "../platform/Systems.ts";
export { reveal, unitsOf } from "../unit/index.ts";
export { replace } from "./replace.ts";
export * as ownFiles from "./OwnFiles.ts";
