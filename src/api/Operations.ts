/**
 * Each operation of the wire contract, answered by what can be reached through a door: the same at every door.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Control } from "../master/Control.ts";
import type { Own } from "../peer/Reach.ts";
import { NoAudit } from "../protocol/Audit.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import { type GroupSpec, unitsOf } from "../unit/index.ts";
import type { ActorDoor } from "./ActorDoor.ts";

/** What comes over the wire says that it is one; whether it is, is looked at before it is applied. */
type Spec = Parameters<Control["Service"]["apply"]>[0];

const auditOf = ({ audit }: Own) =>
  audit === undefined || audit.isKept === false
    ? Effect.fail(new NoAudit({ reason: "this master writes none, or none that you may see" }))
    : Effect.succeed(audit);

const groupsOf = (group: GroupSpec): number =>
  group.children.reduce((sum, child) => sum + (child._tag === "Group" ? groupsOf(child) : 0), 1);

/** `now` is asked with each call. */
export const operationsOf = (now: () => Own) => {
  // Loaded by the first client that talks to an actor.
  let loading: Promise<ActorDoor> | undefined;
  let loaded: ActorDoor | undefined;
  const load = Effect.promise(() => (loading ??= import("./ActorDoor.ts").then(({ make }) => (loaded = make()))));
  const actors = Effect.suspend(() => (loaded === undefined ? load : Effect.succeed(loaded)));
  return MasterRpc.of({
    Status: () => now().status,
    Tree: () => now().tree,
    Start: ({ unit }) => now().start(unit),
    Stop: ({ unit }) => now().stop(unit),
    Restart: ({ unit }) => now().restart(unit),
    Describe: ({ unit }) => now().describe(unit),
    Reload: ({ unit }) => now().reload(unit),
    ResetFailed: ({ unit }) => now().resetFailed(unit),
    Signal: ({ unit, signal }) => now().signal(unit, signal),
    Events: (options) => now().events(options),
    Logs: (options) => now().logs(options),
    Call: (options) => now().call(options),
    Exec: (request) => now().exec(request),
    ExecInput: ({ input, session }) => now().execInput(session, input),
    Input: ({ data, unit }) => now().input(unit, data),
    Resources: (request) => now().resources(request),
    Validate: ({ file, yaml }) =>
      Effect.map(now().compile(yaml, file), ({ spec: { root }, warnings }) => ({
        units: unitsOf(root).length,
        groups: groupsOf(root),
        warnings,
      })),
    Spec: () => now().spec,
    Marks: () => now().marks,
    Plan: ({ spec }) => now().plan(spec as Spec),
    Diff: ({ revision }) => now().diff(revision),
    Apply: ({ how, spec }) => now().apply(spec as Spec, how),
    Revisions: () => now().revisions,
    Revision: ({ revision }) => now().revision(revision),
    Rollback: ({ revision }) => now().rollback(revision),
    Upgrade: ({ command }) => now().upgrade(command),
    Peers: () => now().peers,
    AddPeer: (peer) => now().addPeer(peer),
    RemovePeer: ({ name }) => now().removePeer(name),
    Roll: ({ units }) => now().roll(units),
    Audit: (request) => Stream.unwrap(Effect.map(auditOf(now()), ({ records }) => records(request))),
    AuditVerify: () => Effect.flatMap(auditOf(now()), ({ verify }) => verify),
    Actors: ({ session }) => Stream.unwrap(Effect.map(actors, ({ open }) => open(session, now().exports))),
    ActorMessages: ({ session, ...batch }) => Effect.flatMap(actors, ({ messages }) => messages(session, batch)),
    Shutdown: () => now().shutdown,
  });
};
