/**
 * Two places that hold refs of each other's actors. What is to be sent in one turn of the loop is sent at once.
 */
import type { ActorCell } from "./actorCell.ts";
import { wireOf } from "./codecs.ts";
import { Exported } from "./exported.ts";
import type * as ExitReason from "../ExitReason.ts";
import type { Link, RemoteCell } from "./remoteCell.ts";
import { type Frames, Kind, type Offer, stride, type Transport } from "./transport.ts";
import { decodeReason, type WireReason } from "./wireReason.ts";

/** Why the offers of the other side are not what this side was made for; null when they are. Pure. */
export const mismatch = (wanted: ReadonlyMap<string, RemoteCell>, offers: ReadonlyArray<Offer>): string | null => {
  const known = new Map(offers);
  for (const [name, { wire }] of wanted) {
    const tags = known.get(name);
    if (tags === undefined) return `it does not export ${JSON.stringify(name)}, only ${[...known.keys()].join(", ") || "nothing"}`;
    const missing = wire.tags.filter((tag) => !tags.includes(tag));
    if (missing.length > 0) return `its ${name} does not take ${missing.join(", ")}`;
  }
  return null;
};

/** Whom a connection belongs to. */
export interface Place {
  /** The other side has said something of itself. */
  told(kind: number, body: unknown): void;
  failed(error: unknown): void;
  closed(code: number | null): void;
}

export class Connection implements Link {
  private readonly transport: Transport;
  private readonly place: Place;
  private outbox: Array<unknown> = [];
  private scheduled = false;
  private open = true;
  protected exported: Array<Exported | undefined> = [];
  protected remotes: Array<RemoteCell | undefined> = [];
  private readonly touched = new Set<Exported>();

  constructor(transport: Transport, place: Place) {
    this.transport = transport;
    this.place = place;
    transport.listen({ frames: this.receive, failed: (error) => place.failed(error), closed: (code) => place.closed(code) });
  }

  /** Offers actors to the other side. It is told of their lives from `watch` on. */
  export(cells: ReadonlyMap<string, ActorCell>): ReadonlyArray<Offer> {
    const exported = [...cells].map(([name, cell], place) => new Exported(cell, name, place, this, wireOf(cell.behavior.protocol)));
    this.exported = exported;
    return exported.map(({ offer }) => offer);
  }

  watch(): void {
    for (const exported of this.exported) exported?.watch();
  }

  attach(remotes: ReadonlyMap<string, RemoteCell>, offers: ReadonlyArray<Offer>): void {
    this.remotes = offers.map(([name]) => remotes.get(name));
    for (const [place, remote] of this.remotes.entries()) remote?.attach(this, place);
  }

  /** Sends all that there is to send, and `body` as the last word. */
  leave(kind: number, body: unknown): void {
    for (const remote of this.remotes) remote?.passAll();
    this.say(kind, body);
    this.flush();
  }

  /** Nothing more is sent or heard; all that was under way is lost. */
  close(reason: ExitReason.ExitReason): void {
    this.open = false;
    this.outbox = [];
    for (const exported of this.exported) exported?.close();
    for (const remote of this.remotes) remote?.detach(reason);
  }

  post(kind: number, actor: number, id: number, a: unknown, b: unknown): void {
    if (!this.open) return;
    this.outbox.push(kind, actor, id, a, b);
    this.schedule();
  }

  /** Says something of the places themselves. */
  say(kind: number, body: unknown): void {
    this.post(kind, 0, 0, null, body);
  }

  touch(exported: Exported): void {
    this.touched.add(exported);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(this.flush);
  }

  /** Sends what has come together. */
  readonly flush = (): void => {
    this.scheduled = false;
    if (!this.open) return;
    let frames = this.outbox;
    this.outbox = [];
    for (const exported of this.touched) exported.tell();
    this.touched.clear();
    // Ahead of the replies: who has one finds the message gone from the depth.
    if (this.outbox.length > 0) frames = this.outbox.concat(frames);
    this.outbox = [];
    if (frames.length === 0) return;
    try {
      this.transport.send(frames);
    } catch {
      this.sendEach(frames);
    }
  };

  /** One of them cannot be copied: the others go on their way, and its sender is told. */
  private sendEach(frames: Frames): void {
    for (let at = 0; at < frames.length; at += stride) {
      const frame = frames.slice(at, at + stride);
      try {
        this.transport.send(frame);
      } catch (error) {
        const [kind, actor, id, a] = frame as [number, number, number, unknown];
        if (kind === Kind.Reply) this.exported[actor]?.refused(id, error);
        else if (kind < Kind.Reply) this.remotes[actor]?.refused(kind, id, String(a), error);
        else this.place.failed(error);
      }
    }
  }

  readonly receive = (frames: Frames): void => {
    for (let at = 0; at < frames.length && this.open; at += stride) {
      const kind = frames[at] as number;
      const actor = frames[at + 1] as number;
      const id = frames[at + 2] as number;
      if (kind < Kind.Reply) this.exported[actor]?.receive(kind, id, frames[at + 3], frames[at + 4]);
      else if (kind >= Kind.Ready) this.place.told(kind, frames[at + 4]);
      else this.hear(this.remotes[actor], kind, id, frames[at + 3], frames[at + 4]);
    }
  };

  private hear(remote: RemoteCell | undefined, kind: number, id: number, a: unknown, b: unknown): void {
    if (remote === undefined) return;
    if (kind === Kind.Reply) remote.answered(id, a as number, b);
    else if (kind === Kind.Taken) remote.hasTaken(id);
    else if (kind === Kind.Up) remote.isUp(id);
    else if (kind === Kind.Down) remote.isDown(decodeReason(b as WireReason));
  }
}
