/**
 * The message lane of a cell: a growing ring of (op, payload, call) triples in one array, so that a message costs no object.
 * Empty small rings go back to a pool: an idle actor holds none.
 */
const stride = 3;
const pooledSlots = 64 * stride;
const poolLimit = 1024;

export class Ring {
  /** Room for four messages, written out: V8 makes a literal many times faster than an array of a length. */
  // oxfmt-ignore
  slots: Array<unknown> = [undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined];
  head = 0;
  /** Number of occupied slots: three a message. */
  used = 0;

  push(op: unknown, payload: unknown, call: unknown): void {
    if (this.used === this.slots.length) this.grow();
    const slots = this.slots;
    let tail = this.head + this.used;
    if (tail >= slots.length) tail -= slots.length;
    slots[tail] = op;
    slots[tail + 1] = payload;
    slots[tail + 2] = call;
    this.used += stride;
  }

  /** Drops the message at the head; its slots were read by the caller. */
  shift(): void {
    const slots = this.slots;
    const head = this.head;
    slots[head] = undefined;
    slots[head + 1] = undefined;
    slots[head + 2] = undefined;
    this.head = head + stride === slots.length ? 0 : head + stride;
    this.used -= stride;
  }

  /** From the oldest on. */
  forEach(visit: (op: unknown, payload: unknown, call: unknown) => void): void {
    const { slots } = this;
    for (let n = 0; n < this.used; n += stride) {
      const at = (this.head + n) % slots.length;
      visit(slots[at], slots[at + 1], slots[at + 2]);
    }
  }

  get length(): number {
    return this.used / stride;
  }

  private grow(): void {
    const { head, slots: old } = this;
    const { length } = old;
    const slots = old.slice(head);
    // One array of its full length from the start: V8 would move it again and again while it grows.
    slots.length = length * 2;
    for (let i = 0, at = length - head; i < head; i++, at++) slots[at] = old[i];
    this.slots = slots;
    this.head = 0;
  }
}

const pool: Array<Ring> = [];

export const acquire = (): Ring => pool.pop() ?? new Ring();

/** Takes back an empty ring. */
export const release = (ring: Ring): void => {
  if (ring.slots.length <= pooledSlots && pool.length < poolLimit) {
    ring.head = 0;
    pool.push(ring);
  }
};
