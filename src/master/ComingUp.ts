/**
 * A unit is brought up, and is not up before it can be used.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { UnitSpec } from "../unit/index.ts";
import type { Commands, Live } from "./Apply.ts";
import { asked, commandTimeout, refOf } from "./Entry.ts";

const lookMillis = 20;

/** The unit runs, and cannot be used. */
class NotReadyInTime extends Data.TaggedError("NotReadyInTime")<{ readonly unit: string; readonly millis: number }> {
  override get message(): string {
    return `unit ${JSON.stringify(this.unit)} was not ready within ${this.millis / 1000} s of its start`;
  }
}

class DidNotComeUp extends Data.TaggedError("DidNotComeUp")<{ readonly unit: string; readonly why: string }> {
  override get message(): string {
    return `unit ${JSON.stringify(this.unit)} did not come up: ${this.why}`;
  }
}

/** Events that say so. */
const troubles = new Set(["failed", "gave_up", "restarting"]);

/** How long a unit may take from the end of its start until it is ready. */
export const readyMillis = ({ probes }: UnitSpec): number => {
  const probe = probes?.readiness ?? probes?.liveness;
  if (probe === undefined) return 0;
  return (
    5_000 + probe.initialDelayMillis + (probe.failureThreshold + probe.successThreshold) * (probe.intervalMillis + probe.timeoutMillis)
  );
};

export interface ComingUp {
  /** Somebody else is starting it: that has to come to its end. */
  readonly comesUp: (id: string) => Effect.Effect<void, Error>;
  /** `cycle` is a restart that leaves those alone that need it. */
  readonly bringUp: (id: string, command: "start" | "restart" | "cycle") => Effect.Effect<void, Error>;
}

export const comingUp = (
  { entries, groupAt, history, order }: Pick<Live, "entries" | "groupAt" | "history" | "order">,
  commands: Pick<Commands, "start" | "restart">,
): ComingUp => {
  const unless = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void> => Effect.ignore(effect);
  const cycle = (id: string) => asked(refOf(entries.get(id)!).call("Restart", undefined, commandTimeout));

  const ready = (id: string) =>
    Effect.suspend(() => {
      const { slot, spec } = entries.get(id)!;
      const millis = readyMillis(spec);
      if (millis === 0 || slot.phase !== "up") return Effect.void;
      return Effect.timeoutOrElse(slot.readiness.awaitReady, {
        duration: millis,
        orElse: () => Effect.fail(new NotReadyInTime({ unit: id, millis })),
      });
    });

  /** It has failed, or its start has, from now on. */
  const trouble = (id: string): Effect.Effect<never, DidNotComeUp> =>
    history.events({ follow: true, since: Number.MAX_SAFE_INTEGER }).pipe(
      Stream.filter(({ path, type }) => path.at(-1) === id && troubles.has(type)),
      Stream.runHead,
      Effect.flatMap((event) => new DidNotComeUp({ unit: id, why: Option.getOrThrow(event).message })),
    );

  /** Somebody else is starting it: that has to come to its end. */
  const comesUp = (id: string) =>
    Effect.suspend(() => {
      const { slot, spec } = entries.get(id)!;
      if (order.waitsFor(id).length > 0) return Effect.void;
      const millis = spec.startTimeoutMillis + readyMillis(spec);
      return Effect.timeoutOrElse(Effect.raceFirst(slot.readiness.awaitReady, trouble(id)), {
        duration: millis,
        orElse: () => Effect.fail(new NotReadyInTime({ unit: id, millis })),
      });
    });

  /** Of a unit that the first connection starts: its sockets are open. */
  const listening = (id: string): Effect.Effect<void, DidNotComeUp | NotReadyInTime> => {
    const { slot, spec } = entries.get(id)!;
    const millis = spec.startTimeoutMillis;
    const look: Effect.Effect<void> = Effect.suspend(() => (slot.sockets === null ? Effect.delay(look, lookMillis) : Effect.void));
    return Effect.timeoutOrElse(Effect.raceFirst(look, trouble(id)), {
      duration: millis,
      orElse: () => Effect.fail(new NotReadyInTime({ unit: id, millis })),
    });
  };

  const isComing = (id: string) =>
    Effect.flatMap(groupAt(entries.get(id)!.groups), (supervisor) => supervisor.whichChild(id)).pipe(
      Effect.map(({ state }) => state === "starting" || state === "up"),
      Effect.orElseSucceed(() => false),
    );

  /** What has been waiting for another one may be coming up by itself just now. */
  const bringUp = (id: string, command: "start" | "restart" | "cycle"): Effect.Effect<void, Error> => {
    const { groups, spec } = entries.get(id)!;
    // Whether somebody else runs it is not for a change of ours to decide.
    const begin = unless(Effect.flatMap(groupAt(groups), (group) => group.restartChild(id, { supervised: true })));
    if (spec.unmanaged !== undefined) return begin;
    // It starts when somebody connects.
    if (spec.onDemand !== undefined && command === "start") return Effect.andThen(begin, listening(id));
    return Effect.andThen(command === "cycle" ? cycle(id) : commands[command](id), ready(id)).pipe(
      Effect.catch((error): Effect.Effect<void, Error> => {
        if (error._tag === "InvalidTransition") return comesUp(id);
        if (error._tag !== "StartFailed") return Effect.fail(error);
        return Effect.flatMap(isComing(id), (coming): Effect.Effect<void, Error> => (coming ? comesUp(id) : Effect.fail(error)));
      }),
    );
  };
  return { comesUp, bringUp };
};
