/**
 * `hsu top [UNIT] [--once] [--interval TIME] [--sort cpu|memory|io|name] [--history] [-o table|json]`
 */
import * as Effect from "effect/Effect";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import * as Stream from "effect/Stream";
import type { UnitNotFound } from "../../protocol/Errors.ts";
import type { Refusal } from "../../protocol/RemoteErrors.ts";
import type { ResourceReport } from "../../protocol/Resources.ts";
import type { Client } from "../Client.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, withMaster } from "../Invocation.ts";
import { clearScreen, hideCursor, repaint, showCursor } from "../render/live.ts";
import { ndjson } from "../render/structured.ts";
import { truncate } from "../render/text.ts";
import { type Order, sorted, topLines } from "../render/top.ts";
import { first, footer, pressed } from "../TopKeys.ts";
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
    return screen(invocation, { call, look, order, pause });
  }).pipe(Effect.as(ExitCode.ok));
};

interface Show {
  readonly call: Client["call"];
  readonly look: Effect.Effect<ResourceReport, UnitNotFound | Refusal | RpcClientError>;
  readonly order: Order;
  readonly pause: number;
}

/** Lines that are not units: the machine's, the header and the footer. */
const others = 3;

/** Drawn again at each look, each key, and when the window changes its size. */
const screen = Effect.fnUntraced(function* (invocation: Invocation, { call, look, order, pause }: Show) {
  const { io, paint } = invocation;
  let state = first(order);
  let report = yield* look;
  let drawn = 0;
  const seen = () => {
    const units = report.units.filter(({ unit }) => unit.includes(state.filter));
    return { ...report, units: sorted(units, state.order) };
  };
  const names = () => seen().units.map(({ unit }) => unit);
  const draw = Effect.suspend(() => {
    const { columns, rows } = io.stdout;
    const room = Math.max(1, rows - 1 - others);
    const { selected } = state;
    // What is marked is on the screen.
    const from = Math.max(0, selected - room + 1);
    const [machine = "", header = "", ...units] = topLines(seen(), state.order, paint);
    const marked = units.map((line, at) => (at === selected && io.stdin.isTTY ? paint.bold(`> ${line}`) : `  ${line}`));
    const lines = [machine, `  ${header}`, ...marked.slice(from, from + room), ...(io.stdin.isTTY ? [paint.dim(footer(state))] : [])];
    const shown = lines.map((line) => truncate(line, columns)).slice(0, Math.max(1, rows - 1));
    const frame = repaint(drawn, shown);
    drawn = shown.length;
    return print(invocation, frame);
  });
  const looking = Effect.forever(
    Effect.gen(function* () {
      yield* draw;
      yield* Effect.sleep(pause);
      report = yield* look;
    }),
  );
  yield* cursorHidden(invocation);
  const redraw = Effect.runForkWith(yield* Effect.context());
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      io.hear(["SIGWINCH"], () => {
        drawn = 0;
        redraw(Effect.ignore(Effect.andThen(print(invocation, clearScreen), draw)));
      }),
    ),
    (off) => Effect.sync(off),
  );
  if (!io.stdin.isTTY) return yield* looking;
  yield* Effect.acquireRelease(
    Effect.sync(() => io.stdin.raw(true)),
    () => Effect.sync(() => io.stdin.raw(false)),
  );
  const typed = Stream.runForEachWhile(Stream.orDie(Stream.fromAsyncIterable(io.stdin.bytes(), (cause) => cause)), (keys) => {
    const [next, action] = pressed(state, Buffer.from(keys).toString(), names());
    state = next;
    if (action?._tag === "Quit") return Effect.succeed(false);
    const kill = action === null ? Effect.void : Effect.ignore(call.Signal({ unit: action.unit, signal: "SIGTERM" }));
    return Effect.as(Effect.andThen(kill, draw), true);
  });
  return yield* Effect.raceFirst(looking, typed);
});

const cursorHidden = (invocation: Invocation) =>
  Effect.acquireRelease(print(invocation, hideCursor), () => Effect.ignore(print(invocation, showCursor)));
