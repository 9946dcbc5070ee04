/**
 * The foreground `up` on a terminal: the tree and the last events, drawn in place.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { Control } from "../../master/Control.ts";
import type { MasterEvent, MasterStatus, TreeNode, UnitStatus } from "../../protocol/MasterRpc.ts";
import { clearScreen, eventsShown, frame, hideCursor, repaint, showCursor } from "../render/live.ts";
import { isGivingUp, type Live } from "./View.ts";

/** Between two frames, at least: whatever happens within it is in one frame. */
const restMillis = 50;

type Picture = readonly [MasterStatus, TreeNode];

/** None while the master cannot tell: at its end the parts that know are stopped as well. */
const pictureOf = (control: Control["Service"]): Effect.Effect<Picture | undefined> =>
  Effect.all([control.status, control.tree]).pipe(
    Effect.timeoutOption(1000),
    Effect.map(Option.getOrUndefined),
    Effect.catchDefect(() => Effect.succeed(undefined)),
  );

/** The same picture when all has been stopped. */
const ended = ([status, tree]: Picture): Picture => {
  const stopped = ({ children, id, kind, restarts, strategy }: TreeNode): TreeNode => ({
    id,
    kind,
    strategy,
    state: "stopped",
    pid: null,
    restarts,
    children: children.map(stopped),
  });
  const units = status.units.map((unit): UnitStatus => ({ ...unit, state: "stopped", reason: null, pid: null, nextStartAt: null }));
  return [{ ...status, units }, stopped(tree)];
};

export const live: Live = Effect.fnUntraced(function* (invocation, control) {
  const { io, paint } = invocation;
  const write = (text: string): Effect.Effect<void> => Effect.ignore(io.stdout.write(text));
  const wake = yield* Queue.sliding<void>(1);
  const redraw = Queue.offer(wake, undefined);
  let events: ReadonlyArray<MasterEvent> = [];
  let footer = "Ctrl-C stops all units";
  let gaveUp = false;
  let drawn = 0;
  let columns = io.stdout.columns;
  const see = (event: MasterEvent): void => {
    if (event.seq <= (events.at(-1)?.seq ?? 0)) return;
    events = [...events.slice(-eventsShown), event];
    gaveUp ||= isGivingUp(event);
  };
  let last: Picture | undefined;
  const draw = Effect.gen(function* () {
    last = (yield* pictureOf(control)) ?? last;
    if (last === undefined) return;
    const [status, tree] = last;
    const resized = columns !== io.stdout.columns;
    columns = io.stdout.columns;
    const lines = frame({ status, tree, events, footer, rows: io.stdout.rows, columns }, paint);
    yield* write((resized ? clearScreen : "") + repaint(resized ? 0 : drawn, lines));
    drawn = lines.length;
  });
  yield* Effect.acquireRelease(write(hideCursor), () => write(showCursor));
  const watching = Stream.runForEach(control.events({ follow: true, since: 0 }), (event) => {
    see(event);
    return redraw;
  });
  const ticking = redraw.pipe(Effect.delay(1000), Effect.forever);
  const drawing = Queue.take(wake).pipe(Effect.andThen(draw), Effect.andThen(Effect.sleep(restMillis)), Effect.forever);
  const watcher = yield* Effect.forkScoped(watching);
  const ticker = yield* Effect.forkScoped(ticking);
  const drawer = yield* Effect.forkScoped(drawing);
  yield* redraw;
  const say = (text: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      footer = text;
      return Effect.asVoid(redraw);
    });
  return {
    stopping: say("stopping all units … Ctrl-C again kills what is left"),
    forcing: say("killing what is left …"),
    end: Effect.gen(function* () {
      yield* Fiber.interruptAll([watcher, ticker, drawer]);
      const missed = control.events({ follow: false, since: (events.at(-1)?.seq ?? 0) + 1 });
      yield* Effect.timeoutOption(
        Stream.runForEach(missed, (event) => Effect.sync(() => see(event))),
        1000,
      );
      footer = "all units have ended";
      if (last !== undefined) last = ended(last);
      yield* draw;
      return gaveUp;
    }),
  };
});
