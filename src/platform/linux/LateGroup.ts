/**
 * Who has lived for a moment is taken into a control group of its own: to make one, to move somebody and to remove it again costs as much as a start, and the
 * kernel starts nobody meanwhile. What ends before is known by the marks in its environment.
 */
import type { ControlGroup } from "./Cgroup.ts";

export type Group = Pick<ControlGroup, "folder" | "version" | "holds" | "settled" | "members" | "populated" | "kill" | "remove">;

/** So long it has lived, and at most so long it waits for starts of others to be over. */
const [leastMillis, mostMillis] = [20, 1000];
/** So many are taken in at once. */
const atOnce = 16;

/** The oldest first. */
const waiting = new Map<LateGroup, number>();
let timer: ReturnType<typeof setTimeout> | undefined;
let latest = 0;

const look = (): void => {
  timer = undefined;
  const now = performance.now();
  const isBusy = now - latest < leastMillis;
  let taken = 0;
  for (const [group, since] of waiting) {
    if (now - since < (isBusy ? mostMillis : leastMillis) || taken === atOnce) break;
    group.take();
    taken++;
  }
  lookSoon();
};

const lookSoon = (): void => {
  if (timer !== undefined || waiting.size === 0) return;
  timer = setTimeout(look, leastMillis);
  timer.unref();
};

export class LateGroup implements Group {
  readonly #make: () => ControlGroup | undefined;
  #group: ControlGroup | undefined;

  /** `make` has the process taken in. */
  constructor(make: () => ControlGroup | undefined) {
    this.#make = make;
    waiting.set(this, (latest = performance.now()));
    lookSoon();
  }

  /** Now, if that is still to come. */
  take(): void {
    if (waiting.delete(this)) this.#group = this.#make();
  }

  /** Its pid may be somebody else's from now on. */
  ended(): void {
    waiting.delete(this);
  }

  /** Undefined while there is none. */
  get group(): ControlGroup | undefined {
    return this.#group;
  }

  get folder(): string {
    return this.#group?.folder ?? "";
  }

  get version(): 1 | 2 {
    return this.#group?.version ?? 2;
  }

  get holds(): boolean {
    return this.#group?.holds ?? false;
  }

  get settled(): Promise<void> | null {
    return this.#group?.settled ?? null;
  }

  members(): ReadonlyArray<number> {
    return this.#group?.members() ?? [];
  }

  populated(): boolean {
    return this.#group?.populated() ?? false;
  }

  kill(): void {
    this.#group?.kill();
  }

  remove(): void {
    this.ended();
    this.#group?.remove();
  }
}
