/**
 * `Control` as everybody sees it: nothing that it tells holds a secret that the master knows. What a unit itself writes or answers is its own.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { secretsIn } from "../config/plan/Masked.ts";
import type { MasterSpec } from "../unit/index.ts";
import type { Masking } from "../security/index.ts";
import type { Control } from "./Control.ts";

type Service = Control["Service"];

export const masked = (control: Service, { config, data, error, learn }: Masking.Masker): Service => {
  const shown = (spec: MasterSpec): MasterSpec => {
    learn(secretsIn(spec));
    return config(spec);
  };
  const told = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.mapError(Effect.map(effect, data), error);
  return {
    ...control,
    status: told(control.status),
    start: (unit) => told(control.start(unit)),
    stop: (unit) => told(control.stop(unit)),
    restart: (unit) => told(control.restart(unit)),
    reload: (unit) => told(control.reload(unit)),
    resetFailed: (unit) => told(control.resetFailed(unit)),
    describe: (unit) => told(control.describe(unit)),
    resources: (request) => told(control.resources(request)),
    call: (options) => Stream.mapError(control.call(options), error),
    apply: (spec, how) => Effect.mapError(control.apply(spec, how), error),
    rollback: (revision) => Effect.mapError(control.rollback(revision), error),
    spec: Effect.map(control.spec, shown),
    revision: (revision) => Effect.map(control.revision(revision), (found) => ({ ...found, spec: shown(found.spec) })),
    revisions: told(control.revisions),
    upgrade: (command) => told(control.upgrade(command)),
  };
};
