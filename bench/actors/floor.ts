/**
 * The least that an actor can cost here: a mailbox, a handler, one loop for all. No types, no deadlines, no monitors, no limits, no scopes,
 * no order of stopping that anybody could wait for: a floor to measure against, not a framework.
 */
type Reply = (value: number) => void;
export type Handler = (state: number, message: unknown, reply: Reply | null) => number;

const turnLimit = 256;
const sliceMillis = 4;

let waiting: Array<FloorActor> = [];
let draining = false;

const drain = (): void => {
  const began = performance.now();
  while (waiting.length > 0) {
    const turn = waiting;
    waiting = [];
    for (const actor of turn) actor.turn();
    if (performance.now() - began > sliceMillis) return void setImmediate(drain);
  }
  draining = false;
};

const enqueue = (actor: FloorActor): void => {
  waiting.push(actor);
  if (draining) return;
  draining = true;
  queueMicrotask(drain);
};

export class FloorActor {
  state: number;
  alive = true;
  private readonly handler: Handler;
  private readonly crashed: ((actor: FloorActor) => void) | null;
  /** Message and reply by turns; null until the first one comes, and then kept. */
  private mail: Array<unknown> | null = null;
  private next = 0;
  private end = 0;

  constructor(state: number, handler: Handler, crashed: ((actor: FloorActor) => void) | null) {
    this.state = state;
    this.handler = handler;
    this.crashed = crashed;
  }

  cast(message: unknown): void {
    this.push(message, null);
  }

  call(message: unknown): Promise<number> {
    return new Promise((resolve) => this.push(message, resolve));
  }

  stop(): void {
    this.alive = false;
    this.mail = null;
  }

  turn(): void {
    const mail = this.mail;
    if (mail === null) return;
    for (let count = 0; count < turnLimit && this.next < this.end; count++) {
      const message = mail[this.next];
      const reply = mail[this.next + 1] as Reply | null;
      this.next += 2;
      try {
        this.state = this.handler(this.state, message, reply);
      } catch {
        if (this.crashed === null) return this.stop();
        this.crashed(this);
      }
    }
    if (this.next < this.end) return enqueue(this);
    this.next = this.end = 0;
  }

  private push(message: unknown, reply: Reply | null): void {
    if (!this.alive) return;
    const mail = (this.mail ??= []);
    const { end } = this;
    mail[end] = message;
    mail[end + 1] = reply;
    this.end = end + 2;
    if (end === 0) enqueue(this);
  }
}

/** Starts its children in order, brings each back when it fails, stops them in reverse. */
export class FloorSupervisor {
  readonly children = new Map<string, FloorActor>();

  constructor(ids: ReadonlyArray<string>, handler: Handler) {
    const restart = (actor: FloorActor): void => void (actor.state = 0);
    for (const id of ids) this.children.set(id, new FloorActor(0, handler, restart));
  }

  stop(): void {
    for (const child of [...this.children.values()].reverse()) child.stop();
    this.children.clear();
  }
}
