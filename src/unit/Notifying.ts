/**
 * The ear of a unit that tells its state (`start: notify`): its socket, what is made of what it says, and its watchdog. Lives as long as its process.
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import type { Driver, Task } from "../driver/index.ts";
import type { NotifyUnavailable, Sender } from "../platform/index.ts";
import { type Notification, parse } from "./Notification.ts";
import type { ProcessRecord, Store } from "../store/index.ts";
import type { Slot } from "./Run.ts";
import { NotReady } from "./RunErrors.ts";
import type { UnitSpec } from "./UnitSpec.ts";
import type { RecoveredProcess } from "./Recovered.ts";
import { left, type Watchdog } from "./Watchdog.ts";

export interface Notifying {
  /** What the process finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What its process has open for a later master. */
  readonly keeper: number | null;
  /** This is the process: from now on it is listened to. */
  readonly attach: (task: Task) => void;
  /** Waits until it is ready, as long as its start may take. */
  readonly ready: Effect.Effect<void, NotReady>;
  readonly watchdog: {
    /** Whether it has expired; if not, `ring` sets the timer for the next look, where it is on. */
    readonly expired: (ring: (millis: number) => () => void) => boolean;
    readonly intervalMillis: () => number;
  };
}

interface Parts {
  readonly spec: UnitSpec;
  readonly slot: Slot;
  readonly driver: Driver;
  /** An earlier master has heard that it is ready. */
  readonly wasReady: boolean;
  /** The process that an earlier master has started. */
  readonly holder: RecoveredProcess | null;
  /** An event that people see. */
  readonly notice: (type: string, message: string) => void;
  /** It has begun to stop by itself. */
  readonly stopping: () => void;
  /** Its watchdog has to be looked at anew. */
  readonly watch: () => void;
  /** Where a later master finds its main process. */
  readonly store: Store;
}

/** Who speaks is its process, or somebody whom that has started; one who has ended since can only have had the path from there. */
const isHeard = (sender: Sender, task: Task, unit: string): boolean => sender.isOf(task.identity.pid, `HSU_UNIT=${unit}`) ?? true;

export const open = (parts: Parts): Effect.Effect<Notifying, NotifyUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const { driver, notice, slot, spec, store, wasReady, watch } = parts;
    const runSync = Effect.runSyncWith(yield* Effect.context());
    const clock = yield* Clock.Clock;
    // Nobody sets this clock.
    const now = (): number => Number(clock.currentTimeNanosUnsafe() / 1_000_000n);
    const isReady = yield* Deferred.make<void>();
    let ready = wasReady;
    let deadline = now() + spec.startTimeoutMillis;
    let watchdog: Watchdog = { intervalMillis: spec.watchdogMillis ?? 0, aliveAt: now() };
    /** The only timer of the watchdog, however often its interval is changed. */
    let cancel: (() => void) | null = null;
    let task: Task | null = null;
    let early: Array<readonly [string, Sender]> = [];

    let stopping = false;
    /** For a later master, which it may not tell again. */
    const keepTold = (told: NonNullable<ProcessRecord["told"]>): void => {
      const record = store.processes.find(({ unit }) => unit === spec.id);
      if (record !== undefined && record.told !== told) store.putProcess({ ...record, told });
    };
    /** Where a readiness probe decides, a word does not. */
    const withhold = (is: boolean): void => slot.readiness.withhold(is && spec.probes?.readiness === undefined);
    const feed = (intervalMillis: number): void => void (watchdog = { intervalMillis, aliveAt: now() });
    const beReady = (): void => {
      // Who stops does not come back, as with systemd.
      if (stopping) return;
      keepTold("ready");
      withhold(false);
      if (ready) return;
      ready = true;
      feed(watchdog.intervalMillis);
      Deferred.doneUnsafe(isReady, Effect.void);
    };

    const stop = (): void => {
      stopping = true;
      withhold(true);
      parts.stopping();
    };
    /** At once: what it says next may be its last word. */
    const follow = (of: Task, pid: number): void => {
      const before = of.identity.pid;
      const found = of.follow === undefined ? Option.none() : runSync(of.follow(pid));
      if (Option.isNone(found)) return notice("refused", `MAINPID=${pid} is refused: it is no process of this unit`);
      const record = store.processes.find(({ unit }) => unit === spec.id);
      if (record !== undefined) store.putProcess({ ...record, identity: found.value });
      notice("mainpid", `goes on as pid ${pid}, says pid ${before}`);
    };

    const take = (said: Notification, of: Task): void => {
      switch (said._tag) {
        case "Ready":
          return beReady();
        case "Reloading":
          notice("reloading", "says that it is reloading");
          // Before it is ready it is not kept: it has still to say so.
          if (ready) keepTold("reloading");
          return withhold(true);
        case "Stopping":
          if (stopping) return;
          keepTold("stopping");
          notice("stopping", "says that it is stopping");
          return stop();
        case "Status":
          slot.said = said.text === "" ? null : said.text;
          return;
        case "Alive":
          return feed(watchdog.intervalMillis);
        case "WatchdogTrigger":
          watchdog = { intervalMillis: Math.max(1, watchdog.intervalMillis), aliveAt: -Infinity };
          return watch();
        case "WatchdogInterval":
          feed(said.millis);
          return watch();
        case "ExtendTimeout":
          deadline = Math.max(deadline, now() + said.millis);
          return;
        case "Errno":
          return notice("errno", `says that it has failed with errno ${said.errno}`);
        case "BusError":
          return notice("errno", `says that it has failed with ${said.name}`);
        case "MainPid":
          return said.pid === of.identity.pid ? undefined : follow(of, said.pid);
        case "Unsupported":
          return notice("refused", `${said.assignment} is refused: HSU keeps no descriptors and lets nobody else speak for a unit`);
      }
    };

    const hear = (text: string, sender: Sender): void => {
      if (task === null) return void early.push([text, sender]);
      if (!isHeard(sender, task, spec.id))
        return notice("refused", `a notification of pid ${sender.pid} is refused: it is not of this unit`);
      const { malformed, notifications } = parse(text);
      for (const line of malformed) notice("refused", `a notification that cannot be read: ${JSON.stringify(line)}`);
      for (const said of notifications) take(said, task);
    };

    const socket = yield* driver.openNotifySocket(spec.id, hear, parts.holder);
    const timedOut: Effect.Effect<never, NotReady> = Effect.suspend(() => {
      const wait = deadline - now();
      if (wait > 0) return Effect.delay(timedOut, wait);
      return Effect.fail(new NotReady({ reason: "no READY=1 in time" }));
    });
    yield* Effect.addFinalizer(() => Effect.sync(() => ((slot.said = null), slot.readiness.withhold(false))));
    return {
      environment: {
        NOTIFY_SOCKET: socket.name,
        ...(spec.watchdogMillis === undefined ? {} : { WATCHDOG_USEC: String(spec.watchdogMillis * 1000) }),
      },
      keeper: socket.keeper,
      attach: (started) => {
        task = started;
        if (parts.holder?.told === "reloading") withhold(true);
        if (parts.holder?.told === "stopping") stop();
        // The kernel may tell of an end before what was said before it.
        started.hearFirst?.(socket.drain);
        feed(watchdog.intervalMillis);
        const heard = early;
        early = [];
        for (const [text, sender] of heard) hear(text, sender);
      },
      ready: Effect.suspend(() => (ready ? Effect.void : Effect.raceFirst(Deferred.await(isReady), timedOut))),
      watchdog: {
        expired: (ring) => {
          cancel?.();
          cancel = null;
          const millis = left(watchdog, now());
          if (millis === null) return false;
          if (millis <= 0) return true;
          cancel = ring(millis);
          return false;
        },
        intervalMillis: () => watchdog.intervalMillis,
      },
    };
  });
