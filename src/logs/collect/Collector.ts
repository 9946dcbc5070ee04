/**
 * Takes over what all units write. Told by the kernel when a unit has written (inotify); while a unit writes all the time, it is looked at in
 * intervals instead, so that neither its writes nor the loop are burdened with a message for each line. When nobody writes, nothing happens.
 */
import { existsSync, type FSWatcher, mkdirSync, watch } from "node:fs";
import { optimize } from "../../platform/index.ts";
import type { LogStream } from "../LogFiles.ts";
import { defaultLogs, type LogsSpec } from "../LogsSpec.ts";
import { Pipe, type Sequence, type World } from "./Pipe.ts";
import { hiddenName, namesIn } from "./Place.ts";

export interface CollectorOptions extends World {
  /** The folder of one unit's logs. */
  readonly folderOf: (unit: string) => string;
  /** Said once when what a unit writes cannot be taken over, and when it can be again. */
  readonly notice: (unit: string, message: string) => void;
  /** Something may have come to this log for good. */
  readonly progressed?: (unit: string, stream: LogStream) => void;
}

/** Two writes within it: the unit is busy, and looked at in intervals. */
const busyMillis = 25;
/** At least so long an interval is, and so many times as long as the looks before it took: all units together cost a seventh of a processor. */
const intervalMillis = 14;
const restFactor = 6;
/** Looks that have found something and take longer than that, so often in a row, are worth the compilers: a start of many units is not. */
const dearMillis = 2;
const manyLooks = 20;
const dearTimes = 20;
const maxIntervalMillis = 40;
/** Looks without a find before it is not busy any more. */
const quietLooks = 4;
/** So long one turn of the loop may go to looks, of the processor's time: who waits for it has not looked. */
const looksMillis = 8;
/** So long the empty files of ended runs are kept for the next ones. */
const keptMillis = 10_000;
const firstRetryMillis = 250;
const fullLookMillis = 100;
const maxRetryMillis = 10_000;

interface Followed {
  readonly pipe: Pipe;
  watcher: FSWatcher | undefined;
  state: "resting" | "running" | "troubled";
  /** Looked at in intervals, and not watched. */
  isBusy: boolean;
  /** Told while it was running. */
  isDirty: boolean;
  lastToldAt: number;
  idleLooks: number;
  retryMillis: number;
  /** Why it could not be taken over the last time. */
  trouble: string | undefined;
  waiting: Array<() => void>;
}

const threadMillis = (): number => {
  const { system, user } = process.threadCpuUsage();
  return (system + user) / 1000;
};

/** False where the folder is there, or cannot be made for now. */
const makeNew = (folder: string): boolean => {
  try {
    mkdirSync(folder, 0o700);
    return true;
  } catch {
    return false;
  }
};

export class Collector {
  readonly #options: CollectorOptions;
  readonly #units = new Map<string, ReadonlyArray<Followed>>();
  readonly #busy = new Set<Followed>();
  /** Rounds of dear looks, in a row. */
  #dear = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #retries = new Set<NodeJS.Timeout>();
  /** Whose run is over. */
  readonly #ended = new Set<Followed>();
  #dismissal: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Goes on with what an earlier master has left of this unit, if it has left something. */
  adopt(unit: string, spec: LogsSpec = defaultLogs): void {
    const hidden = `${this.#options.folderOf(unit)}/${hiddenName}`;
    if (existsSync(hidden) && namesIn(hidden).some((name) => name.endsWith(".spool")))
      for (const each of this.#of(unit, spec)) this.#run(each);
  }

  /** The files that the next run of a unit writes to. */
  begin(unit: string, spec: LogsSpec = defaultLogs): Readonly<Record<LogStream, string>> {
    const paths = this.#of(unit, spec).map((each) => {
      this.#ended.delete(each);
      const again = each.pipe.again();
      if (again === undefined || each.watcher === undefined) this.#soon(each);
      return again ?? each.pipe.begin();
    });
    return { stdout: paths[0]!, stderr: paths[1]! };
  }

  /** From the next lines on. */
  keep(unit: string, spec: LogsSpec = defaultLogs): void {
    for (const each of this.#units.get(unit) ?? []) {
      each.pipe.keep(spec);
      this.#wake(each);
    }
  }

  /** The run is over, and nobody writes any more. */
  end(unit: string): void {
    for (const each of this.#units.get(unit) ?? []) {
      each.pipe.end();
      this.#wake(each);
      this.#ended.add(each);
    }
    this.#dismissal ??= setTimeout(() => this.#dismiss(), keptMillis);
  }

  /** Whoever has not begun again by now is not about to. */
  #dismiss(): void {
    this.#dismissal = undefined;
    for (const each of this.#ended) if (each.pipe.dismiss()) this.#wake(each);
    this.#ended.clear();
  }

  /** Done when all that the unit has written so far is in its log; while that is in trouble, at once. */
  async settled(unit: string): Promise<void> {
    await Promise.all((this.#units.get(unit) ?? []).map((each) => this.#settle(each)));
  }

  /** What of a unit's output cannot be taken over just now, and why. */
  troubles(unit: string): ReadonlyArray<string> {
    return (this.#units.get(unit) ?? []).flatMap(({ pipe, trouble }) =>
      trouble === undefined ? [] : [`its ${pipe.place.stream} cannot be kept (${trouble}), and waits`],
    );
  }

  /** Takes over what is there, for at most `millis`, and closes. */
  async close(millis = 5000): Promise<void> {
    if (this.#isClosed) return;
    clearTimeout(this.#dismissal);
    this.#dismiss();
    const all = Array.from(this.#units.values()).flat();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, millis)));
    await Promise.race([Promise.all(all.map((each) => this.#settle(each))), late]);
    clearTimeout(timer);
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const retry of this.#retries) clearTimeout(retry);
    for (const each of all) {
      each.watcher?.close();
      if (each.state !== "running") each.pipe.close();
    }
  }

  #of(unit: string, spec: LogsSpec): ReadonlyArray<Followed> {
    let found = this.#units.get(unit);
    if (found === undefined) {
      const sequence: Sequence = { next: 1 };
      const folder = this.#options.folderOf(unit);
      const isNew = makeNew(`${folder}/${hiddenName}`);
      found = (["stdout", "stderr"] as const).map((stream) => ({
        pipe: new Pipe(unit, folder, stream, spec, sequence, this.#options, isNew),
        watcher: undefined,
        state: "resting",
        isBusy: false,
        isDirty: false,
        lastToldAt: 0,
        idleLooks: 0,
        retryMillis: firstRetryMillis,
        trouble: undefined,
        waiting: [],
      }));
      this.#units.set(unit, found);
    }
    // What is kept otherwise from now on begins with the next lines.
    for (const { pipe } of found) pipe.keep(spec);
    return found;
  }

  #settle(each: Followed): Promise<void> {
    if (each.state === "troubled") return Promise.resolve();
    return new Promise((resolve) => {
      each.waiting.push(resolve);
      this.#wake(each);
    });
  }

  #wake(each: Followed): void {
    if (each.state === "running") each.isDirty = true;
    else if (each.state !== "troubled") this.#run(each);
  }

  /** Until there is nothing left. */
  #run(each: Followed): void {
    if (this.#isClosed) return;
    each.state = "running";
    try {
      do {
        each.isDirty = false;
        for (let outcome = each.pipe.step(); outcome !== "idle"; outcome = each.pipe.step()) {
          each.idleLooks = 0;
          if (outcome === "more") continue;
          if (outcome === "found") break;
          this.#busily(each);
          outcome.then(
            (next) => (
              this.#progressed(each),
              this.#isClosed ? each.pipe.close() : next === "found" && !each.isDirty ? this.#idle(each) : this.#run(each)
            ),
            (error: unknown) => this.#troubled(each, error),
          );
          return;
        }
      } while (each.isDirty);
      this.#idle(each);
    } catch (error) {
      this.#troubled(each, error);
    }
  }

  #idle(each: Followed): void {
    each.pipe.settle();
    this.#progressed(each);
    each.state = "resting";
    if (each.retryMillis !== firstRetryMillis) {
      each.retryMillis = firstRetryMillis;
      each.trouble = undefined;
      this.#options.notice(each.pipe.unit, `its ${each.pipe.place.stream} is taken over again`);
    }
    for (const done of each.waiting.splice(0)) done();
    if (each.isBusy && each.idleLooks < quietLooks) return;
    each.isBusy = false;
    this.#busy.delete(each);
    if (each.pipe.watchable === undefined) this.#rest(each);
    else if (each.watcher === undefined) {
      this.#watch(each, each.pipe.watchable);
      // What has come before it was watched.
      return this.#run(each);
    }
    each.pipe.rest();
  }

  #progressed({ pipe }: Followed): void {
    this.#options.progressed?.(pipe.unit, pipe.place.stream);
  }

  #watch(each: Followed, path: string): void {
    each.watcher = watch(path, () => this.#told(each));
    each.watcher.on("error", () => {});
  }

  #rest(each: Followed): void {
    each.watcher?.close();
    each.watcher = undefined;
  }

  #told(each: Followed): void {
    const now = this.#options.now();
    if (now - each.lastToldAt < busyMillis) this.#busily(each);
    else this.#wake(each);
    each.lastToldAt = now;
  }

  /** What starts need not wait for its watch, and what ends at once needs none. */
  #soon(each: Followed): void {
    this.#rest(each);
    if (each.state === "troubled") return;
    this.#busily(each);
    each.idleLooks = quietLooks - 1;
  }

  #busily(each: Followed): void {
    this.#rest(each);
    each.idleLooks = 0;
    each.isBusy = true;
    this.#busy.add(each);
    this.#timer ??= setTimeout(() => this.#tick(), intervalMillis);
  }

  #tick(): void {
    const begunAt = threadMillis();
    let [looks, found] = [0, 0];
    for (const each of Array.from(this.#busy)) {
      // Behind those that are not looked at this time.
      this.#busy.delete(each);
      this.#busy.add(each);
      each.idleLooks += 1;
      looks += 1;
      if (each.state === "resting") this.#run(each);
      if (each.idleLooks === 0) found += 1;
      if (looks % 4 === 0 && threadMillis() - begunAt > looksMillis) break;
    }
    const took = threadMillis() - begunAt;
    this.#dear = found >= manyLooks && took > dearMillis ? this.#dear + 1 : 0;
    if (this.#dear >= dearTimes) optimize();
    const interval = Math.min(maxIntervalMillis, Math.max(intervalMillis, took * restFactor));
    this.#timer = this.#busy.size === 0 ? undefined : setTimeout(() => this.#tick(), interval);
  }

  /** Looked at again later: what is not taken over waits in the spool. */
  #troubled(each: Followed, error: unknown): void {
    const { pipe } = each;
    pipe.recover();
    this.#rest(each);
    this.#busy.delete(each);
    each.isBusy = false;
    each.state = "troubled";
    for (const done of each.waiting.splice(0)) done();
    const { code, message } = error as NodeJS.ErrnoException;
    each.trouble = code ?? message;
    if (each.retryMillis === firstRetryMillis)
      this.#options.notice(pipe.unit, `its ${pipe.place.stream} cannot be taken over (${each.trouble}), and waits in ${pipe.place.folder}`);
    // It goes on writing meanwhile, and nothing tells how much.
    const looks = pipe.blocks ? setInterval(() => pipe.look(), fullLookMillis) : undefined;
    if (looks !== undefined) this.#retries.add(looks);
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      clearInterval(looks);
      if (looks !== undefined) this.#retries.delete(looks);
      each.state = "resting";
      this.#run(each);
    }, each.retryMillis);
    this.#retries.add(retry);
    each.retryMillis = Math.min(maxRetryMillis, each.retryMillis * 2);
  }
}
