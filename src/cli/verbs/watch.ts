/**
 * `hsu status --watch`: each unit once, then each that has become another, as a line.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { UnitNotFound } from "../../protocol/Errors.ts";
import type { UnitStatus } from "../../protocol/MasterRpc.ts";
import type { OutputClosed } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print } from "../Invocation.ts";
import { looks } from "../Looks.ts";
import { named } from "../Named.ts";
import { stateStyle } from "../render/paint.ts";
import { overMasters } from "./again.ts";
import { ndjson } from "../render/structured.ts";
import { clean } from "../render/text.ts";
import { clock, note } from "../render/units.ts";

/** What it uses of the machine changes all the time. */
const isSame = (one: UnitStatus | undefined, other: UnitStatus): boolean => {
  const { cpu: _cpu, memory: _memory, ...rest } = other;
  if (one === undefined) return false;
  const { cpu: _before, memory: _used, ...before } = one;
  return JSON.stringify(before) === JSON.stringify(rest);
};

export const watch = (invocation: Invocation) => {
  const { flags, paint } = invocation;
  const isJson = flags["output"] === "json";
  const line = (unit: UnitStatus, now: number): string => {
    if (isJson) return ndjson({ at: now, ...unit });
    const pid = unit.pid === null ? "" : ` (pid ${unit.pid})`;
    const why = note(unit, now);
    const state = stateStyle(paint, unit.state)(unit.state);
    return `${paint.dim(clock(now))} ${clean(unit.id)} ${state}${pid}${why === "" ? "" : `  ${why}`}\n`;
  };
  const gone = (id: string, now: number): string =>
    isJson ? ndjson({ at: now, id, gone: true }) : `${paint.dim(clock(now))} ${clean(id)} is not there any more\n`;
  let isFirst = true;
  let known: ReadonlyMap<string, UnitStatus> = new Map();
  return overMasters(invocation, ({ call }) =>
    Stream.runForEach(
      Stream.mapEffect(looks(call), () => Effect.zip(call.Status(undefined), Clock.currentTimeMillis)),
      ([seen, now]): Effect.Effect<void, UnitNotFound | OutputClosed> => {
        const { status, unknown } = named(seen, invocation.operands);
        const { units } = status;
        // Later on it is a unit that has gone, and may come again.
        const [misspelled] = isFirst ? unknown : [];
        if (misspelled !== undefined) return Effect.fail(misspelled);
        isFirst = false;
        const before = known;
        known = new Map(units.map((unit) => [unit.id, unit]));
        const lost = [...before.keys()].filter((id) => !known.has(id));
        const changed = units.filter((unit) => !isSame(before.get(unit.id), unit));
        const text = [...lost.map((id) => gone(id, now)), ...changed.map((unit) => line(unit, now))].join("");
        return text === "" ? Effect.void : print(invocation, text);
      },
    ),
  ).pipe(Effect.as(ExitCode.ok));
};
