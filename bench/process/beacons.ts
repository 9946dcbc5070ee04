/**
 * The units of the bench: they say when they are in `main()`, and the kernel says when the last of them has ended. Nothing is polled.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Compiles the beacon; undefined where there is no C compiler. */
export const compile = (folder: string): string | undefined => {
  const program = join(folder, "beacon");
  try {
    execFileSync("cc", ["-O2", "-o", program, fileURLToPath(new URL("beacon.c", import.meta.url))]);
    return program;
  } catch {
    return undefined;
  }
};

export interface Sighting {
  readonly pid: number;
  /** By `process.hrtime`, nanoseconds. */
  readonly at: bigint;
}

/** The clock that a beacon reads, nanoseconds. */
export const now = (): bigint => process.hrtime.bigint();
export const millisBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6;

/** One set of units, with a folder of its own. */
export class Beacons {
  readonly program: string;
  readonly folder: string;
  readonly latest = new Map<string, Sighting>();
  readonly #news: Socket;
  readonly #waiting = new Set<() => void>();
  #life: number;

  constructor(program: string, parent: string) {
    this.program = program;
    this.folder = mkdtempSync(join(parent, "b-"));
    execFileSync("mkfifo", [join(this.folder, "news"), join(this.folder, "life")]);
    // Read and write: no end of file comes before the first writer.
    this.#news = new Socket({ fd: openSync(join(this.folder, "news"), constants.O_RDWR | constants.O_NONBLOCK), readable: true });
    this.#life = openSync(join(this.folder, "life"), constants.O_RDWR | constants.O_NONBLOCK);
    let rest = "";
    this.#news.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [id = "", pid, at = "0"] = line.split(" ");
        this.latest.set(id, { pid: Number(pid), at: BigInt(at) });
      }
      for (const look of this.#waiting) look();
    });
  }

  command(id: string, mode: ReadonlyArray<string> = []): ReadonlyArray<string> {
    return [this.program, id, this.folder, ...mode];
  }

  /** Waits until `look` has an answer; fails after a while. */
  wait<A>(what: string, millis: number, look: () => A | undefined): Promise<A> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(again);
        reject(new Error(`not within ${millis} ms: ${what}; ${this.latest.size} units were seen`));
      }, millis);
      const again = (): void => {
        const answer = look();
        if (answer === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(again);
        resolve(answer);
      };
      this.#waiting.add(again);
      again();
    });
  }

  /** When the last of so many units was in `main()`. */
  all(count: number, millis: number): Promise<bigint> {
    return this.wait(`${count} units run`, millis, () =>
      this.latest.size < count ? undefined : [...this.latest.values()].reduce((last, { at }) => (at > last ? at : last), 0n),
    );
  }

  /** When the last of the units that run now has ended. */
  ended(millis: number): Promise<bigint> {
    return new Promise((resolve, reject) => {
      // A reader only: end of file when nobody has it open for writing any more.
      const reader = new Socket({ fd: openSync(join(this.folder, "life"), constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
      closeSync(this.#life);
      this.#life = -1;
      const timer = setTimeout(() => {
        reader.destroy();
        reject(new Error(`units still run after ${millis} ms`));
      }, millis);
      reader.once("end", () => {
        const at = now();
        clearTimeout(timer);
        reader.destroy();
        resolve(at);
      });
      reader.resume();
    });
  }

  /** Pids of the units that run, by id. */
  running(): ReadonlyMap<string, ReadonlyArray<number>> {
    const found = new Map<string, Array<number>>();
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        if (readlinkSync(`/proc/${name}/exe`) !== this.program) continue;
        const [, id = "", folder] = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        if (folder === this.folder) found.set(id, [...(found.get(id) ?? []), Number(name)]);
      } catch {
        // It has ended, or is not ours to look at.
      }
    }
    return found;
  }

  close(): void {
    for (const pids of this.running().values()) for (const pid of pids) process.kill(pid, "SIGKILL");
    this.#news.destroy();
    if (this.#life >= 0) closeSync(this.#life);
  }
}
