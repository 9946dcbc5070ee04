/**
 * How a process that runs comes to its end, and what is known of it then.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Task } from "../driver/index.ts";
import type { LastExit } from "../protocol/MasterRpc.ts";
import * as Contract from "./Contract.ts";
import * as Proxying from "./Proxying.ts";
import { outOfMemoryText } from "./ResourceErrors.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** Why it was killed that was asked to end. */
const overstayed = (millis: number, signal: string): string =>
  `it still ran ${millis < 1000 ? `${millis} ms` : `${Math.round(millis / 100) / 10} s`} after ${signal}`;

/** Whether an end that nobody asked for is as it should be. */
export const isSuccess = ({ onDemand, restart }: UnitSpec, { code, signal }: Pick<LastExit, "code" | "signal">): boolean => {
  const end = signal ?? code;
  // How one has ended that an earlier master had started is not known: it is enough that the next connection starts it.
  if (end === null) return onDemand !== undefined;
  return restart.successExits.includes(end);
};

export const ended = (task: Task): Effect.Effect<LastExit> =>
  Effect.gen(function* () {
    const { code, signal } = yield* task.wait;
    const at = yield* Clock.currentTimeMillis;
    // Or nobody has heard how it ended.
    const mayBeKilled = code === null && (signal === null || signal === "SIGKILL");
    const kill = mayBeKilled && task.outOfMemory !== undefined ? yield* task.outOfMemory : null;
    return { code, signal, at, ...(kill === null ? {} : { because: outOfMemoryText(kill) }) };
  });

/** It is asked to end, and is waited for until the supervisor does not wait any longer. */
export const askedToEnd = ({ slot, spec }: { readonly slot: Slot; readonly spec: UnitSpec }, task: Task): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (begun) =>
    Proxying.settled(slot).pipe(
      Effect.andThen(Contract.askToEnd(task, slot, spec)),
      Effect.andThen(Effect.ignore(task.signal(spec.stopSignal))),
      Effect.andThen(task.waitForAll),
      // Who is cut off sooner is so by somebody who knows why.
      Effect.onInterrupt(() =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          if (now - begun >= spec.stopTimeoutMillis) slot.because ??= overstayed(spec.stopTimeoutMillis, spec.stopSignal);
        }),
      ),
    ),
  );
