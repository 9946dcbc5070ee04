/**
 * The mailbox of a unit.
 */
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { InvalidTransition, NotAllowed, NotReloadable, StartFailed } from "../protocol/Errors.ts";
import { LastExit, UnitDescription, UnitStatus } from "../protocol/MasterRpc.ts";
import { reports } from "./Lifecycle.ts";

/** Text for people about what has happened. */
const Note = Schema.NullOr(Schema.String);

export const UnitRpc = RpcGroup.make(
  Rpc.make("Start", { success: UnitStatus, error: Schema.Union([InvalidTransition, StartFailed]) }),
  Rpc.make("Stop", { success: UnitStatus, error: Schema.Union([InvalidTransition, NotAllowed]) }),
  /** It needs a unit that is about to be stopped by hand: it is stopped as well, and comes back with that one. */
  Rpc.make("StopFor", { payload: { unit: Schema.String }, success: UnitStatus, error: Schema.Union([InvalidTransition, NotAllowed]) }),
  Rpc.make("Restart", { success: UnitStatus, error: Schema.Union([InvalidTransition, NotAllowed, StartFailed]) }),
  Rpc.make("Signal", { payload: { signal: Schema.String }, error: Schema.Union([InvalidTransition, NotAllowed]) }),
  Rpc.make("Reload", { success: UnitStatus, error: Schema.Union([InvalidTransition, NotReloadable]) }),
  Rpc.make("ResetFailed", { success: UnitStatus, error: Schema.Union([InvalidTransition, NotAllowed, StartFailed]) }),
  Rpc.make("Describe", { success: UnitStatus }),
  Rpc.make("History", { success: UnitDescription }),
  /** It waited for others, and need not any more. */
  Rpc.make("Unblocked"),
  /** From the actor that runs the process. */
  Rpc.make("ProcessExited", { payload: LastExit }),
  /** From the supervisor of that actor. */
  Rpc.make("Reported", {
    payload: { report: Schema.Literals(reports), note: Note, delayMillis: Schema.NullOr(Schema.Number), at: Schema.Number },
  }),
  /** Something that its process, or a probe of it, has shown: an event in the words of who has seen it. */
  Rpc.make("Noticed", { payload: { type: Schema.String, message: Schema.String } }),
  /** The schedule's timer has gone off; or what has waited behind a run is due now. */
  Rpc.make("Due", { payload: { queued: Schema.Boolean } }),
  /** The process that was started then has been up for as long as its breaker wants it to be. */
  Rpc.make("TrialOver", { payload: { startedAt: Schema.NullOr(Schema.Number) } }),
  /** The last open call to it is over. */
  Rpc.make("Uncalled"),
  /** Nobody has called it for as long as it waits for that, unless there were more calls since. */
  Rpc.make("Idle", { payload: { made: Schema.Int } }),
  /** Nobody holds the sockets of a unit that waits for a connection. */
  Rpc.make("Unheld"),
  /** A connection waits for a unit that is started by one. */
  Rpc.make("Connected"),
  /** Its connections are to be counted, if it is still the process that was started then; nobody has been seen since `quietSince`. */
  Rpc.make("CountConnections", { payload: { startedAt: Schema.NullOr(Schema.Number), quietSince: Schema.NullOr(Schema.Number) } }),
  /** Its spec says something else now. */
  Rpc.make("Respec"),
  /** It has been stopped for being idle. */
  Rpc.make("Rested"),
  /** A command's action is over. */
  Rpc.make("ActionEnded", { payload: { id: Schema.Int, failure: Note, advice: Note, refused: Schema.NullOr(NotAllowed) } }),
);
export type UnitRpcs = RpcGroup.Rpcs<typeof UnitRpc>;
