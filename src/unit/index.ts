/**
 * unit/: the supervised thing. A spec becomes two actors: the child of the unit's group, which lives as long as the process does, and the
 * unit's mailbox, which outlives it and answers at any time.
 *
 * May import: actor/, platform/, protocol/, driver/ and the rooms of rank 1; never config/ or above.
 * Never changes: restarts, backoff and stop deadlines are the supervisor's own, this room has none; the lifecycle is one table, and an event
 * that the table does not take is a typed error.
 */
export * as Demand from "./Demand.ts";
export * as FailurePolicy from "./FailurePolicy.ts";
export type { Monitor, Refused, Watched } from "./Monitor.ts";
export * as Lifecycle from "./Lifecycle.ts";
export * as Order from "./Order.ts";
export * as Readiness from "./Readiness.ts";
export type { Overcommitted } from "./ResourceErrors.ts";
export { statusOf } from "./Contract.ts";
export { movePort } from "./Port.ts";
export { waitsForCall } from "./Recovered.ts";
export * as Recovered from "./Recovered.ts";
export type { ModuleSpec } from "./ModuleHost.ts";
export { moduleSpec } from "./ModuleRun.ts";
export type { Unmanaged } from "./Unmanaged.ts";
export { reveal } from "./SecretsOf.ts";
export { watchSpec } from "./Watch.ts";
export { childSpec, emptySlot, type RunRpcs, type Slot } from "./Run.ts";
export { formatExit, ProcessFailed } from "./RunErrors.ts";
export { secretsOf } from "./SecretsOf.ts";
export type { AuditSpec, DoorLimits, TelemetrySpec } from "./Oversight.ts";
export * as Schedule from "./Schedule.ts";
export { Unit, type UnitRef } from "./Unit.ts";
export { UnitRpc, type UnitRpcs } from "./UnitRpc.ts";
export {
  type Breaker,
  type GroupSpec,
  type GroupStrategy,
  type MasterSpec,
  type RestartPolicy,
  type RestartWhen,
  type Retries,
  type StartKind,
  type UnitSpec,
  unitsOf,
  type Mark,
  type Marks,
} from "./UnitSpec.ts";
