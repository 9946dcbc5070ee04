/**
 * The address of an actor that lives elsewhere. To all that treat a ref as a cell it is one: what it is told goes over its connection, and what is
 * known of the actor there is repeated here. It outlives connections: while there is none, its messages wait in it.
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { ActorDown, MailboxFull, NotEncodable } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type { MailboxInfo } from "../Mailbox.ts";
import { informOp } from "./behavior.ts";
import { Call, Cell, type Op, type Owner, Phase, type Unsent } from "./cell.ts";
import { type Codec, problemIn, type RemoteOp, type Wire } from "./codecs.ts";
import { release } from "./ring.ts";
import { type System, turnBudget } from "./system.ts";
import { Answer, Kind, Order } from "./transport.ts";
import { decodeReason, decodeValue, encodeReason, type WireReason } from "./wireReason.ts";

/** What a remote cell sends through. */
export interface Link {
  post(kind: number, actor: number, id: number, a: unknown, b: unknown): void;
}

/** Messages that may be under way to one actor, there not yet handled. Those that come after wait here, where they are counted. */
export const window = 2048;

/** A message that is not a call, and whose sender waits until it is in the mailbox there. */
class Admission extends Call {}

export class RemoteCell extends Cell {
  wire: Wire;
  protected link: Link | null = null;
  /** Its place in the list of what the other side exports. */
  private place = -1;
  /** Incarnations of earlier connections: the other side counts from 1 each time. */
  private earlier = 0;
  private sent = 0;
  private taken = 0;
  private lastId = 0;
  private readonly byId = new Map<number, Call>();
  private readonly ids = new Map<Call, number>();

  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string, wire: Wire) {
    super(system, context, owner, id);
    this.wire = wire;
  }

  override get ops(): Wire["ops"] {
    return this.wire.ops;
  }

  override runs(): boolean {
    return false;
  }

  /** It lives and dies with the actor there. */
  override start(): void {}
  override adopt(): void {}

  override get mailbox(): MailboxInfo {
    const waiting = this.messages === null ? 0 : this.messages.length;
    return { depth: waiting + this.sent - this.taken, capacity: null, waiting: 0, dropped: 0 };
  }

  // ---- what it is told, and passes on

  override push(op: Op, payload: unknown, call: Call | null): void {
    super.push(op, payload, call);
    // The actor there may be down: its messages wait in its own mailbox.
    if (this.link !== null && !this.gone) this.schedule();
  }

  protected override offer(op: Op, payload: unknown, admitted: (exit: Exit.Exit<void, Unsent>) => void): () => void {
    const admission = new Admission(this, op.tag, admitted, null);
    this.push(op, payload, admission);
    return () => admission.abandon();
  }

  override turn(): boolean {
    this.runControls();
    let budget = turnBudget;
    while (this.link !== null && this.control === null && this.sent - this.taken < window) {
      const op = this.pass(this.link);
      if (op === null) break;
      if (this.system.spend(this, op) || --budget === 0) return true;
    }
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  /** Passes on the message that has waited longest; null when there is none. */
  private pass(link: Link): Op | null {
    const ring = this.messages;
    if (ring === null) return null;
    if (ring.used === 0) {
      this.messages = null;
      release(ring);
      return null;
    }
    const { head, slots } = ring;
    const op = slots[head] as Op;
    const payload = slots[head + 1];
    const call = slots[head + 2] as Call | null;
    ring.shift();
    if (call === null || call.awaited) this.transmit(link, op, payload, call);
    return op;
  }

  /** Passes on all that waits: there will be no other turn. */
  passAll(): void {
    const { link } = this;
    while (link !== null && this.pass(link) !== null);
  }

  private transmit(link: Link, op: Op, payload: unknown, call: Call | null): void {
    if (op === informOp) {
      this.sent++;
      return link.post(Kind.Inform, this.place, 0, null, (payload as { readonly value: unknown }).value);
    }
    const { tag } = op;
    const known: RemoteOp | undefined = this.wire.ops[tag];
    const encoded = known === undefined ? Exit.die(new Error(`no message ${tag} any more`)) : known.payload.encode(payload);
    if (Exit.isFailure(encoded)) return this.unsent(tag, call, problemIn(encoded));
    this.sent++;
    if (call === null) return link.post(Kind.Cast, this.place, 0, tag, encoded.value);
    const id = ++this.lastId;
    this.byId.set(id, call);
    this.ids.set(call, id);
    call.held = true;
    link.post(call instanceof Admission ? Kind.Send : Kind.Call, this.place, id, tag, encoded.value);
    call.watchCaller();
  }

  /** A message of `id`, or a cast, that the transport could not copy. */
  refused(kind: number, id: number, tag: string, cause: unknown): void {
    this.sent--;
    const call = this.take(id);
    if (kind === Kind.Inform) this.unsent("info", null, cause);
    else if (kind === Kind.Cast || call !== undefined) this.unsent(tag, call ?? null, cause);
  }

  private unsent(tag: string, call: Call | null, cause: unknown): void {
    const error = new NotEncodable({ path: this.path, tag, part: "payload", cause });
    if (call !== null) return call.settle(Exit.fail(error));
    Effect.runForkWith(this.context)(Effect.logWarning(`a cast was dropped: ${error.message}`));
  }

  private take(id: number): Call | undefined {
    const call = this.byId.get(id);
    if (call === undefined) return undefined;
    this.byId.delete(id);
    this.ids.delete(call);
    call.held = false;
    return call;
  }

  /** Its caller does not wait any more. */
  override unhold(call: Call): void {
    const id = this.ids.get(call);
    if (id === undefined) return;
    this.take(id);
    this.link?.post(Kind.Cancel, this.place, id, null, null);
  }

  override pendingCalls(): Array<Call> {
    return [...super.pendingCalls(), ...this.ids.keys()];
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    this.order(Order.Shutdown, reason);
  }

  override kill(): void {
    this.order(Order.Kill, ExitReason.killed);
  }

  override exitSignal(_: Cell | null, reason: ExitReason.ExitReason): void {
    this.order(Order.Exit, reason);
  }

  private order(order: number, reason: ExitReason.ExitReason): void {
    if (this.phase === Phase.Down) return;
    this.link?.post(Kind.Order, this.place, this.incarnation - this.earlier, order, encodeReason(reason));
  }

  // ---- what it hears from there

  attach(link: Link, place: number): void {
    this.link = link;
    this.place = place;
    this.earlier = this.incarnation;
    this.sent = this.taken = 0;
    if (this.messages !== null) this.schedule();
  }

  /** The connection is lost, and with it all that was under way. */
  detach(reason: ExitReason.ExitReason): void {
    if (this.link === null) return;
    this.link = null;
    this.sent = this.taken = 0;
    const calls = [...this.ids.keys()];
    this.ids.clear();
    this.byId.clear();
    for (const call of calls) {
      call.held = false;
      call.settle(Exit.fail(new ActorDown({ path: this.path, reason })));
    }
    this.isDown(reason);
  }

  isUp(incarnation: number): void {
    this.incarnation = this.earlier + incarnation;
    this.up();
  }

  isDown(reason: ExitReason.ExitReason): void {
    if (this.phase !== Phase.Down) this.finish(reason, false);
  }

  hasTaken(count: number): void {
    this.taken = count;
    if (this.messages !== null) this.schedule();
  }

  answered(id: number, answer: number, value: unknown): void {
    const call = this.take(id);
    if (call === undefined) return;
    call.settle(this.exitOf(call, answer, value));
    // No turn is under way, at whose end it would be seen.
    this.system.timersChanged();
  }

  private exitOf(call: Call, answer: number, value: unknown): Exit.Exit<unknown, unknown> {
    const { path } = this;
    const { tag } = call;
    const op: RemoteOp | undefined = this.wire.ops[tag];
    switch (answer) {
      case Answer.Success:
        return call instanceof Admission || op === undefined ? Exit.void : this.decoded(tag, op.success, value, Exit.succeed);
      case Answer.Failure:
        return op === undefined ? Exit.void : this.decoded(tag, op.error, value, Exit.fail);
      case Answer.Down:
        return Exit.fail(new ActorDown({ path, reason: decodeReason(value as WireReason) }));
      case Answer.Full:
        return Exit.fail(new MailboxFull({ path, tag, capacity: value as number }));
      case Answer.NotEncodable: {
        const { cause, part } = value as { readonly part: "payload" | "reply"; readonly cause: Parameters<typeof decodeValue>[0] };
        return Exit.fail(new NotEncodable({ path, tag, part, cause: decodeValue(cause) }));
      }
      default:
        return Exit.die(decodeValue(value as Parameters<typeof decodeValue>[0]));
    }
  }

  private decoded(
    tag: string,
    codec: Codec,
    value: unknown,
    answer: (value: unknown) => Exit.Exit<unknown, unknown>,
  ): Exit.Exit<unknown, unknown> {
    const exit = codec.decode(value);
    return Exit.isSuccess(exit)
      ? answer(exit.value)
      : Exit.fail(new NotEncodable({ path: this.path, tag, part: "reply", cause: problemIn(exit) }));
  }
}
