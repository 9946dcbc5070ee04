/**
 * An actor as it is offered to another place: what comes for it from there is put into its mailbox, and what becomes of it is told there.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { ActorDown, MailboxFull, NotEncodable, UnknownMessage } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type { ActorCell } from "./actorCell.ts";
import { informOp } from "./behavior.ts";
import { Call, type Op, Phase } from "./cell.ts";
import { problemIn, type RemoteOp, type Wire } from "./codecs.ts";
import type { Link } from "./remoteCell.ts";
import { Answer, Kind, type Offer, Order } from "./transport.ts";
import { decodeReason, encodeReason, encodeValue, type WireReason } from "./wireReason.ts";

/** Handled messages after which the sender is told, if it is not before. */
const tellAfter = 512;

/** What the sender is told of an exit. */
type Told = readonly [answer: number, value: unknown];

export class Exported {
  private readonly cell: ActorCell;
  private readonly name: string;
  private readonly place: number;
  private readonly link: Link & { touch(exported: Exported): void };
  private readonly wire: Wire;
  private readonly ops = new Map<string, Op>();
  private readonly calls = new Map<number, Call>();
  private received = 0;
  private handled = 0;
  private told = 0;
  private open = true;
  private stopWatching = (): void => {};

  constructor(cell: ActorCell, name: string, place: number, link: Link & { touch(exported: Exported): void }, wire: Wire) {
    this.cell = cell;
    this.name = name;
    this.place = place;
    this.link = link;
    this.wire = wire;
  }

  /** Messages that have come and are not handled yet, as far as it is known. */
  get outstanding(): number {
    return this.received - this.handled;
  }

  get offer(): Offer {
    return [this.name, this.wire.tags];
  }

  close(): void {
    this.open = false;
    this.stopWatching();
    for (const call of this.calls.values()) call.abandon();
    this.calls.clear();
  }

  /** Tells of each incarnation from the one that is there now, as far as it is noticed: one that lives for an instant may not be. */
  readonly watch = (): void => {
    if (!this.open) return;
    const { cell, link, place } = this;
    // What waited may have been handled, or discarded, by nobody who has told.
    link.touch(this);
    if (cell.phase === Phase.Down || cell.phase === Phase.Starting) return void (cell.more.whenUp ??= []).push({ run: this.watch });
    const { incarnation } = cell;
    link.post(Kind.Up, place, incarnation, null, null);
    this.stopWatching = cell.addMonitor({
      notify: (_, reason) => {
        link.post(Kind.Down, place, incarnation, null, encodeReason(reason));
        this.watch();
      },
    });
  };

  receive(kind: number, id: number, a: unknown, b: unknown): void {
    if (kind === Kind.Cancel) return this.cancel(id);
    if (kind === Kind.Order) return this.obey(id, a as number, decodeReason(b as WireReason));
    this.received++;
    const { cell } = this;
    if (kind === Kind.Inform) cell.push(this.opOf("info", informOp), { _tag: "Message", value: b }, null);
    else this.take(kind, id, a as string, b);
    // What goes nowhere, or is dropped, is handled by nobody who would tell.
    if (cell.gone || cell.behavior.mailbox !== undefined) this.link.touch(this);
  }

  private take(kind: number, id: number, tag: string, body: unknown): void {
    const { cell } = this;
    const known: RemoteOp | undefined = this.wire.ops[tag];
    const op = this.opOf(tag, cell.ops[tag]);
    if (known === undefined || op === undefined) return this.refuse(kind, id, tag, [Answer.Defect, encodeValue(this.unknown(tag))]);
    const payload = known.payload.decode(body);
    if (Exit.isFailure(payload)) return this.refuse(kind, id, tag, notEncodable("payload", problemIn(payload)));
    if (kind === Kind.Cast) return cell.push(op, payload.value, null);
    if (cell.gone) return this.refuse(kind, id, tag, [Answer.Down, encodeReason(ExitReason.noProc)]);
    if (kind === Kind.Send) return void cell["offer"](op, payload.value, (exit) => this.answer(id, tellOf(exit, null)));
    const call = new Call(
      cell,
      tag,
      (exit) => {
        this.calls.delete(id);
        this.answer(id, tellOf(exit, known));
      },
      null,
    );
    this.calls.set(id, call);
    cell.push(op, payload.value, call);
  }

  private unknown(tag: string): UnknownMessage {
    return new UnknownMessage({ path: this.cell.path, tag });
  }

  private refuse(kind: number, id: number, tag: string, told: Told): void {
    this.handled++;
    this.link.touch(this);
    if (kind !== Kind.Cast) return this.answer(id, told);
    const text = `${this.cell.path.join("/")}: cast ${tag} from another thread could not be read`;
    Effect.runForkWith(this.cell.context)(Effect.logWarning(text, told[1]));
  }

  private answer(id: number, [answer, value]: Told): void {
    if (this.open) this.link.post(Kind.Reply, this.place, id, answer, value);
  }

  /** A reply that the transport could not copy. */
  refused(id: number, cause: unknown): void {
    this.answer(id, notEncodable("reply", cause));
  }

  private cancel(id: number): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    call?.abandon();
  }

  private obey(incarnation: number, order: number, reason: ExitReason.ExitReason): void {
    const { cell } = this;
    const current = (act: () => void) => (): void => (cell.incarnation === incarnation ? act() : undefined);
    if (order === Order.Kill) cell.pushUrgent({ urgent: true, run: current(() => cell.kill()) });
    else if (order === Order.Shutdown) cell.pushControl({ run: current(() => cell.shutdown(reason)) });
    else cell.pushControl({ run: current(() => (reason._tag === "Killed" ? cell.kill() : cell.exitSignal(null, reason))) });
  }

  /** The message, counted when it is handled. What handles it is looked up then: somebody may look at it in the meantime. */
  private opOf(tag: string, op: Op): Op;
  private opOf(tag: string, op: Op | undefined): Op | undefined;
  private opOf(tag: string, op: Op | undefined): Op | undefined {
    if (op === undefined) return undefined;
    const key = op === informOp ? "" : tag;
    const known = this.ops.get(key);
    if (known !== undefined) return known;
    const { cell } = this;
    const handle: Op["handle"] = (state, payload, context) => {
      const left = cell.messages;
      if (++this.handled - this.told >= tellAfter || left === null || left.used === 0) this.link.touch(this);
      return (op === informOp ? op : (cell.ops[tag] ?? op)).handle(state, payload, context);
    };
    const counted = { tag, handle, typedError: op.typedError };
    this.ops.set(key, counted);
    return counted;
  }

  /** Tells the sender how many of its messages do not wait any more, where that has changed. */
  tell(): void {
    const { depth, waiting } = this.cell.mailbox;
    // Dropped messages are never handled, and those of others wait, too: the lower count is the true one, or nearer to it.
    const outstanding = Math.min(this.received - this.handled, depth + waiting);
    this.handled = this.received - outstanding;
    if (this.handled === this.told) return;
    this.told = this.handled;
    this.link.post(Kind.Taken, this.place, this.handled, null, null);
  }
}

const notEncodable = (part: "payload" | "reply", cause: unknown): Told => [Answer.NotEncodable, { part, cause: encodeValue(cause) }];

/** `op` is null where there is no reply but that the message is in the mailbox. */
const tellOf = (exit: Exit.Exit<unknown, unknown>, op: RemoteOp | null): Told => {
  if (Exit.isSuccess(exit)) return op === null ? [Answer.Success, null] : encoded(Answer.Success, op.success.encode(exit.value));
  const error = Cause.squash(exit.cause);
  if (error instanceof ActorDown) return [Answer.Down, encodeReason(error.reason)];
  if (error instanceof MailboxFull) return [Answer.Full, error.capacity];
  if (error instanceof NotEncodable) return notEncodable(error.part, error.cause);
  return op === null || Cause.hasDies(exit.cause) ? [Answer.Defect, encodeValue(error)] : encoded(Answer.Failure, op.error.encode(error));
};

const encoded = (answer: number, exit: Exit.Exit<unknown, unknown>): Told =>
  Exit.isSuccess(exit) ? [answer, exit.value] : notEncodable("reply", problemIn(exit));
