/**
 * Plans and configs as people and programs are shown them: without secrets.
 */
import type { KeyChange, Plan } from "../../protocol/PlanRpc.ts";
import * as Masking from "../../security/Masking.ts";
import { type MasterSpec, type UnitSpec, unitsOf } from "../../unit/index.ts";

/** Those that stand in what a unit is told. */
const secretsOf = ({ args, environment, executable, logs, probes }: UnitSpec): Iterable<string> =>
  Masking.secretsIn({ args: [executable, ...args], environment, logs, probes });

/** `known`: of what is the very same in it all is known already. */
export const secretsIn = function* ({ root, ...master }: MasterSpec, known?: MasterSpec): Iterable<string> {
  yield* Masking.secretsIn(master);
  const seen = new Set(known === undefined ? [] : unitsOf(known.root));
  for (const unit of unitsOf(root)) if (!seen.has(unit)) yield* secretsOf(unit);
};

export const maskedPlan = (plan: Plan, masker: Masking.Masker): Plan => {
  const value = (path: ReadonlyArray<string>, one: unknown): unknown =>
    Masking.isSecret(path.at(-1) ?? "", one) ? Masking.hidden : masker.config(one);
  const key = (change: KeyChange): KeyChange => ({
    path: change.path,
    ...("from" in change ? { from: value(change.path, change.from) } : {}),
    ...("to" in change ? { to: value(change.path, change.to) } : {}),
  });
  return {
    ...plan,
    changes: plan.changes.map((change) => ({ ...change, because: masker.text(change.because), keys: change.keys.map(key) })),
  };
};
