/**
 * The master's own RPC surface: what `hsu status` and the other verbs say over the unix socket, and other masters over the network.
 */
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { CommandNotStarted, ExecEvent, ExecInput, ExecRequest, NoInput, NoSuchExec, NotBeside } from "./ExecRpc.ts";
import { Batch, NotServed, Opening, SessionBatch } from "./Actors.ts";
import { LogTarget } from "./LogTargets.ts";
import { AuditEntry, AuditRequest, AuditVerdict, NoAudit } from "./Audit.ts";
import { CallError } from "./CallErrors.ts";
import { Door } from "./Door.ts";
import { PeerNameTaken, PeerNotFound, PeerSpec, PeerStatus, PeersUnusable } from "./Peers.ts";
import { AddressNotUsable } from "./RemoteErrors.ts";
import { ResourceReport } from "./Resources.ts";
import { Applied, ApplyFailed, ConfigInvalid, Plan, Revision, RevisionNotFound, Validated } from "./PlanRpc.ts";
import { InvalidTransition, NotAllowed, NotReloadable, NotUpgradable, StartFailed, UnitNotFound } from "./Errors.ts";

/** State of a unit, as the lifecycle table names it. */
export const UnitState = Schema.Literals([
  "stopped",
  "waiting",
  "blocked",
  "starting",
  "running",
  "completed",
  "stopping",
  "failed",
  "backoff",
]);
export type UnitState = typeof UnitState.Type;

/** What the probes of a unit say; `unknown` until they have said something. */
export const Health = Schema.Literals(["unknown", "healthy", "unhealthy"]);
export type Health = typeof Health.Type;

/** How the last process of a unit ended: an exit code or a signal's name. */
export const LastExit = Schema.Struct({
  code: Schema.NullOr(Schema.Int),
  signal: Schema.NullOr(Schema.String),
  /** Why the master has ended it, where nobody had asked for that: `liveness probe failed 3 times: HTTP 503`. */
  because: Schema.optionalKey(Schema.String),
  /** Unix time, milliseconds. */
  at: Schema.Number,
});
export type LastExit = typeof LastExit.Type;

/** A state that a unit has come into, and why. */
export const Transition = Schema.Struct({
  state: UnitState,
  /** Unix milliseconds. */
  at: Schema.Number,
  reason: Schema.NullOr(Schema.String),
});
export type Transition = typeof Transition.Type;

/** One unit, as `hsu status` shows it. Times are Unix milliseconds, memory is bytes. */
export const UnitStatus = Schema.Struct({
  id: Schema.String,
  kind: Schema.String,
  /** Ids from the root group to the unit's own group. */
  groups: Schema.Array(Schema.String),
  state: UnitState,
  /** Why it is in this state, where that is not plain: `disabled`, `gave up after 3 restarts`, `stopped by hand` … */
  reason: Schema.NullOr(Schema.String),
  pid: Schema.NullOr(Schema.Int),
  /** Automatic restarts since the master started. */
  restarts: Schema.Int,
  startedAt: Schema.NullOr(Schema.Number),
  /** When the next start is due: in `backoff`, and of a unit with a schedule. */
  nextStartAt: Schema.NullOr(Schema.Number),
  lastExit: Schema.NullOr(LastExit),
  memory: Schema.NullOr(Schema.Number),
  /** Percent of one core, of all its processes, when it was looked at last. */
  cpu: Schema.optionalKey(Schema.Number),
  /** Its limits, while it runs, and who holds each: `cgroup v2`, `cgroup v1`, `rlimit`, `nice`, `affinity`, `monitor` or `nobody`. */
  limits: Schema.optionalKey(Schema.Array(Schema.Struct({ limit: Schema.String, by: Schema.String }))),
  /** What is wrong with its limits: those that nobody holds, and those that are broken. */
  warnings: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Null: no probe looks at it. */
  health: Schema.NullOr(Health),
  /** Whether it can be used: its process runs, and its readiness probe, if it has one, passes. */
  ready: Schema.Boolean,
  /** Where an integrated unit listens, while it runs. */
  port: Schema.optionalKey(Schema.Int),
  /** Of a unit with a circuit breaker: `open`, it is left alone for a while; `half_open`, it is on trial. */
  breaker: Schema.optionalKey(Schema.Literals(["closed", "open", "half_open"])),
  /** Absent: its output goes nowhere but to its log. */
  logTargets: Schema.optionalKey(Schema.Array(LogTarget)),
});
export type UnitStatus = typeof UnitStatus.Type;

/** What a unit that serves hsu.unit.v1 says of itself; what it does not say is empty. */
export const OwnStatus = Schema.Struct({
  state: Schema.String,
  message: Schema.String,
  version: Schema.String,
  logLevel: Schema.String,
});
export type OwnStatus = typeof OwnStatus.Type;

/** One unit, with what has become of it. */
export const UnitDescription = Schema.Struct({
  status: UnitStatus,
  own: Schema.optionalKey(OwnStatus),
  /** Of a unit that is a process of ours: what is executed, and where. An integrated one is told its port behind that. */
  program: Schema.optionalKey(Schema.Struct({ command: Schema.Array(Schema.String), folder: Schema.String })),
  /** Units and groups that it starts after, and those that it needs as well, as its config names them; absent: none. */
  after: Schema.optionalKey(Schema.Array(Schema.String)),
  requires: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The states that it has been in, the oldest first: the last 20. */
  history: Schema.Array(Transition),
});
export type UnitDescription = typeof UnitDescription.Type;

/** The master itself and all its units. */
export const MasterStatus = Schema.Struct({
  pid: Schema.Int,
  version: Schema.String,
  source: Schema.String,
  /** `starting` until each enabled unit has been started, `stopping` from the begin of the shutdown. */
  phase: Schema.Literals(["starting", "running", "stopping"]),
  startedAt: Schema.Number,
  now: Schema.Number,
  memory: Schema.NullOr(Schema.Number),
  units: Schema.Array(UnitStatus),
  /** Other masters, whose units are among those above as `NAME/unit`; absent: it knows of none. */
  peers: Schema.optionalKey(Schema.Array(PeerStatus)),
});
export type MasterStatus = typeof MasterStatus.Type;

/** One line of the tree: a supervisor, a worker of the master, or a unit. */
export interface TreeNode {
  readonly id: string;
  readonly kind: "supervisor" | "worker" | "unit";
  /** A supervisor's strategy. */
  readonly strategy: string | null;
  /** A unit's lifecycle state; `running` or `down` for the rest, and of a group whose breaker is not closed `circuit open` or `circuit half-open`. */
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly children: ReadonlyArray<TreeNode>;
}
export const TreeNode: Schema.Codec<TreeNode> = Schema.Struct({
  id: Schema.String,
  kind: Schema.Literals(["supervisor", "worker", "unit"]),
  strategy: Schema.NullOr(Schema.String),
  state: Schema.String,
  pid: Schema.NullOr(Schema.Int),
  restarts: Schema.Int,
  children: Schema.Array(Schema.suspend((): Schema.Codec<TreeNode> => TreeNode)),
});

/** Something that happened in the tree. `seq` grows by one an event and starts at 1 with the master. */
export const MasterEvent = Schema.Struct({
  seq: Schema.Int,
  /** Unix milliseconds. */
  at: Schema.Number,
  /** Ids from the root to the subject, e.g. `["units","web","server"]`. */
  path: Schema.Array(Schema.String),
  /** started · exited · restarting · gave_up · stopped · escalated · shutdown … */
  type: Schema.String,
  /** One line for people. */
  message: Schema.String,
});
export type MasterEvent = typeof MasterEvent.Type;

/** One line of a unit's output, without its newline. */
export const LogLine = Schema.Struct({
  unit: Schema.String,
  stream: Schema.Literals(["stdout", "stderr"]),
  text: Schema.String,
  /** When it was read, Unix milliseconds; absent: nobody knows. */
  time: Schema.optionalKey(Schema.Number),
  /** For who may go on later: `after` this line is what comes next of both outputs. Not with each line. */
  cursor: Schema.optionalKey(Schema.String),
});
export type LogLine = typeof LogLine.Type;

/** Which lines of a unit's output. */
export const LogRequest = Schema.Struct({
  unit: Schema.String,
  follow: Schema.Boolean,
  /** So many of the last ones; null: all. */
  lines: Schema.NullOr(Schema.Int),
  /** Written at or after, and before: Unix milliseconds. */
  since: Schema.optionalKey(Schema.Number),
  until: Schema.optionalKey(Schema.Number),
  /** A regular expression; what is none is looked for as it is. */
  grep: Schema.optionalKey(Schema.String),
  /** Lines that give themselves this level, or a graver one. */
  level: Schema.optionalKey(Schema.Literals(["trace", "debug", "info", "warn", "error", "fatal"])),
  /** With `follow`: lines have cursors. */
  resumable: Schema.optionalKey(Schema.Boolean),
  /** The cursor of a line that an earlier master may have read: all that is behind it, whatever `lines` says. */
  after: Schema.optionalKey(Schema.String),
});
export type LogRequest = typeof LogRequest.Type;

/** How long a call of a unit's own service is waited for where nobody says how long. */
export const usualCallMillis = 30_000;

/** A reply of a unit's own service, or one of the methods that it serves. */
export const CallReply = Schema.Union([
  Schema.TaggedStruct("Reply", { json: Schema.String }),
  Schema.TaggedStruct("Method", {
    /** `package.Service/Method` */
    method: Schema.String,
    /** Full names of messages. */
    request: Schema.String,
    response: Schema.String,
    requestStream: Schema.Boolean,
    responseStream: Schema.Boolean,
  }),
]);
export type CallReply = typeof CallReply.Type;

const unit = { unit: Schema.String };

/**
 * The group. `Shutdown` answers when the shutdown has begun; the connection ends when the master has ended.
 */
export const MasterRpc = RpcGroup.make(
  Rpc.make("Status", { success: MasterStatus }),
  Rpc.make("Tree", { success: TreeNode }),
  Rpc.make("Start", { payload: unit, success: UnitStatus, error: Schema.Union([UnitNotFound, InvalidTransition, StartFailed]) }),
  Rpc.make("Stop", { payload: unit, success: UnitStatus, error: Schema.Union([UnitNotFound, InvalidTransition, NotAllowed]) }),
  Rpc.make("Restart", {
    payload: unit,
    success: UnitStatus,
    error: Schema.Union([UnitNotFound, InvalidTransition, NotAllowed, StartFailed]),
  }),
  /** Each as it is back; the first that does not come back ends it. */
  Rpc.make("Roll", {
    payload: { units: Schema.Array(Schema.String) },
    success: UnitStatus,
    error: Schema.Union([UnitNotFound, InvalidTransition, NotAllowed, StartFailed]),
    stream: true,
  }),
  Rpc.make("Signal", {
    payload: { unit: Schema.String, signal: Schema.String },
    error: Schema.Union([UnitNotFound, InvalidTransition, NotAllowed]),
  }),
  Rpc.make("Describe", { payload: unit, success: UnitDescription, error: UnitNotFound }),
  Rpc.make("Reload", { payload: unit, success: UnitStatus, error: Schema.Union([UnitNotFound, InvalidTransition, NotReloadable]) }),
  Rpc.make("ResetFailed", {
    payload: unit,
    success: UnitStatus,
    error: Schema.Union([UnitNotFound, InvalidTransition, NotAllowed, StartFailed]),
  }),
  /** History first (at most the master's ring of them, from `since` on), then, with `follow`, what happens. */
  Rpc.make("Events", { payload: { follow: Schema.Boolean, since: Schema.Int }, success: MasterEvent, stream: true }),
  /** What is there first, then, with `follow`, what is written. */
  Rpc.make("Logs", {
    payload: LogRequest,
    success: LogLine,
    error: UnitNotFound,
    stream: true,
  }),
  /** Each reply as JSON; without a method, what the unit serves. */
  Rpc.make("Call", {
    payload: { unit: Schema.String, method: Schema.NullOr(Schema.String), json: Schema.String, timeoutMillis: Schema.Number },
    success: CallReply,
    error: Schema.Union([UnitNotFound, StartFailed, ...CallError.members]),
    stream: true,
  }),
  /** A command beside the unit; `ExecInput` speaks to it. */
  Rpc.make("Exec", {
    payload: ExecRequest,
    success: ExecEvent,
    error: Schema.Union([UnitNotFound, NotBeside, CommandNotStarted]),
    stream: true,
  }),
  Rpc.make("ExecInput", { payload: { session: Schema.String, input: ExecInput }, error: NoSuchExec }),
  /** For the standard input of the unit. Answered when its pipe has taken it. */
  Rpc.make("Input", { payload: { unit: Schema.String, data: Schema.Uint8Array }, error: Schema.Union([UnitNotFound, NoInput]) }),
  /** What units use; of all of them where none is named. */
  Rpc.make("Resources", {
    payload: { unit: Schema.NullOr(Schema.String), history: Schema.Boolean, detail: Schema.Boolean },
    success: ResourceReport,
    error: UnitNotFound,
  }),
  /** The text of a config file; `file` is how it is called, and where relative paths start, without it as what it runs. */
  Rpc.make("Validate", {
    payload: { yaml: Schema.String, file: Schema.NullOr(Schema.String) },
    success: Validated,
    error: ConfigInvalid,
  }),
  /** The compiled config that it runs, without its secrets. */
  Rpc.make("Spec", { success: Schema.Unknown }),
  /** What the text of its file was, piece by piece; null: the whole is to be sent. */
  Rpc.make("Marks", {
    success: Schema.Struct({ version: Schema.String, source: Schema.String, marks: Schema.Unknown }),
  }),
  /** One that it is to run: data of one and the same version of hsu. What that would do, and does. */
  Rpc.make("Plan", { payload: { spec: Schema.Unknown }, success: Plan, error: ApplyFailed }),
  Rpc.make("Apply", { payload: { spec: Schema.Unknown, how: Schema.String }, success: Applied, error: ApplyFailed }),
  Rpc.make("Revisions", { success: Schema.Array(Revision) }),
  /** Null: the one before the last. */
  Rpc.make("Revision", {
    payload: { revision: Schema.NullOr(Schema.Int) },
    success: Schema.Struct({ revision: Schema.Int, spec: Schema.Unknown }),
    error: RevisionNotFound,
  }),
  /** What has changed since that. */
  Rpc.make("Diff", { payload: { revision: Schema.NullOr(Schema.Int) }, success: Plan, error: RevisionNotFound }),
  Rpc.make("Rollback", {
    payload: { revision: Schema.NullOr(Schema.Int) },
    success: Applied,
    error: Schema.Union([ApplyFailed, RevisionNotFound]),
  }),
  Rpc.make("Upgrade", { payload: { command: Schema.Array(Schema.String) }, error: NotUpgradable }),
  Rpc.make("Peers", { success: Schema.Array(PeerStatus) }),
  Rpc.make("AddPeer", { payload: PeerSpec, success: PeerStatus, error: Schema.Union([PeerNameTaken, PeersUnusable, AddressNotUsable]) }),
  Rpc.make("RemovePeer", { payload: { name: Schema.String }, error: Schema.Union([PeerNotFound, PeersUnusable]) }),
  /** Records of the audit log, the oldest first. */
  Rpc.make("Audit", { payload: AuditRequest, success: AuditEntry, error: NoAudit, stream: true }),
  Rpc.make("AuditVerify", { success: AuditVerdict, error: NoAudit }),
  /** What exported actors have to say, beginning with an empty text: from then on they can be spoken to. */
  Rpc.make("Actors", { payload: Opening, success: Batch, error: NotServed, stream: true }),
  /** Something for them. What they answer in the same breath comes back with it. */
  Rpc.make("ActorMessages", { payload: SessionBatch, success: Schema.NullOr(Batch), error: NotServed }),
  Rpc.make("Shutdown"),
).middleware(Door);
