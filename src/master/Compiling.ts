/**
 * A config that somebody has sent as text.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { parse } from "../config/index.ts";
import { secretsIn } from "../config/plan/Masked.ts";
import { ConfigInvalid, type Finding } from "../protocol/PlanRpc.ts";
import type { Masking } from "../security/index.ts";
import type { MasterSpec } from "../unit/index.ts";

export interface Compiled {
  readonly spec: MasterSpec;
  readonly warnings: ReadonlyArray<Finding>;
}

export const compile = (yaml: string, file: string, masker: Masking.Masker): Effect.Effect<Compiled, ConfigInvalid> =>
  Effect.suspend(() => {
    const parsed = parse(yaml, file, process.env, undefined, true);
    if (Result.isFailure(parsed)) return Effect.fail(masker.error(new ConfigInvalid({ findings: parsed.failure.diagnostics })));
    const { spec, warnings } = parsed.success;
    masker.learn(secretsIn(spec));
    return Effect.succeed({ spec, warnings: masker.data(warnings) });
  });
