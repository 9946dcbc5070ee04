/**
 * What changes would do, or have done, without doing them; as they may be told.
 */
import * as Effect from "effect/Effect";
import { maskedPlan, secretsIn } from "../config/plan/Masked.ts";
import { plan } from "../config/plan/Plan.ts";
import { ELSEWHERE, isPart, type Part, wholeOf } from "../config/plan/Part.ts";
import { problemOf } from "../config/plan/Shape.ts";
import { ApplyFailed, type Plan } from "../protocol/PlanRpc.ts";
import type { Masking } from "../security/index.ts";
import type { MasterSpec } from "../unit/index.ts";

export const planBetween = (from: MasterSpec, to: MasterSpec, masker: Masking.Masker): Plan => {
  for (const spec of [from, to]) masker.learn(secretsIn(spec));
  return maskedPlan(plan(from, to), masker);
};

/** `to` may be anything that somebody has sent. */
export const planTo = (from: MasterSpec, sent: MasterSpec | Part, masker: Masking.Masker): Effect.Effect<Plan, ApplyFailed> => {
  const to = isPart(sent) ? wholeOf(from, sent) : sent;
  if (to === undefined) return Effect.fail(new ApplyFailed({ reason: ELSEWHERE, left: [] }));
  const wrong = to === sent ? problemOf(to) : null;
  return wrong === null ? Effect.sync(() => planBetween(from, to, masker)) : Effect.fail(new ApplyFailed({ reason: wrong, left: [] }));
};
