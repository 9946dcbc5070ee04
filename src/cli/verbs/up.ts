/**
 * `hsu up [-d] [FILE]`
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Queue from "effect/Queue";
import type * as Scope from "effect/Scope";
import type { Control } from "../../master/Control.ts";
import type { MasterSpec } from "../../unit/UnitSpec.ts";
import * as ConfigFile from "../ConfigFile.ts";
import type { Explained } from "../Errors.ts";
import { ExitCode, exitCodeOf } from "../ExitCode.ts";
import { complain, type Invocation, nextSignal, places, say } from "../Invocation.ts";
import type { EndSignal, Io } from "../Io.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return ExitCode.usage;
  if (invocation.flags["detach"] !== true) return yield* foreground(invocation, loaded.spec);
  const { detach } = yield* Effect.promise(() => import("./detach.ts"));
  return yield* Effect.raceFirst(detach(invocation, loaded.file), Effect.map(nextSignal(invocation.io), exitCodeOf));
});

/**
 * Runs the tree until it has ended: by a signal, by `hsu down`, or because it gave itself up. The first signal stops it in good order, further ones kill
 * what is being stopped. Nobody has to read what is shown: a closed output changes nothing for the units.
 */
const foreground = Effect.fnUntraced(function* (
  invocation: Invocation,
  spec: MasterSpec,
): Effect.fn.Return<ExitCode, Explained & { readonly _tag: string }, Scope.Scope> {
  const { io } = invocation;
  const where = yield* places(invocation);
  const signals = yield* signalsOf(io);
  const start = Effect.mapError(io.startMaster(spec, where), tagged);
  const stopped = Effect.repeat(Queue.take(signals), { while: (signal) => isReload(io, signal) });
  const started = yield* Effect.raceFirst(start, stopped);
  if (typeof started === "string") return exitCodeOf(started);
  const control = started;
  const { live } = yield* Effect.promise(() => (io.stdout.isTTY ? import("./live.ts") : import("./lines.ts")));
  const view = yield* live(invocation, control);
  let forcedBy: EndSignal | undefined;
  const obey = Effect.gen(function* () {
    while (isReload(io, yield* Queue.take(signals))) yield* reload(invocation, control);
    yield* view.stopping;
    yield* control.shutdown;
    forcedBy = yield* Queue.take(signals);
    yield* view.forcing;
    return yield* killStopping(control);
  });
  const obeying = yield* Effect.forkChild(obey);
  yield* control.terminated;
  yield* Fiber.interrupt(obeying);
  const gaveUp = yield* view.end;
  if (forcedBy !== undefined) return exitCodeOf(forcedBy);
  if (!gaveUp) return ExitCode.ok;
  yield* say(invocation, "the tree gave itself up, see above");
  return ExitCode.failed;
});

/** Of a terminal that has gone it means the end, of a master without one what it means for every daemon. */
const isReload = (io: Io, signal: EndSignal): boolean => signal === "SIGHUP" && !io.stdout.isTTY && !io.stderr.isTTY;

/** Reads its file again. Whatever is wrong with that has been said, and the master goes on as it is. */
const reload = Effect.fnUntraced(function* (invocation: Invocation, control: Control["Service"]) {
  const loaded = yield* Effect.catch(ConfigFile.load(invocation), (error) => Effect.as(complain(invocation, error), undefined));
  if (loaded === undefined) return yield* say(invocation, "reload: the config is not valid, the master goes on with the one that it has");
  yield* Effect.catch(Effect.asVoid(control.apply(loaded.spec, "reload")), (error) => complain(invocation, error));
});

const tagged = (error: Explained): Explained & { readonly _tag: string } =>
  "_tag" in error && typeof error._tag === "string"
    ? (error as Explained & { readonly _tag: string })
    : Object.assign(error, { _tag: "StartError" });

/** A terminal's Ctrl-C reaches the whole group, and `npm start` passes on what it got itself: within this time it is one and the same. */
const echoMillis = 300;

const signalsOf = (io: Io): Effect.Effect<Queue.Dequeue<EndSignal>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<EndSignal>();
    const clock = yield* Clock.Clock;
    let heard = Number.NEGATIVE_INFINITY;
    const hear = (signal: EndSignal): void => {
      const now = clock.currentTimeMillisUnsafe();
      const isEcho = signal === "SIGINT" && now - heard < echoMillis;
      if (signal === "SIGINT" && !isEcho) heard = now;
      if (!isEcho) Queue.offerUnsafe(queue, signal);
    };
    yield* Effect.acquireRelease(
      Effect.sync(() => io.onSignal(hear)),
      (off) => Effect.sync(off),
    );
    return queue;
  });

/**
 * Kills each unit that is being stopped, as soon as it is its turn, until all are. Those whose turn has not come are left alone, so that no supervisor
 * takes their end for a failure and the order of the shutdown holds.
 */
const killStopping = (control: Control["Service"]): Effect.Effect<never> =>
  Effect.flatMap(control.status, ({ units }) =>
    Effect.forEach(
      units.filter((unit) => unit.state === "stopping"),
      (unit) => Effect.ignore(control.signal(unit.id, "SIGKILL")),
      { discard: true },
    ),
  ).pipe(Effect.ignoreCause, Effect.delay(50), Effect.forever);
