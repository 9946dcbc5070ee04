/**
 * The configs that a master has run: each one is kept, to be looked at, compared and gone back to.
 */
import * as Effect from "effect/Effect";
import { withoutMarks } from "../config/plan/Flat.ts";
import { RevisionNotFound } from "../protocol/PlanRpc.ts";
import type { Store } from "../store/index.ts";
import { type MasterSpec, unitsOf } from "../unit/index.ts";

const textOf = (spec: MasterSpec): string => JSON.stringify(withoutMarks(spec));

/** Keeps what the master starts with, unless the last one that ran was the same. */
export const begin = (store: Store, spec: MasterSpec, at: number): void => {
  const last = store.revisions().at(-1)?.revision;
  const text = textOf(spec);
  if (last !== undefined && store.revisionSpec(last) === text) return;
  keep(store, spec, { at, how: "start", summary: "" }, text);
};

export const keep = (
  store: Store,
  spec: MasterSpec,
  { at, how, summary }: { readonly at: number; readonly how: string; readonly summary: string },
  text = textOf(spec),
): number => store.addRevision({ at, how, summary, source: spec.source, units: unitsOf(spec.root).length }, text);

/** The config of a revision; null: of the one before the last. */
export const find = (
  store: Store,
  revision: number | null,
): Effect.Effect<{ readonly spec: MasterSpec; readonly revision: number }, RevisionNotFound> =>
  Effect.suspend(() => {
    const kept = store.revisions().map((each) => each.revision);
    const number = revision ?? kept.at(-2) ?? 0;
    const text = store.revisionSpec(number);
    const [first, last] = [kept.at(0), kept.at(-1)];
    if (text === null) {
      return Effect.fail(
        new RevisionNotFound({ revision: number, kept: first === undefined || last === undefined ? null : [first, last] }),
      );
    }
    return Effect.succeed({ spec: JSON.parse(text) as MasterSpec, revision: number });
  });
