/**
 * Somebody in another process who talks to actors of this one, by the names under which they are exported.
 */
import type { ActorCell } from "./actorCell.ts";
import { wireOf } from "./codecs.ts";
import { Connection, type Place } from "./connection.ts";
import { Exported } from "./exported.ts";
import * as ExitReason from "../ExitReason.ts";
import { window } from "./remoteCell.ts";
import { TextTransport } from "./textTransport.ts";
import { type Frames, Kind, Order, stride, type Want } from "./transport.ts";
import { encodeReason, type WireReason } from "./wireReason.ts";

/** Actors that one guest may talk to. */
const mostPlaces = 1000;
/** Unhandled messages to one actor: a guest that keeps to its window has half of them. */
const mostOutstanding = window * 2;

/** What is exported, as far as this guest may know of it. */
export interface Shelf {
  readonly find: (name: string) => ActorCell | undefined;
  /** Tells of names that come or go; gives back what ends that. */
  readonly watch: (changed: (name: string) => void) => () => void;
}

class Overrun extends Error {
  override readonly name = "Overrun";
}

const isText = (value: unknown): value is string => typeof value === "string";

const isWant = (body: unknown): body is Want => {
  if (!Array.isArray(body)) return false;
  const [place, name, tags] = body as ReadonlyArray<unknown>;
  return Number.isInteger(place) && isText(name) && Array.isArray(tags) && tags.every(isText);
};

const kinds: ReadonlySet<unknown> = new Set([Kind.Cast, Kind.Call, Kind.Send, Kind.Cancel, Kind.Inform, Kind.Want]);

/** Ends and kills are nothing that a stranger may order: what is not in the protocol is not passed on. */
const isTaken = (frames: Frames, at: number): boolean =>
  kinds.has(frames[at]) && Number.isInteger(frames[at + 1]) && Number.isInteger(frames[at + 2]);

/** A reason that no JSON can say is said in words. */
const said = (reason: WireReason): WireReason => {
  try {
    JSON.stringify(reason, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    return reason;
  } catch {
    return { ...reason, value: { kind: "value", value: "what it is cannot be said" } };
  }
};

class GuestConnection extends Connection {
  put(place: number, cell: ActorCell, name: string): void {
    const exported = new Exported(cell, name, place, this, wireOf(cell.behavior.protocol, "json"));
    this.exported[place] = exported;
    // Between two incarnations there is nobody to watch.
    if (!cell.alive) this.post(Kind.Down, place, 0, null, encodeReason(ExitReason.noProc));
    exported.watch();
  }

  withdraw(place: number): void {
    this.exported[place]?.close();
    this.exported[place] = undefined;
  }

  override post(kind: number, actor: number, id: number, a: unknown, b: unknown): void {
    super.post(kind, actor, id, a, kind === Kind.Down ? said(b as WireReason) : b);
  }

  get isOverrun(): boolean {
    return this.exported.some((exported) => exported !== undefined && exported.outstanding > mostOutstanding);
  }
}

export class Guest implements Place {
  private readonly shelf: Shelf;
  private readonly end: (error: unknown) => void;
  private readonly transport: TextTransport;
  private readonly connection: GuestConnection;
  private readonly wants: Array<Want> = [];
  private readonly unwatch: () => void;

  /** `end` is asked to end the connection; `close` has to follow. */
  constructor(shelf: Shelf, write: (text: string) => void, end: (error: unknown) => void) {
    this.shelf = shelf;
    this.end = end;
    this.transport = new TextTransport(write);
    this.connection = new GuestConnection(this.transport, this);
    this.unwatch = shelf.watch((name) => {
      for (const want of this.wants) if (want[1] === name) this.changed(want);
    });
    this.transport.listen({ frames: (frames) => this.receive(frames), failed: end, closed: () => {} });
  }

  hear(text: string): void {
    this.transport.hear(text);
  }

  private receive(frames: Frames): void {
    for (let at = 0; at < frames.length; at += stride) {
      if (frames[at] === Kind.Order && Object.values(Order).includes(frames[at + 3] as 0)) return this.end(new Overrun("it gives orders"));
      if (!isTaken(frames, at)) return this.end(new Overrun("what came are no frames of a guest"));
    }
    this.connection.receive(frames);
    if (this.connection.isOverrun) this.end(new Overrun("more messages than it was told that there is room for"));
  }

  told(_: number, body: unknown): void {
    if (!isWant(body) || body[0] !== this.wants.length || this.wants.length >= mostPlaces) {
      return this.end(new Overrun(`it wants what it may not, or more than ${mostPlaces} actors`));
    }
    this.wants.push(body);
    this.offer(body);
  }

  failed(error: unknown): void {
    this.end(error);
  }

  closed(): void {}

  private changed(want: Want): void {
    const [place, name] = want;
    this.connection.withdraw(place);
    const cell = this.shelf.find(name);
    if (cell !== undefined) this.connection.say(Kind.Offered, [place]);
    this.offer(want);
  }

  private offer([place, name, tags]: Want): void {
    const cell = this.shelf.find(name);
    if (cell === undefined || cell.gone) return this.connection.say(Kind.Absent, [place, null]);
    const known = wireOf(cell.behavior.protocol, "json").tags;
    const missing = tags.filter((tag) => !known.includes(tag));
    if (missing.length > 0) return this.connection.say(Kind.Absent, [place, `it does not take ${missing.join(", ")}`]);
    this.connection.put(place, cell, name);
  }

  close(): void {
    this.unwatch();
    this.connection.close(ExitReason.shutdown);
    this.transport.close();
  }
}
