/**
 * Units that are alike are restarted so that no more of them than may are out at a time, and each is back before the next one goes.
 */
import * as Effect from "effect/Effect";
import { NotAllowed } from "../protocol/Errors.ts";
import { readyMillis } from "./ComingUp.ts";
import { asked, commandTimeout, type Entry, refOf } from "./Entry.ts";

type Entries = ReadonlyMap<string, Entry>;

/** How many of one row may be out at a time. */
export const mostOf = (entries: Entries, [first]: ReadonlyArray<string>): number =>
  first === undefined ? 1 : (entries.get(first)!.spec.maxUnavailable ?? 1);

const isThere = ({ slot }: Entry): boolean => slot.phase === "up" && slot.readiness.isReady();

/** Who is out already goes first: that costs nobody anything. */
export const inTurn = (entries: Entries, ids: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...ids.filter((id) => !isThere(entries.get(id)!)),
  ...ids.filter((id) => isThere(entries.get(id)!)),
];

/** Those that are one with it, and are to run. */
const othersOf = (entries: Entries, id: string): ReadonlyArray<Entry> => {
  const { instanceOf } = entries.get(id)!.spec;
  if (instanceOf === undefined) return [];
  return Array.from(entries.values()).filter(({ spec }) => spec.instanceOf === instanceOf && spec.id !== id && spec.enabled);
};

/** Those who are about to go, in this process: nobody else sees it yet. */
const leaving = new WeakSet<Entry>();

/**
 * One of a row, when its turn has come. `act` restarts it and waits until it can be used: as a `cycle` where others are there for those that need them.
 */
export const one = <E>(
  entries: Entries,
  id: string,
  act: (how: "restart" | "cycle") => Effect.Effect<void, E>,
): Effect.Effect<void, E | NotAllowed> =>
  Effect.gen(function* () {
    const entry = entries.get(id)!;
    const others = othersOf(entries, id);
    const most = entry.spec.maxUnavailable ?? 1;
    const millis = entry.spec.startTimeoutMillis + readyMillis(entry.spec);
    let out: ReadonlyArray<Entry> = [];
    const look: Effect.Effect<void> = Effect.flatMap(resting(others), (rest) => {
      out = others.filter((other) => leaving.has(other) || (!isThere(other) && !rest.has(other)));
      if (out.length < most || !isThere(entry)) return Effect.sync(() => void leaving.add(entry));
      return Effect.flatMap(Effect.raceAll(out.map(nextChange)), () => look);
    });
    yield* Effect.timeoutOrElse(look, {
      duration: millis,
      orElse: () => {
        const why = `${out.map(({ spec }) => spec.id).join(", ")} cannot be used, and no more than ${most} may be out at a time`;
        return Effect.fail(
          new NotAllowed({ unit: id, command: "restart", why, hint: "see why with `hsu status`; max_unavailable says how many" }),
        );
      },
    });
    yield* Effect.ensuring(
      act(others.length >= most && others.length > 0 ? "cycle" : "restart"),
      Effect.sync(() => leaving.delete(entry)),
    );
  });

const atRest = new Set(["stopped", "waiting", "completed"]);

/** Of those that are not there, who is not meant to be: he is no part of what may be out. */
const resting = (others: ReadonlyArray<Entry>): Effect.Effect<ReadonlySet<Entry>> =>
  Effect.map(
    Effect.forEach(
      others.filter((other) => !isThere(other) && other.ref !== null),
      (other) => Effect.map(asked(refOf(other).call("Describe", undefined, commandTimeout)), ({ state }) => [other, state] as const),
    ),
    (found) => new Set(found.filter(([, state]) => atRest.has(state)).map(([other]) => other)),
  );

const nextChange = ({ slot }: Entry): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const end = slot.readiness.subscribe(() => {
      end();
      resume(Effect.void);
    });
    return Effect.sync(end);
  });
