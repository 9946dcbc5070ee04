/**
 * `hsu top [UNIT] [--once] [--interval TIME] [--sort cpu|memory|io|name] [--history] [-o table|json]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, withMaster } from "../Invocation.ts";
import { hideCursor, repaint, showCursor } from "../render/live.ts";
import { ndjson } from "../render/structured.ts";
import { truncate } from "../render/text.ts";
import { type Order, topLines } from "../render/top.ts";
import type { Verb } from "../Verbs.ts";

const usualMillis = 2000;

export const run: Verb = (invocation) => {
  const { flags, io, operands, paint } = invocation;
  const [unit = null] = operands;
  const json = flags["output"] === "json";
  const once = flags["once"] === true || (!json && !io.stdout.isTTY);
  const order = (flags["sort"] ?? "cpu") as Order;
  const pause = typeof flags["interval"] === "number" ? flags["interval"] : usualMillis;
  return withMaster(invocation, ({ call }) => {
    const look = call.Resources({ unit, history: flags["history"] === true, detail: false });
    const text = Effect.map(look, (report) => (json ? ndjson(report) : `${topLines(report, order, paint).join("\n")}\n`));
    if (once) return Effect.flatMap(text, (all) => print(invocation, all));
    if (json)
      return Effect.forever(
        Effect.delay(
          Effect.flatMap(text, (all) => print(invocation, all)),
          pause,
        ),
      );
    let drawn = 0;
    const draw = Effect.flatMap(look, (report) => {
      const { columns, rows } = io.stdout;
      const lines = topLines(report, order, paint).map((line) => truncate(line, columns));
      const shown = lines.slice(0, Math.max(1, rows - 1));
      const frame = repaint(drawn, shown);
      drawn = shown.length;
      return print(invocation, frame);
    });
    return Effect.andThen(cursorHidden(invocation), Effect.forever(Effect.andThen(draw, Effect.sleep(pause))));
  }).pipe(Effect.as(ExitCode.ok));
};

const cursorHidden = (invocation: Invocation) =>
  Effect.acquireRelease(print(invocation, hideCursor), () => Effect.ignore(print(invocation, showCursor)));
