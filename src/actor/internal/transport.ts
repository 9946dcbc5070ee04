/**
 * What carries messages between two places that share no memory, and how they are written down. A connection knows nothing else of its carrier, so
 * that a worker thread is one of them and a socket may be another.
 */

/**
 * Frames on their way: `stride` slots each, in one flat array, so that a message costs no object of its own.
 * A frame is (kind, actor, id, a, b); what they mean is told by its kind.
 */
export type Frames = ReadonlyArray<unknown>;
export const stride = 5;

export const Kind = {
  // ---- to an actor; `actor` is its place in the list of what the other side exports
  /** a: tag, b: payload. */
  Cast: 0,
  /** The same with an id, which the reply carries. */
  Call: 1,
  /** As a cast, answered as soon as it is in the mailbox. */
  Send: 2,
  /** Nobody waits for the answer to `id` any more. */
  Cancel: 3,
  /** Something outside of the protocol. b: the value. */
  Inform: 4,
  /** id: incarnation, a: {@link Order}, b: reason. */
  Order: 5,

  // ---- from an actor; `actor` is its place in the list of what this side exports
  /** a: {@link Answer}, b: value. */
  Reply: 6,
  /** id: how many messages it has taken from this sender. */
  Taken: 7,
  /** id: incarnation that is up. */
  Up: 8,
  /** id: incarnation that has ended, b: reason. */
  Down: 9,

  // ---- of the two places themselves
  /** Worker: it listens. */
  Ready: 10,
  /** Main: b: {@link Start}. */
  Start: 11,
  /** Worker: its tree is up. b: what it exports. */
  Started: 12,
  /** Worker: its tree did not start. b: reason. */
  NotStarted: 13,
  /** Main: stop the tree. b: reason. */
  Stop: 14,
  /** Worker: the tree has ended. b: reason. */
  Ended: 15,

  // ---- of two places of which the one asks for actors by their names
  /** b: {@link Want}: it wants to talk to an actor, which is `place` from then on. */
  Want: 16,
  /** b: [place, what is wrong with it or null]: there is none of that name, or none any more. */
  Absent: 17,
  /** b: [place]: there is one of that name now. */
  Offered: 18,
} as const;

export const Order = { Exit: 0, Shutdown: 1, Kill: 2 } as const;

export const Answer = { Success: 0, Failure: 1, Down: 2, Full: 3, NotEncodable: 4, Defect: 5 } as const;

/** An actor that one side offers to the other: its name and the tags that it takes. */
export type Offer = readonly [name: string, tags: ReadonlyArray<string>];

export type Want = readonly [place: number, name: string, tags: ReadonlyArray<string>];

export interface Start {
  /** Of the supervisor above the worker's tree, and the id of that tree. */
  readonly path: ReadonlyArray<string>;
  readonly id: string;
  readonly offers: ReadonlyArray<Offer>;
}

export interface Listener {
  frames(frames: Frames): void;
  /** The other side has failed, or what it sent could not be read: nothing more can be expected of it. */
  failed(error: unknown): void;
  /** The other side is gone. `code`: its exit code, where there is one. */
  closed(code: number | null): void;
}

export interface Transport {
  /** Sends frames, in order; throws when one of them cannot be copied, and has sent none of them then. */
  send(frames: Frames): void;
  listen(listener: Listener): void;
  /** Whether `closed` is called when the other side has ended by itself. */
  readonly noticesEnd: boolean;
  /** Ends the other side, or this side of it, without asking. What comes from there afterwards is not heard. */
  close(): void | PromiseLike<unknown>;
}
