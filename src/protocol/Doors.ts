/**
 * How each operation is called at each door, or why it is not to be had there. An operation without a line here does not compile.
 */
import type { Operation } from "./Rights.ts";

/** It is not there, and this is why. */
export interface Absent {
  readonly absent: string;
}

const none = (absent: string): Absent => ({ absent });

export interface Names {
  /** Service and method of the package hsu.v1. */
  readonly grpc: string | Absent;
  /** Method and path, as docs/reference/http.md has them. */
  readonly http: string | Absent;
  /** The verb of the command line that does it. */
  readonly cli: string | Absent;
}

const local = none("it is part of `hsu validate`, which needs no master");

/** A session goes both ways for as long as it lasts. */
const session = none("a command that is attended is a session of `hsu exec`, over the socket or `process_manager.rpc`");
const carried = none("it carries what is said to actors that a program exports; `Remote.ref` is for that, over Effect RPC");

const text = none("by it `hsu apply` and `hsu plan` know what of a large file has changed, and read and send no more");

export const doors: Readonly<Record<Operation, Names>> = {
  Status: { grpc: "MasterService/Status", http: "GET /v1/status", cli: "status" },
  Tree: { grpc: "TreeService/Tree", http: "GET /v1/tree", cli: "tree" },
  Describe: { grpc: "UnitService/Describe", http: "GET /v1/units/:unit", cli: "describe" },
  Events: { grpc: "EventService/Events", http: "GET /v1/events", cli: "events" },
  Logs: { grpc: "LogService/Logs", http: "GET /v1/units/:unit/logs", cli: "logs" },
  Resources: { grpc: "UnitService/Resources", http: "GET /v1/resources", cli: "top" },
  Peers: { grpc: "PeerService/Peers", http: "GET /v1/peers", cli: "peer list" },
  Start: { grpc: "UnitService/Start", http: "POST /v1/units/:unit/start", cli: "start" },
  Stop: { grpc: "UnitService/Stop", http: "POST /v1/units/:unit/stop", cli: "stop" },
  Restart: { grpc: "UnitService/Restart", http: "POST /v1/units/:unit/restart", cli: "restart" },
  Roll: { grpc: "UnitService/Roll", http: "POST /v1/roll", cli: "restart --rolling" },
  Signal: { grpc: "UnitService/Signal", http: "POST /v1/units/:unit/signal", cli: "signal" },
  Reload: { grpc: "UnitService/Reload", http: "POST /v1/units/:unit/reload", cli: "reload" },
  ResetFailed: { grpc: "UnitService/ResetFailed", http: "POST /v1/units/:unit/reset-failed", cli: "reset-failed" },
  Call: { grpc: "UnitService/Call", http: "POST /v1/units/:unit/call", cli: "call" },
  Input: { grpc: session, http: session, cli: "attach" },
  Exec: { grpc: session, http: session, cli: "exec" },
  ExecInput: { grpc: session, http: session, cli: "exec" },
  Validate: { grpc: "ConfigService/Validate", http: "POST /v1/config/validate", cli: local },
  Spec: { grpc: "ConfigService/Spec", http: "GET /v1/config", cli: none("`hsu plan` and `hsu diff` show what is not the same") },
  Marks: { grpc: text, http: text, cli: text },
  Plan: { grpc: "ConfigService/Plan", http: "POST /v1/config/plan", cli: "plan" },
  Diff: { grpc: "ConfigService/Diff", http: "GET /v1/config/diff", cli: "diff" },
  Apply: { grpc: "ConfigService/Apply", http: "POST /v1/config/apply", cli: "apply" },
  Revisions: { grpc: "ConfigService/Revisions", http: "GET /v1/config/revisions", cli: "history" },
  Revision: {
    grpc: "ConfigService/Revision",
    http: "GET /v1/config/revisions/:revision",
    cli: none("`hsu diff` shows what has changed since it"),
  },
  Rollback: { grpc: "ConfigService/Rollback", http: "POST /v1/config/rollback", cli: "rollback" },
  Upgrade: { grpc: "MasterService/Upgrade", http: "POST /v1/upgrade", cli: "upgrade" },
  AddPeer: { grpc: "PeerService/AddPeer", http: "POST /v1/peers", cli: "peer add" },
  RemovePeer: { grpc: "PeerService/RemovePeer", http: "DELETE /v1/peers/:name", cli: "peer remove" },
  Audit: { grpc: "AuditService/Audit", http: "GET /v1/audit", cli: "audit" },
  AuditVerify: { grpc: "AuditService/AuditVerify", http: "GET /v1/audit/verify", cli: "audit verify" },
  Actors: { grpc: carried, http: carried, cli: carried },
  ActorMessages: { grpc: carried, http: carried, cli: carried },
  Shutdown: { grpc: "MasterService/Shutdown", http: "POST /v1/shutdown", cli: "down" },
};
