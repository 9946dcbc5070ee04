/**
 * `Control.roll`: restarts that nobody notices who needs only some of several.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { nearest } from "../config/Nearest.ts";
import { InvalidTransition, NotAllowed, StartFailed, UnitNotFound } from "../protocol/Errors.ts";
import type { UnitStatus } from "../protocol/MasterRpc.ts";
import type { Commands, Live } from "./Apply.ts";
import { comingUp } from "./ComingUp.ts";
import type { Entry } from "./Entry.ts";
import * as Rolling from "./Rolling.ts";

interface Parts extends Pick<Live, "entries" | "groupAt" | "history" | "order"> {
  readonly describe: (entry: Entry) => Effect.Effect<UnitStatus>;
}

type RollError = UnitNotFound | InvalidTransition | NotAllowed | StartFailed;

/** The units that a name means. */
const meant = (entries: Parts["entries"], name: string): ReadonlyArray<string> =>
  entries.has(name)
    ? [name]
    : Array.from(entries.values())
        .filter(({ groups, spec }) => spec.enabled && (spec.instanceOf === name || groups.includes(name)))
        .map(({ spec }) => spec.id);

const isKnown = (error: unknown): error is RollError =>
  error instanceof InvalidTransition || error instanceof NotAllowed || error instanceof StartFailed || error instanceof UnitNotFound;

export const roll = (parts: Parts, commands: Commands, names: ReadonlyArray<string>): Stream.Stream<UnitStatus, RollError> => {
  const { describe, entries } = parts;
  const { bringUp } = comingUp(parts, commands);
  const unknown = names.find((name) => meant(entries, name).length === 0);
  if (unknown !== undefined)
    return Stream.fail(new UnitNotFound({ unit: unknown, nearest: nearest(unknown, [...entries.keys()]) ?? null }));
  const ids = [...new Set(names.flatMap((name) => meant(entries, name)))];
  const one = (id: string): Effect.Effect<UnitStatus, RollError> =>
    Rolling.one(entries, id, (how) => bringUp(id, how)).pipe(
      Effect.mapError((error) => (isKnown(error) ? error : new StartFailed({ unit: id, reason: error.message }))),
      Effect.andThen(Effect.suspend(() => describe(entries.get(id)!))),
    );
  const rows = Map.groupBy(ids, (id) => entries.get(id)!.spec.instanceOf ?? id);
  return Stream.fromIterable(rows.values()).pipe(
    Stream.flatMap((row) =>
      Stream.fromIterable(Rolling.inTurn(entries, row)).pipe(
        Stream.mapEffect(one, { concurrency: Rolling.mostOf(entries, row), unordered: true }),
      ),
    ),
  );
};
