/**
 * What the refs of dynamic supervisors and of task supervisors have in common: children that are known by their refs.
 */
import * as Effect from "effect/Effect";
import type { ActorDown, ActorRef } from "../ActorRef.ts";
import { type ChildCounts, type ChildInfo, ChildNotFound, infoOf } from "../Supervisor.ts";
import { admin, terminate } from "./admin.ts";
import type { Cell } from "./cell.ts";
import { SupervisorHandle } from "./supervisorHandle.ts";
import { MaxChildren, type Template } from "./supervisorSpec.ts";

export abstract class DynamicHandle extends SupervisorHandle {
  protected get blueprint(): Template {
    return this.cell.spec.dynamic!;
  }

  /** Set when there may not be one more child. */
  protected get full(): MaxChildren | null {
    const { maxChildren } = this.blueprint;
    if (maxChildren === undefined || this.cell.children.byKey.size < maxChildren) return null;
    return new MaxChildren({ path: this.cell.path, maxChildren });
  }

  terminateChild(ref: ActorRef<any>): Effect.Effect<void, ChildNotFound | ActorDown> {
    return admin(this.cell, (resume) => {
      const found = this.cell.children.of(ref as unknown as Cell);
      if (found === undefined) resume(Effect.fail(new ChildNotFound({ path: ref.path })));
      else terminate(this.cell, found, false, resume);
    });
  }

  whichChild(ref: ActorRef<any>): Effect.Effect<ChildInfo, ChildNotFound | ActorDown> {
    return admin(this.cell, (resume) => {
      const found = this.cell.children.of(ref as unknown as Cell);
      resume(found === undefined ? Effect.fail(new ChildNotFound({ path: ref.path })) : Effect.succeed(infoOf(found)));
    });
  }

  get children(): Effect.Effect<ReadonlyArray<ActorRef<any>>, ActorDown> {
    return admin(this.cell, (resume) => resume(Effect.succeed(this.cell.children.list().map(({ cell }) => cell))));
  }

  get whichChildren(): Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown> {
    return admin(this.cell, (resume) => resume(Effect.succeed(this.cell.children.list().map(infoOf))));
  }

  get countChildren(): Effect.Effect<ChildCounts, ActorDown> {
    return admin(this.cell, (resume) => {
      const all = this.cell.children.list();
      const active = all.filter(({ state }) => state === "up").length;
      const supervisors = this.blueprint.spec.type === "supervisor" ? all.length : 0;
      resume(Effect.succeed({ specs: 1, active, supervisors, workers: all.length - supervisors }));
    });
  }
}
