/**
 * All feeds of a master: which outputs go where, and how that is going.
 */
import { spare } from "./Lost.ts";
import type { LogStream } from "../LogFiles.ts";
import type { LogTarget } from "../../protocol/LogTargets.ts";
import type { LogsSpec } from "../LogsSpec.ts";
import { type Place, placeOf } from "../collect/Place.ts";
import { removeCursor, targetsIn } from "./Cursor.ts";
import { Feed, type FeedState } from "./Feed.ts";
import type { LogSink } from "./LogSink.ts";
import { lazySink } from "./Open.ts";
import type { Destination, Reveal, TargetSpec } from "./TargetSpec.ts";

export interface FeedsOptions {
  /** The folder of one unit's logs. */
  readonly folderOf: (unit: string) => string;
  readonly notice: (unit: string, message: string) => void;
  readonly now: () => number;
  readonly random: () => number;
  /** Has the values of secrets; absent: of those that need no library. */
  readonly reveal?: Reveal;
  /** For tests. */
  readonly open?: (destination: Destination) => LogSink;
}

interface Running {
  readonly feed: Feed;
  readonly target: TargetSpec;
  readonly stream: LogStream;
  readonly key: string;
  readonly sinkKey: string;
}

const streams = ["stdout", "stderr"] as const;

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #units = new Map<string, ReadonlyArray<Running>>();
  /** Destinations that are alike are one. */
  readonly #sinks = new Map<string, { readonly sink: LogSink; users: number }>();

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /** From here on it is so; what goes on as it was is not touched. */
  set(unit: string, spec: LogsSpec): void {
    const all = this.#units.get(unit) ?? [];
    const before = new Map(all.map((running) => [running.key, running]));
    const running = streams.flatMap((stream) => {
      const place = placeOf(this.#options.folderOf(unit), stream, spec[stream].path);
      const targets = (spec.targets ?? []).filter((target) => target.streams.includes(stream));
      for (const id of targetsIn(place)) if (!targets.some((target) => target.id === id)) removeCursor(place, id);
      return targets.map((target) => {
        const key = JSON.stringify([stream, place.log, target]);
        const known = before.get(key);
        known?.feed.keep(spec[stream]);
        const earlier = all.find((one) => one.stream === stream && one.target.id === target.id);
        return known ?? this.#start(unit, place, spec, target, key, earlier?.feed.over);
      });
    });
    for (const gone of all) if (!running.includes(gone)) this.#end(gone);
    if (running.length === 0) this.#units.delete(unit);
    else this.#units.set(unit, running);
  }

  /** Something may have come to the log. */
  wake(unit: string, stream: LogStream): void {
    for (const running of this.#units.get(unit) ?? []) if (running.stream === stream) running.feed.wake();
  }

  /** A complete file is going to be removed. */
  removing(unit: string, place: Place, segment: number, path: string): void {
    spare(place, segment, path);
    for (const { feed, stream } of this.#units.get(unit) ?? []) if (stream === place.stream) feed.counts();
  }

  states(unit: string): ReadonlyArray<LogTarget> {
    const found = new Map<string, LogTarget>();
    for (const { feed, target } of this.#units.get(unit) ?? []) {
      const state = feed.state;
      const other = found.get(target.id);
      found.set(target.id, { target: target.name, ...(other === undefined ? state : together(other, state)) });
    }
    return Array.from(found.values());
  }

  /** With the lines that are still to come. */
  async counted(unit: string): Promise<ReadonlyArray<LogTarget>> {
    const lags = new Map<string, { lines: number; more: boolean }>();
    for (const { feed, target } of this.#units.get(unit) ?? []) {
      const own = await feed.lagLines();
      const other = lags.get(target.name);
      lags.set(target.name, { lines: own.lines + (other?.lines ?? 0), more: own.more || other?.more === true });
    }
    return this.states(unit).map((state) => {
      const { lines = 0, more = false } = lags.get(state.target) ?? {};
      return { ...state, lagLines: lines, ...(more ? { hasMore: true } : {}) };
    });
  }

  /** Brings what is there, for at most `millis`. */
  async close(millis: number): Promise<void> {
    const all = Array.from(this.#units.values()).flat();
    await Promise.all(all.map(({ feed }) => feed.close(millis)));
    for (const { sink } of this.#sinks.values()) sink.close?.();
  }

  #start(unit: string, place: Place, spec: LogsSpec, target: TargetSpec, key: string, after: Promise<void> | undefined): Running {
    const { notice, now, random } = this.#options;
    const sinkKey = JSON.stringify(target.destination);
    const open = this.#options.open ?? ((destination: Destination) => lazySink(destination, this.#options.reveal));
    const shared = this.#sinks.get(sinkKey) ?? { sink: open(target.destination), users: 0 };
    shared.users++;
    this.#sinks.set(sinkKey, shared);
    const feed = new Feed({
      unit,
      place,
      file: spec[place.stream],
      target,
      sink: shared.sink,
      ...(after === undefined ? {} : { after }),
      notice: (message) => notice(unit, message),
      now,
      random,
    });
    return { feed, target, stream: place.stream, key, sinkKey };
  }

  /** What is under way goes to its end: the one that comes after it begins where it was. */
  #end({ feed, sinkKey }: Running): void {
    void feed.stop().then(() => {
      const shared = this.#sinks.get(sinkKey);
      if (shared === undefined || --shared.users > 0) return;
      shared.sink.close?.();
      this.#sinks.delete(sinkKey);
    });
  }
}

const together = (one: FeedState, other: FeedState): FeedState => ({
  awaySince: one.awaySince ?? other.awaySince,
  why: one.why ?? other.why,
  delivered: one.delivered + other.delivered,
  lost: one.lost + other.lost,
  rejected: one.rejected + other.rejected,
  lagBytes: one.lagBytes + other.lagBytes,
});
