/**
 * The history of one unit's samples: a fixed number of rows of numbers in one array.
 */

/** One row of a history. Rates are a second's; what is not known is null. */
export interface Row {
  /** Unix milliseconds. */
  readonly at: number;
  readonly cpuPercent: number | null;
  readonly rss: number | null;
  readonly threads: number | null;
  readonly files: number | null;
  readonly readBps: number | null;
  readonly writeBps: number | null;
}

const columns = ["at", "cpuPercent", "rss", "threads", "files", "readBps", "writeBps"] as const satisfies ReadonlyArray<keyof Row>;

/** More are never kept: half a megabyte a unit. */
const mostRows = 8640;

/** How many rows hold this much time, one an interval. */
export const rowsFor = (retentionMillis: number, intervalMillis: number): number =>
  Math.min(mostRows, Math.max(1, Math.ceil(retentionMillis / Math.max(1, intervalMillis))));

export class Ring {
  readonly #numbers: Float64Array;
  readonly #capacity: number;
  #next = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#numbers = new Float64Array(capacity * columns.length);
  }

  get length(): number {
    return this.#length;
  }

  push(row: Row): void {
    const start = this.#next * columns.length;
    columns.forEach((name, index) => (this.#numbers[start + index] = row[name] ?? NaN));
    this.#next = (this.#next + 1) % this.#capacity;
    this.#length = Math.min(this.#capacity, this.#length + 1);
  }

  /** The oldest first. */
  rows(): ReadonlyArray<Row> {
    return Array.from({ length: this.#length }, (_, index) => {
      const start = ((this.#next - this.#length + index + this.#capacity) % this.#capacity) * columns.length;
      const value = (column: number): number | null => {
        const number = this.#numbers[start + column] ?? NaN;
        return Number.isNaN(number) ? null : number;
      };
      return {
        at: value(0) ?? 0,
        cpuPercent: value(1),
        rss: value(2),
        threads: value(3),
        files: value(4),
        readBps: value(5),
        writeBps: value(6),
      };
    });
  }
}
