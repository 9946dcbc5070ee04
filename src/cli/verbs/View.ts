/**
 * What the foreground `up` tells its two ways of showing a running tree.
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Control } from "../../master/Control.ts";
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import type { Invocation } from "../Invocation.ts";

export interface View {
  /** The first signal has come. */
  readonly stopping: Effect.Effect<void>;
  /** The second one. */
  readonly forcing: Effect.Effect<void>;
  /** All has ended: shows what is still to be shown. Yields whether the tree gave itself up. */
  readonly end: Effect.Effect<boolean>;
}

export type Live = (invocation: Invocation, control: Control["Service"]) => Effect.Effect<View, never, Scope.Scope>;

/** The root supervisor has exceeded its limit: nothing above it can bring it back. */
export const isGivingUp = (event: MasterEvent): boolean => event.type === "escalated" && event.path.length <= 1;
