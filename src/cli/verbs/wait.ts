/**
 * `hsu wait [--for CONDITION] [--timeout TIME] UNIT…`
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { UnitStatus } from "../../protocol/MasterRpc.ts";
import { type Condition, verdict } from "../Awaited.ts";
import type { Client } from "../Client.ts";
import { DeadlineExceeded, WillNotBe } from "../Errors.ts";
import { ExitCode, exitCodeLike } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { named, whileWaiting } from "../Progress.ts";
import { ending } from "../render/units.ts";
import { clean } from "../render/text.ts";
import { looks } from "../Looks.ts";
import { select } from "../Selection.ts";
import type { Verb } from "../Verbs.ts";

/** Each status of these units from now on: at each event, and once in a while, at once for the first time. */
const statuses = (call: Client["call"], ids: ReadonlyArray<string>) => {
  const look = Effect.map(
    call.Status(undefined),
    ({ units }) => new Map(units.filter(({ id }) => ids.includes(id)).map((unit) => [unit.id, unit])),
  );
  return Stream.mapEffect(looks(call), () => look);
};

const whyNot = (condition: Condition, { health, reason, state }: UnitStatus): string =>
  condition === "healthy" && health === null && state === "running" ? "no probe looks at its health" : (reason ?? `it is ${state}`);

export const run: Verb = (invocation) => {
  const { flags, operands } = invocation;
  const condition = (flags["for"] ?? "ready") as Condition;
  const wait = withMaster(invocation, ({ call }) =>
    Effect.gen(function* () {
      const { units } = yield* call.Status(undefined);
      const chosen = select("wait", operands, units);
      const unknown = chosen.find((word) => typeof word !== "string");
      if (unknown !== undefined) return yield* unknown;
      const first = new Map(units.map((unit) => [unit.id, unit]));
      const left = new Set(chosen as ReadonlyArray<string>);
      let exitCode: ExitCode = ExitCode.ok;
      const done = (unit: UnitStatus) => {
        left.delete(unit.id);
        const { lastExit } = unit;
        const how = condition === "exit" && lastExit !== null ? ending(lastExit) : unit.state;
        if (condition === "exit" && lastExit !== null && exitCode === ExitCode.ok) exitCode = exitCodeLike(lastExit);
        return print(invocation, `${clean(unit.id)} ${how}\n`);
      };
      let latest: ReadonlyMap<string, UnitStatus> = first;
      const waits = () => `waiting for ${named(Array.from(left, (id) => `${id} (${latest.get(id)?.state ?? "gone"})`))}`;
      const until = (clear: Effect.Effect<void>) =>
        statuses(call, [...left]).pipe(
          Stream.takeUntilEffect((now) =>
            Effect.gen(function* () {
              latest = now;
              for (const id of left) {
                const [was, is] = [first.get(id)!, now.get(id)];
                if (is === undefined) return yield* new WillNotBe({ unit: id, condition, why: "it is not there any more" });
                const said = verdict(condition, is, was);
                if (said === "never") return yield* new WillNotBe({ unit: id, condition, why: whyNot(condition, is) });
                if (said === "yes") yield* Effect.andThen(clear, done(is));
              }
              return left.size === 0;
            }),
          ),
          Stream.runDrain,
        );
      yield* whileWaiting(invocation, waits, until);
      return exitCode;
    }),
  );
  const millis = flags["timeout"];
  if (typeof millis !== "number") return wait;
  const hint = "`hsu status` tells how the units are";
  const late = new DeadlineExceeded({ what: `the wait for ${operands.join(", ")}`, millis, hint });
  return Effect.timeoutOrElse(wait, { duration: millis, orElse: () => Effect.fail(late) });
};
