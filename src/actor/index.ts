/**
 * The framework: actors, supervisors and what they are made of.
 *
 * It may import `effect` and nothing else, so that it runs wherever JavaScript does: no Node module, no process, no file.
 * What never changes: a message is handled by one handler at a time, in the order in which one sender sent it; a ref names an actor,
 * not an incarnation; nothing that fails goes unreported.
 */
export * as Actor from "./Actor.ts";
export * as Backoff from "./Backoff.ts";
export * as ChildSpec from "./ChildSpec.ts";
export * as CircuitBreaker from "./CircuitBreaker.ts";
export * as CrashReport from "./CrashReport.ts";
export * as DynamicSupervisor from "./DynamicSupervisor.ts";
export * as Event from "./Event.ts";
export * as ExitReason from "./ExitReason.ts";
export * as Group from "./Group.ts";
export * as PartitionSupervisor from "./PartitionSupervisor.ts";
export * as Registry from "./Registry.ts";
export * as Inspect from "./Inspect.ts";
export type * as Mailbox from "./Mailbox.ts";
export * as Remote from "./Remote.ts";
export * as Requests from "./Requests.ts";
export * as RestartIntensity from "./RestartIntensity.ts";
export * as Shutdown from "./Shutdown.ts";
export * as StateMachine from "./StateMachine.ts";
export * as Strategy from "./Strategy.ts";
export * as Supervisor from "./Supervisor.ts";
export * as Task from "./Task.ts";
export * as TaskSupervisor from "./TaskSupervisor.ts";
export * as WorkerSupervisor from "./WorkerSupervisor.ts";
export { ActorDown, CallingSelf, CallTimeout, MailboxFull, NotEncodable, UnknownMessage } from "./ActorRef.ts";
export type { ActorRef, CallError, CallOptions } from "./ActorRef.ts";
