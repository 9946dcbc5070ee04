/**
 * Who has asked for what a fiber does: said at the door, and known to everything behind it.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { AuditWho } from "../protocol/Audit.ts";

/** An effect, as what costs something to find out is found out only for what is written down. */
export const Origin = Context.Reference<Effect.Effect<AuditWho>>("hsu/security/Origin", {
  defaultValue: () => Effect.succeed({ door: "program" }),
});

/** Says who it is that asks for it. */
export const askedBy =
  (who: Effect.Effect<AuditWho>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, Origin, who);
