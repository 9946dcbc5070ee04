/**
 * Brings one output of a unit to a target: from where it was the last time, in batches, each again until it is there. Nothing is held but one batch, and nobody
 * waits for it.
 */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import type { Place } from "../collect/Place.ts";
import type { LogFileSpec } from "../LogsSpec.ts";
import { chunksOf, committedTo, type Segment, segmentsOf } from "../read/Segments.ts";
import { type Bodies, bodiesOf } from "./Body.ts";
import { type Cursor, readCursor, writeCursor } from "./Cursor.ts";
import { type Gap, LineReader } from "./LineReader.ts";
import type { LogRecord, LogSink } from "./LogSink.ts";
import { count, forgetLost, lostIn } from "./Lost.ts";
import type { TargetSpec } from "./TargetSpec.ts";

export interface FeedOptions {
  readonly unit: string;
  readonly place: Place;
  /** How the log is kept. */
  readonly file: LogFileSpec;
  readonly target: TargetSpec;
  readonly sink: LogSink;
  /** One that has brought the same before, and may be about to end. */
  readonly after?: Promise<void>;
  /** Said once of each row of failures and when it is over, and of what is lost. */
  readonly notice: (message: string) => void;
  readonly now: () => number;
  readonly random: () => number;
}

/** How it is with a target. */
export interface FeedState {
  /** Unix milliseconds since it is away; null: it is not. */
  readonly awaySince: number | null;
  readonly why: string | null;
  /** Lines that it has got since its place is kept, without those that its filters left out. */
  readonly delivered: number;
  readonly lost: number;
  readonly rejected: number;
  /** Of the log on the disk, that are still to come. */
  readonly lagBytes: number;
}

const firstRetryMillis = 250;
/** So much is counted, to say how many lines are still to come. */
const countedBytes = 64 * 1024 * 1024;

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message === "" ? (code ?? error.name) : error.message;
};

const sizeOf = ({ path, size }: Segment): number =>
  size ?? statSync(path, { throwIfNoEntry: false })?.size ?? statSync(`${path}.gz`, { throwIfNoEntry: false })?.size ?? 0;

export class Feed {
  readonly #options: FeedOptions;
  #reader: LineReader;
  #bodies: Bodies;
  #cursor: Cursor;
  #away: { readonly since: number; readonly why: string } | undefined;
  #delivered = 0;
  /** Told that there is more. */
  #isWoken = true;
  #isClosing = false;
  #isStopped = false;
  #wake = (): void => {};
  #isUnwritable = false;
  #counting: Promise<void> = Promise.resolve();
  /** Done when it has ended. */
  readonly over: Promise<void>;

  /** A target that is new begins with what is written from now on. */
  constructor(options: FeedOptions) {
    this.#options = options;
    const { file, place, target, unit } = options;
    this.#cursor = readCursor(place, target.id) ?? this.#begin();
    this.#reader = new LineReader(place, file, this.#cursor);
    this.#bodies = bodiesOf(target, unit, place.stream, this.#cursor.epoch);
    this.counts();
    this.over = this.#run();
  }

  get state(): FeedState {
    const { lost, rejected } = this.#cursor;
    return {
      awaySince: this.#away?.since ?? null,
      why: this.#away?.why ?? null,
      delivered: this.#delivered,
      lost,
      rejected,
      lagBytes: this.#lagBytes(),
    };
  }

  /** There may be more. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  keep(file: LogFileSpec): void {
    this.#reader.keep(file);
  }

  /** A file was removed that it had not read: how many lines that were is counted. */
  counts(): void {
    const { notice, place, target } = this.#options;
    this.#counting = this.#counting.then(() =>
      count(place, target.id).catch((error: unknown) =>
        notice(`lines that were lost for ${target.name} are not counted: ${reasonOf(error)}`),
      ),
    );
  }

  /** Lines that are still to come; `more`: there are more than that. */
  async lagLines(): Promise<{ readonly lines: number; readonly more: boolean }> {
    const { place } = this.#options;
    const { offset, segment: at } = this.#cursor;
    let [lines, bytes] = [0, 0];
    for (const segment of segmentsOf(place).filter(({ number }) => number >= at)) {
      for await (const chunk of chunksOf(place, segment, segment.number === at ? offset : 0)) {
        for (let next = chunk.bytes.indexOf(0x0a); next !== -1; next = chunk.bytes.indexOf(0x0a, next + 1)) lines++;
        bytes += chunk.bytes.length;
        if (bytes > countedBytes) return { lines, more: true };
      }
    }
    return { lines, more: false };
  }

  /** Ends; what is under way goes to its end. */
  stop(): Promise<void> {
    this.#isStopped = this.#isClosing = true;
    this.#wake();
    return this.over;
  }

  /** Brings what is there, for at most `millis` and only while it is not away, and ends. */
  async close(millis: number): Promise<void> {
    this.#isClosing = true;
    this.wake();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, millis)));
    await Promise.race([this.over, late]);
    clearTimeout(timer);
    void this.stop();
  }

  #begin(): Cursor {
    const { place, target } = this.#options;
    const { bytes, segment } = committedTo(place);
    const epoch = randomBytes(6).toString("hex");
    const cursor: Cursor = { segment, offset: bytes, lines: 0, nanos: 0n, lost: 0, rejected: 0, epoch };
    writeCursor(place, target.id, cursor);
    return cursor;
  }

  async #run(): Promise<void> {
    const { after, file, place, target, unit } = this.#options;
    if (after !== undefined) {
      await after;
      this.#cursor = readCursor(place, target.id) ?? this.#cursor;
      this.#reader = new LineReader(place, file, this.#cursor);
      this.#bodies = bodiesOf(target, unit, place.stream, this.#cursor.epoch);
    }
    let retryMillis = firstRetryMillis;
    while (!this.#isStopped) {
      try {
        await this.#bring();
        return;
      } catch (error) {
        // Its log cannot be read, for now.
        if (this.#isAway(reasonOf(error))) return;
        await this.#pause(this.#jittered(retryMillis));
        retryMillis = this.#later(retryMillis);
        await this.#reader.close().catch(() => {});
      }
    }
  }

  /** Until it is closed. */
  async #bring(): Promise<void> {
    const { batch } = this.#options.target;
    for (;;) {
      this.#isWoken = false;
      const { gap, isFull, lines } = await this.#reader.next(batch.maxLines, batch.maxBytes);
      if (this.#isStopped) break;
      if (gap !== undefined) {
        if (!(await this.#tellOf(gap))) break;
        continue;
      }
      if (lines.length === 0) {
        if (this.#isClosing) break;
        if (!this.#isWoken) await this.#pause(undefined);
        continue;
      }
      const records: Array<LogRecord> = [];
      let { lines: number, nanos } = this.#cursor;
      for (const line of lines) {
        if (this.#bodies.wants(line)) {
          const record = this.#bodies.recordOf(line, number, nanos, this.#options.now());
          ({ nanos } = record);
          records.push(record);
        }
        number++;
      }
      if (!(await this.#deliver(records))) break;
      this.#note({ ...this.#reader.spot, lines: number, nanos });
      // A unit that writes all the time is brought in larger pieces.
      if (isFull !== true && !this.#isClosing) await this.#pause(batch.everyMillis);
    }
    await this.#reader.close();
  }

  /** Until they are there; false: it is closed before that. */
  async #deliver(records: ReadonlyArray<LogRecord>): Promise<boolean> {
    const { name } = this.#options.target;
    const { stream } = this.#options.place;
    let left = records;
    let retryMillis = firstRetryMillis;
    while (left.length > 0) {
      let why: string;
      try {
        const { again = [], rejected = 0, why: reason = "it took only a part" } = (await this.#options.sink.deliver(left)) ?? {};
        if (rejected > 0) {
          this.#options.notice(`${rejected} lines of its ${stream} were rejected by ${name} (${reason})`);
          this.#cursor = { ...this.#cursor, rejected: this.#cursor.rejected + rejected };
        }
        this.#delivered += left.length - again.length - rejected;
        if (again.length < left.length) retryMillis = firstRetryMillis;
        left = again;
        why = reason;
      } catch (error) {
        why = reasonOf(error);
      }
      if (left.length === 0) break;
      if (this.#isAway(why)) return false;
      await this.#pause(this.#jittered(retryMillis));
      retryMillis = this.#later(retryMillis);
      if (this.#isStopped) return false;
    }
    if (this.#away !== undefined) {
      this.#away = undefined;
      this.#options.notice(`its ${stream} is brought to ${name} again`);
    }
    return true;
  }

  /** True: nobody waits for it to come back. */
  #isAway(why: string): boolean {
    const { notice, now, place, target } = this.#options;
    if (this.#away === undefined) notice(`its ${place.stream} cannot be brought to ${target.name} (${why}), and waits in its log`);
    this.#away = { since: this.#away?.since ?? now(), why };
    return this.#isClosing;
  }

  /** A line there says what is not there. */
  async #tellOf({ to }: Gap): Promise<boolean> {
    const { notice, now, place, target, unit } = this.#options;
    await this.#counting;
    const { files, lines } = lostIn(place, target.id, this.#cursor, to);
    if (lines > 0 || files > 0) {
      const counted = lines > 0 || files === 0 ? [`${lines} lines`] : [];
      const uncounted = files === 0 ? [] : [`the lines of ${files} ${files === 1 ? "file" : "files"} that nobody has counted`];
      const what = [...counted, ...uncounted].join(" and ");
      const told = `[hsu] ${what} lost here: removed by rotation before they could be brought there`;
      const { epoch, nanos } = this.#cursor;
      const record = bodiesOf({ ...target, withSequence: false }, unit, place.stream, epoch).recordOf(
        { segment: to, offset: 0, time: now(), text: told },
        this.#cursor.lines,
        nanos,
        now(),
      );
      notice(`${what} of its ${place.stream} were removed by rotation before they could be brought to ${target.name}`);
      if (!(await this.#deliver([{ ...record, id: `${epoch}-lost-${to}` }]))) return false;
      this.#note({ segment: to, offset: 0, lines: this.#cursor.lines, nanos: record.nanos, lost: this.#cursor.lost + lines });
    } else this.#note({ segment: to, offset: 0, lines: this.#cursor.lines, nanos: this.#cursor.nanos });
    forgetLost(place, target.id, to);
    return true;
  }

  #note(moved: Partial<Cursor>): void {
    const { notice, place, target } = this.#options;
    this.#cursor = { ...this.#cursor, ...moved };
    try {
      writeCursor(place, target.id, this.#cursor);
      this.#isUnwritable = false;
    } catch (error) {
      // A later master would bring it again.
      if (!this.#isUnwritable) notice(`how far its ${place.stream} has come to ${target.name} cannot be kept (${reasonOf(error)})`);
      this.#isUnwritable = true;
    }
  }

  #lagBytes(): number {
    const { place } = this.#options;
    const { offset, segment } = this.#cursor;
    const now = committedTo(place);
    if (now.segment === segment) return Math.max(0, now.bytes - offset);
    const later = segmentsOf(place).filter(({ number }) => number >= segment);
    return Math.max(0, later.reduce((sum, each) => sum + sizeOf(each), 0) - offset);
  }

  #later(retryMillis: number): number {
    return Math.min(retryMillis * 2, this.#options.target.maxRetryMillis);
  }

  /** Who went away together does not come back together. */
  #jittered(millis: number): number {
    return millis * (0.5 + this.#options.random() / 2);
  }

  /** Undefined: until it is woken; else only the end of it all comes before the time. */
  #pause(millis: number | undefined): Promise<void> {
    if (this.#isStopped || (millis !== undefined && this.#isClosing)) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = () => {
        if (millis === undefined || this.#isClosing || this.#isStopped) end();
      };
      if (millis !== undefined) timer = setTimeout(end, millis);
    });
  }
}
