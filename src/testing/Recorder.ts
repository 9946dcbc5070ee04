/**
 * Recorders: one ordered log of what happened in a tree: its events, its crashes, and the messages of those actors that are tapped.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { ActorRef } from "../actor/ActorRef.ts";
import { type CrashReport, Reporter } from "../actor/CrashReport.ts";
import { subscribe, type TreeEvent } from "../actor/Event.ts";
import { format } from "../actor/ExitReason.ts";
import { ActorCell } from "../actor/internal/actorCell.ts";
import { tap } from "../actor/internal/tap.ts";
import { ExpectationFailed } from "./ExpectationFailed.ts";
import { awaited, describeMessage, type Listeners } from "./internal/waiting.ts";

/** Something that happened. `at`: Unix milliseconds of the clock of the tree. @since 0.1.0 */
export type Entry =
  | { readonly _tag: "Event"; readonly at: number; readonly path: ReadonlyArray<string>; readonly event: TreeEvent }
  | { readonly _tag: "Crash"; readonly at: number; readonly path: ReadonlyArray<string>; readonly report: CrashReport }
  /** An actor that is tapped begins to handle a message; `tag` is `info` for news. */
  | {
      readonly _tag: "Message";
      readonly at: number;
      readonly path: ReadonlyArray<string>;
      readonly tag: string;
      readonly payload: unknown;
    };

const details = (event: TreeEvent): string => {
  switch (event._tag) {
    case "Started":
      return ` #${event.incarnation}`;
    case "StartFailed":
      return ` (${format(event.reason)})`;
    case "Exited":
      return ` #${event.incarnation} (${format(event.reason)}), ${event.decision}`;
    case "Restarting":
      return event.delayMillis === 0 ? "" : ` in ${event.delayMillis} ms`;
    case "GaveUp":
      return ` after ${event.attempts}`;
    default:
      return "";
  }
};

/**
 * One line of an entry, without its time.
 *
 * @example
 * ```ts run
 * import { Recorder } from "hsu/testing"
 *
 * Recorder.line({ _tag: "Message", at: 0, path: ["root", "till"], tag: "Pay", payload: { euros: 3 } }) // => 'root/till Pay {"euros":3}'
 * ```
 * @since 0.1.0
 */
export const line = (entry: Entry): string => {
  const path = entry.path.join("/");
  switch (entry._tag) {
    case "Event":
      return `${path} ${entry.event._tag}${details(entry.event)}`;
    case "Crash":
      return `${path} crashed #${entry.report.incarnation}: ${format(entry.report.reason)}`;
    case "Message":
      return `${path} ${describeMessage(entry.tag, entry.payload)}`;
  }
};

/** What a recorder has seen and goes on to see. @since 0.1.0 */
export interface Log {
  /** All of it, in order. */
  readonly entries: ReadonlyArray<Entry>;
  readonly events: ReadonlyArray<TreeEvent>;
  readonly crashes: ReadonlyArray<CrashReport>;
  /** A line each, without times: see {@link line}. */
  readonly lines: ReadonlyArray<string>;
  /** A line each, with milliseconds since the recorder was made. */
  readonly pretty: string;
  /** Records the messages of an actor, over all its incarnations, until the scope closes. A supervisor has none. */
  tap(ref: ActorRef<never>): Effect.Effect<void, never, Scope.Scope>;
  /**
   * The first entry that `wanted` says yes to, be it there already or still to come: see {@link Probe} for how long it is waited for.
   */
  waitFor(wanted: (entry: Entry) => boolean, timeout?: Duration.Input): Effect.Effect<Entry, ExpectationFailed>;
  /** Takes crash reports: {@link layer} provides it; with {@link make} it is provided as `CrashReport.Reporter` by hand. */
  readonly reporter: (report: CrashReport) => Effect.Effect<void>;
}

/**
 * The recorder of a program.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Recorder } from "hsu/testing"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Idle = Actor.make({ name: "idle", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   yield* Supervisor.start({ children: [ChildSpec.make(Idle, undefined, { id: "idle" })] })
 *   const recorder = yield* Recorder.Recorder
 *   return recorder.lines
 * })
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Recorder.layer))) // => ["root/idle Started #1"]
 * ```
 * @since 0.1.0
 */
export class Recorder extends Context.Service<Recorder, Log>()("hsu/testing/Recorder") {}

class Recording implements Log {
  readonly entries: Array<Entry> = [];
  private readonly listeners: Listeners = new Set();
  private readonly clock: Clock.Clock;
  private readonly from: number;

  constructor(clock: Clock.Clock) {
    this.clock = clock;
    this.from = clock.currentTimeMillisUnsafe();
  }

  get events(): ReadonlyArray<TreeEvent> {
    return this.entries.flatMap((entry) => (entry._tag === "Event" ? [entry.event] : []));
  }

  get crashes(): ReadonlyArray<CrashReport> {
    return this.entries.flatMap((entry) => (entry._tag === "Crash" ? [entry.report] : []));
  }

  get lines(): ReadonlyArray<string> {
    return this.entries.map(line);
  }

  get pretty(): string {
    return this.entries.map((entry) => `${String(entry.at - this.from).padStart(8)} ms  ${line(entry)}`).join("\n");
  }

  tap(ref: ActorRef<never>): Effect.Effect<void, never, Scope.Scope> {
    const { path } = ref;
    const listen = (): (() => void) => {
      const cell: unknown = ref;
      if (!(cell instanceof ActorCell)) throw new TypeError(`${path.join("/")} has no messages to record`);
      return tap(cell, ({ end, payload, tag }) => {
        if (end === undefined) this.add({ _tag: "Message", at: this.now(), path, tag, payload });
      });
    };
    return Effect.asVoid(Effect.acquireRelease(Effect.sync(listen), (stop) => Effect.sync(stop)));
  }

  waitFor(wanted: (entry: Entry) => boolean, timeout?: Duration.Input): Effect.Effect<Entry, ExpectationFailed> {
    return Effect.flatMap(
      awaited(() => this.entries.find(wanted), this.listeners, timeout),
      (found) =>
        found === undefined
          ? Effect.fail(new ExpectationFailed({ expected: `an entry for which ${String(wanted)}`, came: this.lines }))
          : Effect.succeed(found),
    );
  }

  readonly reporter = (report: CrashReport): Effect.Effect<void> =>
    Effect.sync(() => this.add({ _tag: "Crash", at: this.now(), path: report.path, report }));

  readonly heard = (event: TreeEvent): void => this.add({ _tag: "Event", at: event.at, path: event.path, event });

  private now(): number {
    return this.clock.currentTimeMillisUnsafe();
  }

  private add(entry: Entry): void {
    this.entries.push(entry);
    for (const listener of this.listeners) listener();
  }
}

/**
 * Records the events of all trees on the current clock until the scope closes. For crash reports too, use {@link layer}.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Recorder } from "hsu/testing"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { TestClock } from "effect/testing"
 *
 * const Note = Actor.make({
 *   name: "note",
 *   protocol: RpcGroup.make(Rpc.make("Leave")),
 *   init: () => 0,
 *   handlers: { Leave: () => Actor.exit() }
 * })
 * const program = Effect.gen(function*() {
 *   const recorder = yield* Recorder.make
 *   const spec = ChildSpec.make(Note, undefined, { id: "note", restart: "temporary" })
 *   const tree = yield* Supervisor.start({ children: [spec] })
 *   yield* recorder.tap(tree.ref(spec))
 *   tree.ref(spec).cast("Leave")
 *   yield* recorder.waitFor((entry) => entry._tag === "Event" && entry.event._tag === "Exited")
 *   return recorder.lines
 * })
 * const lines = await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer())))
 * lines // => ["root/note Started #1", "root/note Leave", "root/note Exited #1 (normal), stay"]
 * ```
 * @since 0.1.0
 */
export const make: Effect.Effect<Log, never, Scope.Scope> = Effect.gen(function* () {
  const recording = new Recording(yield* Clock.Clock);
  yield* subscribe(recording.heard);
  return recording;
});

/**
 * A recorder for the programs that it is provided to, with their crash reports, which then are not logged. Below the clock, so that it hears the trees.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Recorder, settle } from "hsu/testing"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Fragile = Actor.make({
 *   name: "fragile",
 *   protocol: RpcGroup.make(Rpc.make("Break")),
 *   init: () => 0,
 *   handlers: { Break: () => Effect.die(new Error("broken")) }
 * })
 * const program = Effect.gen(function*() {
 *   const recorder = yield* Recorder.Recorder
 *   const fragile = yield* Actor.spawn(Fragile, undefined)
 *   fragile.cast("Break")
 *   yield* settle
 *   return recorder.lines
 * })
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Recorder.layer))) // => ["fragile crashed #1: Error: broken"]
 * ```
 * @since 0.1.0
 */
export const layer: Layer.Layer<Recorder> = Layer.effectContext(
  Effect.map(make, (log) => Context.make(Recorder, log).pipe(Context.add(Reporter, log.reporter))),
);
