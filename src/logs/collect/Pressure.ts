/**
 * Whether so much of one output waits to be taken over that its unit is to be held back. Told while it is so, and once when half of the bound is free again.
 */
import type { Backlog } from "../LogsSpec.ts";

export class Pressure {
  readonly #told: (isFull: boolean) => void;
  /** Undefined: nobody knows how an earlier master has left it. */
  #isFull: boolean | undefined;

  constructor(told: (isFull: boolean) => void, isNew: boolean) {
    this.#told = told;
    this.#isFull = isNew ? false : undefined;
  }

  /** So many bytes wait. */
  look(waiting: number, { maxBytes, whenFull }: Backlog): void {
    if (whenFull !== "block" && this.#isFull !== true) return;
    const isFull = whenFull === "block" && waiting > (this.#isFull === true ? maxBytes / 2 : maxBytes);
    if (!isFull && this.#isFull === false) return;
    this.#isFull = isFull;
    this.#told(isFull);
  }
}
