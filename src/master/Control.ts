/**
 * Each operation of a running master, once. The api room adapts it to wires, the cli room shows it.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Stream from "effect/Stream";
import type { Remote } from "../actor/index.ts";
import type { Registry } from "../integrated/Registry.ts";
import type { CallError } from "../protocol/CallErrors.ts";
import type { InvalidTransition, NotAllowed, NotReloadable, NotUpgradable, StartFailed, UnitNotFound } from "../protocol/Errors.ts";
import type { CommandNotStarted, ExecEvent, ExecInput, ExecRequest, NoInput, NoSuchExec, NotBeside } from "../protocol/ExecRpc.ts";
import type {
  CallReply,
  LogLine,
  LogRequest,
  MasterEvent,
  MasterStatus,
  TreeNode,
  UnitDescription,
  UnitStatus,
} from "../protocol/MasterRpc.ts";
import type { ResourceReport } from "../protocol/Resources.ts";
import type { Applied, ApplyFailed, ConfigInvalid, Plan, Revision, RevisionNotFound } from "../protocol/PlanRpc.ts";
import type { Trail } from "../security/index.ts";
import type { Part } from "../config/plan/Part.ts";
import type { Marks, MasterSpec } from "../unit/index.ts";
import type { CallOptions } from "./Call.ts";
import type { Compiled } from "./Compiling.ts";
import type { ResourceRequest } from "./Resources.ts";
import type { Timings } from "./Timings.ts";

export class Control extends Context.Service<
  Control,
  {
    readonly status: Effect.Effect<MasterStatus>;
    readonly tree: Effect.Effect<TreeNode>;
    readonly start: (unit: string) => Effect.Effect<UnitStatus, UnitNotFound | InvalidTransition | StartFailed>;
    readonly stop: (unit: string) => Effect.Effect<UnitStatus, UnitNotFound | InvalidTransition | NotAllowed>;
    readonly restart: (unit: string) => Effect.Effect<UnitStatus, UnitNotFound | InvalidTransition | NotAllowed | StartFailed>;
    /**
     * Restarts units so that those that are alike are never all out: each can be used again before the next one goes, as their `max_unavailable` says. The
     * names may be those of units, of groups and of what there are several of. The first that does not come back ends it.
     */
    readonly roll: (units: ReadonlyArray<string>) => Stream.Stream<UnitStatus, UnitNotFound | InvalidTransition | NotAllowed | StartFailed>;
    readonly signal: (unit: string, signal: string) => Effect.Effect<void, UnitNotFound | InvalidTransition | NotAllowed>;
    /** The unit, with the states that it has been in. */
    readonly describe: (unit: string) => Effect.Effect<UnitDescription, UnitNotFound>;
    /** Sends its reload signal. */
    readonly reload: (unit: string) => Effect.Effect<UnitStatus, UnitNotFound | InvalidTransition | NotReloadable>;
    /** Forgets its failures: a failed unit is simply stopped, one that waits for its backoff or its breaker starts now. */
    readonly resetFailed: (unit: string) => Effect.Effect<UnitStatus, UnitNotFound | InvalidTransition | NotAllowed | StartFailed>;
    /** The kept history from sequence number `since` on, then, with `follow`, each event as it happens. */
    readonly events: (options: { readonly follow: boolean; readonly since: number }) => Stream.Stream<MasterEvent>;
    /** The lines of the unit that are asked for, in the order in which they were written, then, with `follow`, each line as it is written. */
    readonly logs: (request: LogRequest) => Stream.Stream<LogLine, UnitNotFound>;
    /** Calls a method of the unit's own services; without one, tells which there are. Starts a unit that waits for that. */
    readonly call: (options: CallOptions) => Stream.Stream<CallReply, UnitNotFound | StartFailed | CallError>;
    /** Runs a command in the environment of the unit, and beside its process, for as long as the stream is read; `execInput` speaks to it. */
    readonly exec: (request: ExecRequest) => Stream.Stream<ExecEvent, UnitNotFound | NotBeside | CommandNotStarted>;
    readonly execInput: (session: string, input: ExecInput) => Effect.Effect<void, NoSuchExec>;
    /** Writes to the standard input of the unit. */
    readonly input: (unit: string, data: Uint8Array) => Effect.Effect<void, UnitNotFound | NoInput>;
    /** What units use of the machine, and what they may. */
    readonly resources: (request: ResourceRequest) => Effect.Effect<ResourceReport, UnitNotFound>;
    /** Who has published what. Units of this master are known in it by their processes. */
    readonly registry: Registry;
    /** Actors of this process that other processes may talk to. */
    readonly exports: Remote.Exports;
    /** Has another program, given as a command, take the place of this master, soon: the units run on, and are reattached. */
    readonly upgrade: (command: ReadonlyArray<string>) => Effect.Effect<void, NotUpgradable>;
    /** What a config file of this text is, with this master's variables. `file` is how it is called, and where relative paths start; null: as what it runs. */
    readonly compile: (yaml: string, file: string | null) => Effect.Effect<Compiled, ConfigInvalid>;
    /** The config that it runs now, as it may be shown: without the secrets that stand in it. */
    readonly spec: Effect.Effect<MasterSpec>;
    /** How the text of the file that it runs was written, for who has another one; null: it is not known, or not worth it. */
    readonly marks: Effect.Effect<{ readonly version: string; readonly source: string; readonly marks: Marks | null }>;
    /** What `apply` would do, without the secrets. */
    readonly plan: (spec: MasterSpec | Part) => Effect.Effect<Plan, ApplyFailed>;
    /** What has changed since a revision, without the secrets; null: since the one before the last. */
    readonly diff: (revision: number | null) => Effect.Effect<Plan, RevisionNotFound>;
    /** Makes the tree another one: units whose spec is the same are not touched. When that fails, all is taken back. `how` is for the history. */
    readonly apply: (spec: MasterSpec | Part, how: string) => Effect.Effect<Applied, ApplyFailed>;
    /** A config that was to be applied is not valid: an event says so, and nothing else happens. */
    readonly rejected: (how: string, why: string) => Effect.Effect<void>;
    /** The configs that it has run, the oldest first. */
    readonly revisions: Effect.Effect<ReadonlyArray<Revision>>;
    /** One of them, as it may be shown; null: the one before the last. */
    readonly revision: (
      revision: number | null,
    ) => Effect.Effect<{ readonly spec: MasterSpec; readonly revision: number }, RevisionNotFound>;
    /** Applies one of them again; null: the one before the last. */
    readonly rollback: (revision: number | null) => Effect.Effect<Applied, ApplyFailed | RevisionNotFound>;
    /** How long commands and starts have taken; absent: nobody counts. */
    readonly timings?: () => Timings;
    /** Where what is done is written down; absent: it is not. */
    readonly audit?: Trail;
    /** Begins the shutdown and returns; `terminated` tells its end. */
    readonly shutdown: Effect.Effect<void>;
    /** Completes when every unit has been stopped. */
    readonly terminated: Effect.Effect<void>;
  }
>()("hsu/master/Control") {}
