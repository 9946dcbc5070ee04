/**
 * What each call of `MasterRpc` needs of who makes it, and which of them change something.
 */
import type * as RpcGroup from "effect/rpc/RpcGroup";
import type { MasterRpc } from "./MasterRpc.ts";

/** Each may do what those before it may. */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

export const includes = (has: Role, needed: Role): boolean => roles.indexOf(has) >= roles.indexOf(needed);

export type Operation = RpcGroup.Rpcs<typeof MasterRpc>["_tag"];

/** A call without a line here does not compile: nothing is open by mistake. */
export const needs: Readonly<Record<Operation, Role>> = {
  Status: "viewer",
  Tree: "viewer",
  Describe: "viewer",
  Events: "viewer",
  Logs: "viewer",
  Resources: "viewer",
  Peers: "viewer",
  Start: "operator",
  Stop: "operator",
  Restart: "operator",
  Roll: "operator",
  Signal: "operator",
  Reload: "operator",
  ResetFailed: "operator",
  Call: "operator",
  Input: "operator",
  Exec: "admin",
  ExecInput: "admin",
  // Not for people: how a ref of an actor of another process is carried, over Effect RPC alone.
  Actors: "operator",
  ActorMessages: "operator",
  // A config has commands in it, and whoever may change it may run what he wants.
  Spec: "admin",
  Marks: "admin",
  // It reads files and variables of the master that the text names.
  Validate: "admin",
  Plan: "admin",
  Diff: "admin",
  Apply: "admin",
  Revisions: "admin",
  Revision: "admin",
  Rollback: "admin",
  Upgrade: "admin",
  AddPeer: "admin",
  RemovePeer: "admin",
  // Who did what is the business of who may do all.
  Audit: "admin",
  AuditVerify: "admin",
  Shutdown: "admin",
};

/** Commands that have one outcome: sent twice under one id they are carried out once. */
const once: ReadonlySet<string> = new Set<Operation>([
  "Start",
  "Stop",
  "Restart",
  "Signal",
  "Reload",
  "ResetFailed",
  "Apply",
  "Rollback",
  "Upgrade",
  "Shutdown",
]);
export const isCommand = (operation: string): boolean => once.has(operation);

/** The header in which a command says its id. */
export const commandId = "hsu-command";
