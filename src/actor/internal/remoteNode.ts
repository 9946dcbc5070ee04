/**
 * Another process, as it is seen from here: the addresses of its actors, which outlive the connections to it.
 */
import type * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Exit from "effect/Exit";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import { ActorDown, MailboxFull } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type { MailboxInfo } from "../Mailbox.ts";
import { type Call, type MonitorEntry, type Op, type Owner, Phase } from "./cell.ts";
import { type Wire, wireOf } from "./codecs.ts";
import { Connection, type Place } from "./connection.ts";
import { type Link, RemoteCell } from "./remoteCell.ts";
import { systemOf } from "./system.ts";
import { TextTransport } from "./textTransport.ts";
import { Kind } from "./transport.ts";

/**
 * The actor of that name does not take what it is to be sent: the protocol here is not the one there.
 *
 * @example
 * ```ts run
 * import { Remote } from "hsu"
 *
 * const error = new Remote.RemoteMismatch({ path: ["east", "stock"], problem: "it does not take Reserve" })
 * error.message // => "east/stock: it does not take Reserve"
 * ```
 * @since 0.1.0
 */
export class RemoteMismatch extends Data.TaggedError("RemoteMismatch")<{ readonly path: ReadonlyArray<string>; readonly problem: string }> {
  readonly code = "HSU-PEER-007";
  override get message(): string {
    return `${this.path.join("/")}: ${this.problem}`;
  }
}

/** Messages to one actor that wait on this side. */
const capacity = 10_000;

/** An actor there. Without a connection it takes nothing: what is sent to it then is not handled later, when nobody expects it any more. */
class NetCell extends RemoteCell {
  /** Why it takes nothing; null: it may take something, or that is not known yet. */
  private refusal: ExitReason.ExitReason | null = null;
  private dropped = 0;

  override get mailbox(): MailboxInfo {
    return { ...super.mailbox, capacity, dropped: this.dropped };
  }

  override push(op: Op, payload: unknown, call: Call | null): void {
    const { path, refusal } = this;
    const isFull = this.messages !== null && this.messages.length >= capacity;
    if (refusal === null && !isFull) return super.push(op, payload, call);
    if (call === null) this.dropped++;
    else
      call.settle(
        Exit.fail(refusal === null ? new MailboxFull({ path, tag: op.tag, capacity }) : new ActorDown({ path, reason: refusal })),
      );
  }

  override addMonitor(entry: MonitorEntry): () => void {
    if (this.refusal === null) return super.addMonitor(entry);
    entry.notify(this, this.refusal);
    return () => {};
  }

  /** It is not known yet whether it is there. */
  expect(): void {
    this.refusal = null;
    if (this.phase === Phase.Down) this.phase = Phase.Starting;
  }

  meet(link: Link, place: number): void {
    this.expect();
    this.attach(link, place);
  }

  /** Nothing more gets there, for this reason. */
  lose(reason: ExitReason.ExitReason): void {
    this.refusal = reason;
    this.detach(reason);
    this.isDown(reason);
    this.messages?.forEach((_, __, call) => void (call === null && this.dropped++));
    this.discardMessages(reason);
    this.system.timersChanged();
  }
}

/** One connection to a node. */
export interface Session {
  /** What has come. */
  readonly hear: (text: string) => void;
}

/** What the place of frames tells of itself, checked: it comes from another process. */
const placeIn = (body: unknown): number => (Array.isArray(body) && typeof body[0] === "number" ? body[0] : -1);

export class NetConnection extends Connection {
  want(cell: RemoteCell, name: string, wire: Wire): number {
    const place = this.remotes.push(cell) - 1;
    this.say(Kind.Want, [place, name, wire.tags]);
    return place;
  }

  at(place: number): NetCell | undefined {
    const found = this.remotes[place];
    return found instanceof NetCell ? found : undefined;
  }
}

export class RemoteNode implements Owner {
  readonly path: ReadonlyArray<string>;
  private readonly context: Context.Context<never>;
  private readonly cells: Array<{ readonly name: string; readonly protocol: RpcGroup<any>; readonly cell: NetCell }> = [];
  private connection: NetConnection | null = null;
  private lost: ExitReason.ExitReason | null = null;
  private onWanted: (() => void) | null = null;

  constructor(name: string, context: Context.Context<never>) {
    this.path = [name];
    this.context = context;
  }

  // Its actors are started and ended there.
  started(): void {}
  exited(): void {}

  get name(): string {
    return this.path[0]!;
  }

  get state(): "connecting" | "up" | "down" {
    return this.connection !== null ? "up" : this.lost === null ? "connecting" : "down";
  }

  ref(name: string, protocol: RpcGroup<any>): RemoteCell {
    const known = this.cells.find((each) => each.name === name && each.protocol === protocol);
    if (known !== undefined) return known.cell;
    const cell = new NetCell(systemOf(this.context), this.context, this, name, wireOf(protocol, "json"));
    this.cells.push({ name, protocol, cell });
    if (this.lost !== null) cell.lose(this.lost);
    else cell.expect();
    if (this.connection !== null) this.meet(this.connection, name, cell);
    this.onWanted?.();
    return cell;
  }

  /** Calls back as soon as an actor there is wanted: before that a connection has nothing to carry. */
  whenWanted(then: () => void): void {
    this.onWanted = null;
    if (this.cells.length > 0) return then();
    this.onWanted = () => {
      this.onWanted = null;
      then();
    };
  }

  private meet(connection: NetConnection, name: string, cell: NetCell): void {
    cell.meet(connection, connection.want(cell, name, cell.wire));
  }

  /** There is a connection: it is asked for all actors that are wanted. `failed`: what came from there cannot be read. */
  connect(write: (text: string) => void, failed: (error: unknown) => void): Session {
    if (this.connection !== null) this.disconnect("another connection has taken its place");
    const transport = new TextTransport(write);
    const told = (kind: number, body: unknown): void => {
      const place = placeIn(body);
      const cell = connection.at(place);
      if (cell === undefined) return;
      if (kind === Kind.Offered) cell.meet(connection, place);
      else if (kind === Kind.Absent) cell.lose(this.absent(cell, (body as ReadonlyArray<unknown>)[1]));
    };
    const connection = new NetConnection(transport, { told, failed, closed: () => {} } satisfies Place);
    this.connection = connection;
    this.lost = null;
    for (const { cell, name } of this.cells) this.meet(connection, name, cell);
    return { hear: (text) => (this.connection === connection ? transport.hear(text) : undefined) };
  }

  private absent(cell: NetCell, problem: unknown): ExitReason.ExitReason {
    return typeof problem === "string" ? ExitReason.error(new RemoteMismatch({ path: cell.path, problem })) : ExitReason.noProc;
  }

  /** There is none, or none any more. */
  disconnect(why: string): void {
    const { connection } = this;
    if (connection === null && this.lost !== null) return;
    const reason = (this.lost = ExitReason.nodeDown(this.name, why));
    this.connection = null;
    for (const { cell } of this.cells) cell.lose(reason);
    connection?.close(reason);
  }
}
