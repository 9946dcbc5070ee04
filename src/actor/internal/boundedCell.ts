/**
 * The message lane of an actor's cell, with the bound that its behaviour may set.
 */
import * as Exit from "effect/Exit";
import { MailboxFull } from "../ActorRef.ts";
import type * as ExitReason from "../ExitReason.ts";
import type { Mailbox, MailboxInfo } from "../Mailbox.ts";
import type { Behavior } from "./behavior.ts";
import { Bounds, type Waiter } from "./bounds.ts";
import { type Call, Cell, type Op, type Unsent } from "./cell.ts";

export abstract class BoundedCell extends Cell {
  /** Replaced when the cell adopts another spec, and while it is looked at. */
  abstract behavior: Behavior;

  override push(op: Op, payload: unknown, call: Call | null): void {
    const { mailbox } = this.behavior;
    if (mailbox === undefined || !this.isFull(mailbox)) return super.push(op, payload, call);
    const bounds = this.bounds;
    if (mailbox.overflow === "drop_oldest") {
      this.dropOldest(mailbox);
      super.push(op, payload, call);
    } else if (mailbox.overflow === "suspend" && call !== null) {
      bounds.waiters.add({ op, payload, call, admitted: null });
    } else {
      bounds.dropped++;
      call?.settle(this.full(op, mailbox));
    }
  }

  protected override offer(op: Op, payload: unknown, admitted: (exit: Exit.Exit<void, Unsent>) => void): (() => void) | null {
    const { mailbox } = this.behavior;
    if (mailbox !== undefined && this.isFull(mailbox)) {
      if (mailbox.overflow === "suspend") {
        const waiter: Waiter = { op, payload, call: null, admitted };
        const { waiters } = this.bounds;
        waiters.add(waiter);
        return () => void waiters.delete(waiter);
      }
      if (mailbox.overflow === "fail") {
        admitted(this.full(op, mailbox));
        return null;
      }
    }
    return super.offer(op, payload, admitted);
  }

  private isFull(mailbox: Mailbox): boolean {
    return this.messages !== null && this.messages.length >= mailbox.capacity;
  }

  private full(op: Op, { capacity }: Mailbox): Exit.Exit<never, MailboxFull> {
    return Exit.fail(new MailboxFull({ path: this.path, tag: op.tag, capacity }));
  }

  private dropOldest(mailbox: Mailbox): void {
    const ring = this.messages!;
    const op = ring.slots[ring.head] as Op;
    const call = ring.slots[ring.head + 2] as Call | null;
    ring.shift();
    this.bounds.dropped++;
    call?.settle(this.full(op, mailbox));
  }

  /** There may be room again. */
  protected admitWaiters(): void {
    const bounds = this.extras === null ? null : this.extras.bounds;
    const { mailbox } = this.behavior;
    if (bounds === null || mailbox === undefined) return;
    while (bounds.waiters.size > 0 && !this.isFull(mailbox)) {
      const waiter = bounds.next();
      if (waiter === undefined) return;
      super.push(waiter.op, waiter.payload, waiter.call);
      waiter.admitted?.(Exit.void);
    }
  }

  private get bounds(): Bounds {
    return (this.more.bounds ??= new Bounds());
  }

  override get mailbox(): MailboxInfo {
    const bounds = this.extras === null ? null : this.extras.bounds;
    const depth = this.messages === null ? 0 : this.messages.length;
    const capacity = this.behavior.mailbox?.capacity ?? null;
    return { depth, capacity, waiting: bounds === null ? 0 : bounds.waiters.size, dropped: bounds === null ? 0 : bounds.dropped };
  }

  override pendingCalls(): Array<Call> {
    const waiters = this.extras?.bounds?.waiters ?? [];
    const waiting = [...waiters].flatMap(({ call }) => (call === null || !call.awaited ? [] : [call]));
    return [...super.pendingCalls(), ...waiting];
  }

  override discardMessages(reason: ExitReason.ExitReason): void {
    super.discardMessages(reason);
    const bounds = this.extras === null ? null : this.extras.bounds;
    if (bounds === null) return;
    // For good, or only what the last incarnation left: then there is room for those that wait.
    if (this.gone) bounds.close(this.path, reason);
    else this.admitWaiters();
  }
}
