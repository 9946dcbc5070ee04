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
  const seen = nothingSeen();
  const loaded = yield* ConfigFile.load(invocation, seen);
  if (loaded === undefined) return ExitCode.usage;
  if (invocation.flags["detach"] !== true) return yield* foreground(invocation, loaded.spec, seen);
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
  seen: ConfigFile.Seen,
): Effect.fn.Return<ExitCode, Explained & { readonly _tag: string }, Scope.Scope> {
  const { io } = invocation;
  const where = yield* places(invocation);
  const signals = yield* signalsOf(io);
  const files = yield* filesOf(() => Queue.offerUnsafe(signals, "changed"));
  yield* files.follow(spec, seen);
  const start = Effect.mapError(io.startMaster(spec, where), tagged);
  const stopped = Effect.repeat(Queue.take(signals), { until: (signal): signal is EndSignal => !isReload(io, signal) });
  const started = yield* Effect.raceFirst(start, stopped);
  if (typeof started === "string") return exitCodeOf(started);
  const control = started;
  const { live } = yield* Effect.promise(() => (io.stdout.isTTY ? import("./live.ts") : import("./lines.ts")));
  const view = yield* live(invocation, control);
  files.start();
  let forcedBy: EndSignal | undefined;
  const obey = Effect.gen(function* () {
    for (;;) {
      const asked = yield* Queue.take(signals);
      if (!isReload(io, asked)) break;
      yield* reload(invocation, control, files, asked === "changed" ? "watch" : "reload");
    }
    files.close();
    yield* view.stopping;
    yield* control.shutdown;
    forcedBy = yield* Effect.repeat(Queue.take(signals), { until: (signal): signal is EndSignal => signal !== "changed" });
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
const isReload = (io: Io, asked: Asked): boolean => asked === "changed" || (asked === "SIGHUP" && !io.stdout.isTTY && !io.stderr.isTTY);

/** Reads its file again. Whatever is wrong with that has been said, and the master goes on as it is. */
const reload = Effect.fnUntraced(function* (invocation: Invocation, control: Control["Service"], files: Files, how: "reload" | "watch") {
  const seen = nothingSeen();
  const loaded = yield* Effect.catch(ConfigFile.load(invocation, seen), (error) => {
    seen.wrong = error.message;
    return Effect.as(complain(invocation, error), undefined);
  });
  yield* files.follow(loaded?.spec, seen);
  if (loaded === undefined) {
    yield* control.rejected(how, seen.wrong ?? "it is not valid");
    return yield* say(invocation, `${how}: the config is not valid, the master goes on with the one that it has`);
  }
  yield* Effect.catch(Effect.asVoid(control.apply(loaded.spec, how)), (error) => complain(invocation, error));
});

const nothingSeen = (): ConfigFile.Seen => ({ files: new Set(), wrong: null });

/** The files that a master is told of when they change, where its config wants that. */
interface Files {
  /** Of a config that is not valid nobody knows what it wants: as before, and its files beside those before. */
  readonly follow: (spec: MasterSpec | undefined, seen: ConfigFile.Seen) => Effect.Effect<void>;
  readonly start: () => void;
  readonly close: () => void;
}

const filesOf = (changed: () => void): Effect.Effect<Files, never, Scope.Scope> => {
  let watch: import("../../platform/FileWatch.ts").FileWatch | undefined;
  let isOn = false;
  let before: ReadonlySet<string> = new Set();
  const close = (): void => {
    watch?.close();
    watch = undefined;
  };
  const files: Files = {
    follow: (spec, seen) =>
      Effect.gen(function* () {
        before = spec === undefined ? new Set([...before, ...seen.files]) : seen.files;
        if (spec === undefined ? watch === undefined : spec.watch !== true) return close();
        if (watch === undefined) {
          const { watchFiles } = yield* Effect.promise(() => import("../../platform/FileWatch.ts"));
          watch = watchFiles(changed);
          if (isOn) watch.start();
        }
        watch.follow(before);
      }),
    start: () => {
      isOn = true;
      watch?.start();
    },
    close,
  };
  return Effect.acquireRelease(Effect.succeed(files), () => Effect.sync(close));
};

const tagged = (error: Explained): Explained & { readonly _tag: string } =>
  "_tag" in error && typeof error._tag === "string"
    ? (error as Explained & { readonly _tag: string })
    : Object.assign(error, { _tag: "StartError" });

/** A terminal's Ctrl-C reaches the whole group, and `npm start` passes on what it got itself: within this time it is one and the same. */
const echoMillis = 300;

/** What is asked of a master from outside of its doors: signals, and files that have changed. */
type Asked = EndSignal | "changed";

const signalsOf = (io: Io): Effect.Effect<Queue.Queue<Asked>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<Asked>();
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
