/**
 * `hsu logs [-f] [-n N] [--since TIME] [--until TIME] [--grep REGEX] [--level LEVEL] [--merge] [-o text|json] UNIT…`
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { parseDuration } from "../../config/Duration.ts";
import { levels } from "../../logs/read/Level.ts";
import type { LogLine, LogRequest } from "../../protocol/MasterRpc.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, withMaster } from "../Invocation.ts";
import { nothingShown, resumed, shown } from "../Resume.ts";
import { select } from "../Selection.ts";
import { ndjson } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";
import { overMasters } from "./again.ts";
import { byTime } from "./byTime.ts";
import { printAll } from "./follow.ts";

/** Unix milliseconds; a duration is that long before `now`. */
export const timeOf = (flag: string, text: string, now: number): number | UsageError => {
  const millis = parseDuration(text);
  if (typeof millis === "number") return now - millis;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  return new UsageError({
    message: `--${flag} cannot be ${JSON.stringify(text)}`,
    hint: "times look like 10m, 2026-01-31 or 2026-01-31T12:00:00Z",
  });
};

const problemOf = (pattern: string): string | undefined => {
  try {
    return void RegExp(pattern);
  } catch (error) {
    return (error as Error).message;
  }
};

const requestOf = ({ flags }: Invocation, now: number): Omit<LogRequest, "unit"> | UsageError => {
  const times: Record<string, number> = {};
  for (const flag of ["since", "until"] as const) {
    const text = flags[flag];
    const time = typeof text === "string" ? timeOf(flag, text, now) : undefined;
    if (time instanceof UsageError) return time;
    if (time !== undefined) times[flag] = time;
  }
  const { grep } = flags;
  const problem = typeof grep === "string" ? problemOf(grep) : undefined;
  if (problem !== undefined) return new UsageError({ message: `--grep: ${problem}`, hint: "a regular expression as JavaScript has it" });
  const level = levels.find((each) => each === flags["level"]);
  const isNarrow = grep !== undefined || level !== undefined || Object.keys(times).length > 0;
  const count = flags["lines"] ?? flags["tail"];
  return {
    follow: flags["follow"] === true,
    lines: typeof count === "number" ? count : isNarrow ? null : 100,
    ...times,
    ...(typeof grep === "string" ? { grep } : {}),
    ...(level === undefined ? {} : { level }),
  };
};

/** With several units each line says whose it is. */
const textOf = (ids: ReadonlyArray<string>): ((line: LogLine) => string) => {
  if (ids.length === 1) return ({ text }) => `${text}\n`;
  const width = Math.max(...ids.map((id) => id.length));
  return ({ text, unit }) => `${unit.padEnd(width)} | ${text}\n`;
};

/** The units that are meant. What means none is for the master to refuse. */
const idsOf = (invocation: Invocation) => {
  const words = Array.from(new Set(invocation.operands));
  return withMaster(invocation, ({ call }) => call.Status(undefined)).pipe(
    Effect.map(({ units }) => select("logs", words, units).map((each) => (typeof each === "string" ? each : each.unit))),
    // Who cannot be asked for the units cannot be asked for what they have written: that says why, or waits for the next master.
    Effect.catch(() => Effect.succeed(words)),
  );
};

const jsonOf = ({ cursor: _cursor, time, ...line }: LogLine): string =>
  ndjson(time === undefined ? line : { time: new Date(time).toISOString(), ...line });

/** What each master shows, from where the one before was left. */
const followed = Effect.fnUntraced(function* (
  invocation: Invocation,
  ids: ReadonlyArray<string>,
  request: Omit<LogRequest, "unit">,
  render: (line: LogLine) => string,
) {
  const begunAt = yield* Clock.currentTimeMillis;
  const places = new Map(ids.map((unit) => [unit, nothingShown]));
  let isFirst = true;
  return yield* overMasters(invocation, ({ call }) => {
    const skips = new Map<string, number>();
    const each = ids.map((unit) => {
      const asked = { ...request, unit, resumable: true };
      const next = isFirst ? { request: asked, skip: 0 } : resumed(asked, places.get(unit) ?? nothingShown, begunAt);
      skips.set(unit, next.skip);
      return call.Logs(next.request);
    });
    isFirst = false;
    return Stream.runForEachArray(Stream.mergeAll(each, { concurrency: "unbounded" }), (lines) => {
      const fresh = lines.filter(({ unit }) => {
        const skip = skips.get(unit) ?? 0;
        if (skip > 0) skips.set(unit, skip - 1);
        return skip === 0;
      });
      // What has been shown stands where it stood when it comes again.
      for (const line of fresh) places.set(line.unit, shown(places.get(line.unit) ?? nothingShown, line));
      return fresh.length === 0 ? Effect.void : print(invocation, fresh.map(render).join(""));
    });
  });
});

export const run: Verb = (invocation) =>
  Effect.gen(function* () {
    const request = requestOf(invocation, yield* Clock.currentTimeMillis);
    if (request instanceof UsageError) return yield* Effect.fail(request);
    const ids = yield* idsOf(invocation);
    const render = invocation.flags["output"] === "json" ? jsonOf : textOf(ids);
    if (request.follow) {
      yield* followed(invocation, ids, request, render);
      return ExitCode.ok;
    }
    yield* withMaster(invocation, ({ call }) => {
      const each = ids.map((unit) => call.Logs({ ...request, unit }));
      const lines = invocation.flags["merge"] === true ? byTime(each) : Stream.flatMap(Stream.fromIterable(each), (stream) => stream);
      return printAll(invocation, lines, render);
    });
    return ExitCode.ok;
  });
