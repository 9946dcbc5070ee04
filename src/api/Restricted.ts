/**
 * What is left of a master for who may see one group of it: units that are not in it are not there.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { isWithin } from "../peer/Names.ts";
import type { Reach } from "../peer/Reach.ts";
import { UnitNotFound } from "../protocol/Errors.ts";
import type { TreeNode } from "../protocol/MasterRpc.ts";
import { Forbidden } from "../protocol/RemoteErrors.ts";

/** What other masters have of that name is not meant. */
const subtree = (node: TreeNode, group: string, path: ReadonlyArray<string> = []): TreeNode | undefined => {
  if (node.kind === "supervisor" && (path.length === 0 ? node.id === group : isWithin(path, group))) return node;
  for (const child of node.children) {
    const found = subtree(child, group, [...path, child.id]);
    if (found !== undefined) return found;
  }
  return undefined;
};

const restrictedTo = (group: string, reach: Reach): Reach => {
  const isIn = ({ groups }: { readonly groups: ReadonlyArray<string> }): boolean => isWithin(groups, group);
  const seen = (unit: string) =>
    Effect.flatMap(reach.describe(unit), (description) =>
      isIn(description.status) ? Effect.succeed(description) : Effect.fail(new UnitNotFound({ unit, nearest: null })),
    );
  const refuse = Effect.fail(
    new Forbidden({ why: `this is for the whole master, and you may what is in the group ${JSON.stringify(group)}` }),
  );
  const command =
    <Rest extends ReadonlyArray<unknown>, A, E>(run: (unit: string, ...rest: Rest) => Effect.Effect<A, E>) =>
    (unit: string, ...rest: Rest) =>
      Effect.andThen(seen(unit), run(unit, ...rest));
  const status = Effect.map(reach.status, ({ peers: _peers, ...all }) => ({ ...all, units: all.units.filter(isIn) }));
  return {
    status,
    tree: Effect.flatMap(reach.tree, (whole) => {
      const part = subtree(whole, group);
      return part === undefined
        ? Effect.fail(new Forbidden({ why: `there is no group ${JSON.stringify(group)}, which is all that you may see` }))
        : Effect.succeed(part);
    }),
    start: command(reach.start),
    stop: command(reach.stop),
    restart: command(reach.restart),
    // Only units that are named themselves: what several are called together may be elsewhere.
    roll: (units) => Stream.unwrap(Effect.as(Effect.forEach(units, seen, { discard: true }), reach.roll(units))),
    signal: command(reach.signal),
    reload: command(reach.reload),
    resetFailed: command(reach.resetFailed),
    describe: seen,
    events: (options) => Stream.filter(reach.events(options), ({ path }) => isWithin(path, group)),
    logs: (request) => Stream.unwrap(Effect.as(seen(request.unit), reach.logs(request))),
    call: (request) => Stream.unwrap(Effect.as(seen(request.unit), reach.call(request))),
    input: command(reach.input),
    // Whoever may run what he wants is not held to a group.
    exec: () => Stream.fromEffect(refuse),
    execInput: () => refuse,
    resources: (request) => {
      if (request.unit !== null) return Effect.andThen(seen(request.unit), reach.resources(request));
      return Effect.zipWith(status, reach.resources(request), ({ units }, report) => {
        const ids = new Set(units.map(({ id }) => id));
        return { ...report, master: null, units: report.units.filter(({ unit }) => ids.has(unit)) };
      });
    },
    registry: reach.registry,
    exports: reach.exports.within(group),
    upgrade: () => refuse,
    compile: () => refuse,
    spec: refuse,
    marks: refuse,
    plan: () => refuse,
    diff: () => refuse,
    apply: () => refuse,
    rejected: () => refuse,
    revisions: refuse,
    revision: () => refuse,
    rollback: () => refuse,
    peers: Effect.map(reach.peers, (all) => all.filter(({ name }) => name === group)),
    addPeer: () => refuse,
    removePeer: () => refuse,
    shutdown: refuse,
    terminated: reach.terminated,
  };
};

/** As much of it as is for who is bound to this group; null: all. */
export const within = (group: string | null, reach: Reach): Reach => (group === null ? reach : restrictedTo(group, reach));
