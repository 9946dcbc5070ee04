/**
 * What an incarnation holds beside its state, and loses when it ends: timers, aliases, monitors, links, replies that are on their way.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import { UnknownMessage } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import type { ActorCell } from "./actorCell.ts";
import type { IdleTimeout } from "./behavior.ts";
import { type Call, type Cell, type Op, Phase } from "./cell.ts";
import type { HandlerWatch } from "./system.ts";
import { ActTimer } from "./timers.ts";

/** The message, for this incarnation only: the next one must not find it in its mailbox, or what ticks would tick twice as often after each crash. */
const ownOp = (cell: ActorCell, tag: string, valid: () => boolean): Op => {
  const op = cell.ops[tag];
  if (op === undefined) throw new UnknownMessage({ path: cell.path, tag });
  const { incarnation } = cell;
  const handle: Op["handle"] = (state, sent, context) =>
    cell.incarnation === incarnation && valid() ? op.handle(state, sent, context) : undefined;
  return { tag, handle, typedError: op.typedError };
};

const always = (): boolean => true;

export const sendAfter = (cell: ActorCell, millis: number, tag: string, payload: unknown): (() => void) => {
  const op = ownOp(cell, tag, always);
  const { timers } = cell.system;
  const { releases } = cell.more;
  const timer = new ActTimer(() => {
    releases.delete(cancel);
    cell.push(op, payload, null);
  });
  const cancel = (): void => {
    releases.delete(cancel);
    timers.cancel(timer);
  };
  releases.add(cancel);
  timers.add(timer, millis);
  return cancel;
};

/** An address for one kind of message to one incarnation, which can be taken back. */
export class Alias {
  /** @internal */ private op: Op | null;
  private readonly cell: ActorCell;
  private readonly once: boolean;

  constructor(cell: ActorCell, tag: string, once: boolean) {
    this.cell = cell;
    this.once = once;
    this.op = ownOp(cell, tag, () => this.op !== null || this.once);
    cell.more.releases.add(this.close);
  }

  get active(): boolean {
    return this.op !== null;
  }

  send(payload?: unknown): void {
    const { op } = this;
    if (op === null) return;
    this.cell.push(op, payload, null);
    if (this.once) this.close();
  }

  readonly close = (): void => {
    this.op = null;
    this.cell.more.releases.delete(this.close);
  };
}

/** News that are still in the lane are taken back with what they are about: who has let go hears nothing more. */
const forget = (cell: Cell, tag: "Down" | "Exit", about: (info: { readonly _tag: string; readonly ref: unknown }) => boolean): void => {
  const { extras } = cell;
  if (extras === null || extras.infos === null) return;
  extras.infos = extras.infos.filter((info) => {
    const { _tag } = info as { readonly _tag?: string };
    return _tag !== tag || !about(info as { readonly _tag: string; readonly ref: unknown });
  });
};

export const monitor = (cell: ActorCell, target: Cell): (() => void) => {
  const { releases } = cell.more;
  let demonitor = (): void => {};
  let news: unknown;
  const stop = (): void => {
    releases.delete(stop);
    demonitor();
    if (news !== undefined) forget(cell, "Down", (info) => info === news);
  };
  releases.add(stop);
  // With a dead target the news comes before `addMonitor` returns.
  demonitor = target.addMonitor({
    notify: (ended, reason) => {
      releases.delete(stop);
      news = { _tag: "Down", ref: ended, reason };
      cell.pushInfo(news);
    },
  });
  return stop;
};

export const link = (cell: Cell, target: Cell): void => {
  if (cell === target) return;
  if (!target.alive) return cell.exitSignal(target, ExitReason.noProc);
  (cell.more.links ??= new Set()).add(target);
  (target.more.links ??= new Set()).add(cell);
};

export const unlink = (cell: Cell, target: Cell): void => {
  cell.extras?.links?.delete(target);
  target.extras?.links?.delete(cell);
  forget(cell, "Exit", (info) => info.ref === target);
};

export const setIdle = (cell: ActorCell, { message, millis }: IdleTimeout): void => {
  const extras = cell.more;
  const { timers } = cell.system;
  if (extras.idle !== null) timers.cancel(extras.idle);
  extras.idle = null;
  const news = { _tag: "Timeout", message };
  // Of no time at all: ahead of what waits in the mailbox.
  if (!(millis > 0)) return cell.pushInfo(news);
  const timer = new ActTimer(() => {
    // What waits came first, and cancels it when it is handled.
    if (cell.messages === null && (extras.infos === null || extras.infos.length === 0)) {
      extras.idle = null;
      cell.pushInfo(news);
    }
  });
  extras.idle = timer;
  timers.add(timer, millis);
};

/** The error of a message whose sender does not wait for one: it must not go unsaid. */
export const reportUnheard = (cell: ActorCell, op: Op, cause: Cause.Cause<unknown>): void => {
  Effect.runForkWith(cell.context)(Effect.logWarning(`${cell.path.join("/")}: cast ${op.tag} failed`, cause));
};

/** Whether a failure is the answer to the caller, and not a crash. */
export const isAnswer = (op: Op, cause: Cause.Cause<unknown>): boolean => op.typedError && Cause.hasFails(cause) && !Cause.hasDies(cause);

/** The state is the next one already; the reply comes when `effect` is done, in the incarnation's scope. */
export const replyLater = (cell: ActorCell, op: Op, effect: Effect.Effect<unknown, unknown>): void => {
  const call: Call | null = cell.deferReply();
  const { incarnation, scope } = cell;
  const fiber = Effect.runSyncWith(cell.effectContext)(Effect.forkIn(effect, scope, { startImmediately: true }));
  fiber.addObserver((exit) => {
    if (Exit.isSuccess(exit)) return call?.settle(exit);
    const { cause } = exit;
    // Interrupted with its incarnation, whose end the caller hears of.
    if (!Cause.hasDies(cause) && !Cause.hasFails(cause)) return;
    if (!isAnswer(op, cause)) {
      cell.pushControl({ run: () => (cell.incarnation === incarnation && cell.phase === Phase.Up ? cell.crash(cause) : undefined) });
    } else if (call === null) reportUnheard(cell, op, cause);
    else call.settle(exit);
  });
};

/** Tells the watch how long a handler's effect took, when it has not ended at once. */
export const watchFiber = (cell: ActorCell, op: Op, fiber: Fiber.Fiber<unknown, unknown> | null, watch: HandlerWatch): void => {
  if (fiber === null) return;
  const begun = performance.now();
  fiber.addObserver(() => watch(cell, op, performance.now() - begun));
};
