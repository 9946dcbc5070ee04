/**
 * The picture of the tree that `hsu tree` and the live view draw.
 */
import * as Effect from "effect/Effect";
import type { Supervisor } from "../actor/index.ts";
import type { TreeNode } from "../protocol/MasterRpc.ts";
import type { GroupSpec } from "../unit/index.ts";

/** The supervisor at a path of ids below the root. */
export type GroupAt = (path: ReadonlyArray<string>) => Effect.Effect<Supervisor.SupervisorRef, unknown>;

type Described = ReadonlyMap<string, { readonly state: string; readonly pid: number | null; readonly restarts: number }>;

const circuitWords = { Closed: null, Open: "circuit open", HalfOpen: "circuit half-open" } as const;

/** The tree as it is now. */
export const treeOf = (group: GroupSpec, units: Described, groupAt: GroupAt): Effect.Effect<TreeNode> => {
  const none: ReadonlyArray<Supervisor.ChildInfo> = [];
  const childrenOf = (path: ReadonlyArray<string>) =>
    Effect.map(
      Effect.orElseSucceed(
        Effect.flatMap(groupAt(path), (supervisor) => supervisor.whichChildren),
        () => none,
      ),
      (infos) => new Map(infos.map((info) => [info.id, info])),
    );
  /** A group whose breaker is not closed says so: its units wait, whatever they say themselves. */
  const circuitOf = (path: ReadonlyArray<string>): Effect.Effect<string | null> =>
    Effect.orElseSucceed(
      Effect.map(groupAt(path), ({ circuit }) => circuitWords[circuit._tag]),
      () => null,
    );
  const node = (spec: GroupSpec, path: ReadonlyArray<string>, info: Supervisor.ChildInfo | undefined): Effect.Effect<TreeNode> =>
    Effect.gen(function* () {
      const infos = yield* childrenOf(path);
      const children = yield* Effect.forEach(spec.children, (child): Effect.Effect<TreeNode> => {
        if (child._tag === "Group") return node(child, [...path, child.id], infos.get(child.id));
        const unit = units.get(child.id);
        return Effect.succeed({
          id: child.id,
          kind: "unit",
          strategy: null,
          state: unit?.state ?? "stopped",
          pid: unit?.pid ?? null,
          restarts: unit?.restarts ?? 0,
          children: [],
        });
      });
      const state = info === undefined ? "down" : info.state === "up" ? ((yield* circuitOf(path)) ?? "running") : info.state;
      return { id: spec.id, kind: "supervisor", strategy: spec.strategy, state, pid: null, restarts: info?.restarts ?? 0, children };
    });
  return Effect.gen(function* () {
    const infos = yield* childrenOf([]);
    const own = [...infos.values()]
      .filter((info) => info.id !== group.id)
      .map((info): TreeNode => ({
        id: info.id,
        kind: info.type,
        strategy: info.type === "supervisor" ? "one_for_one" : null,
        state: info.state === "up" ? "running" : info.state,
        pid: null,
        restarts: info.restarts,
        children: [],
      }));
    const all = yield* node(group, [group.id], infos.get(group.id));
    return { id: "hsu", kind: "supervisor", strategy: "one_for_one", state: "running", pid: null, restarts: 0, children: [...own, all] };
  });
};
