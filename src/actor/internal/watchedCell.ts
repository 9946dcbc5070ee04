/**
 * A root supervisor whose end is known also to who looks too late: it may end before the one who started it has his next turn.
 */
import * as Effect from "effect/Effect";
import type { ExitReason } from "../ExitReason.ts";
import { SupervisorCell } from "./supervisorCell.ts";

export class WatchedCell extends SupervisorCell {
  private reason: ExitReason | null = null;
  private readonly watchers = new Set<(reason: ExitReason) => void>();

  protected override finish(reason: ExitReason, starting: boolean): void {
    this.reason = reason;
    super.finish(reason, starting);
    for (const tell of this.watchers) tell(reason);
    this.watchers.clear();
  }

  /** Waits for its end; a root has one life only. */
  get end(): Effect.Effect<ExitReason> {
    return Effect.callback<ExitReason>((resume) => {
      if (this.reason !== null) return resume(Effect.succeed(this.reason));
      const tell = (reason: ExitReason): void => resume(Effect.succeed(reason));
      this.watchers.add(tell);
      return Effect.sync(() => void this.watchers.delete(tell));
    });
  }
}
