/**
 * A cell whose incarnations are worker threads, each with a tree of its own in it. What it exports has addresses here that outlive the threads.
 */
import type * as Context from "effect/Context";
import * as Data from "effect/Data";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type { ActorRef } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import { ActorCell } from "./actorCell.ts";
import { ActTimer } from "./timers.ts";
import { Cell, type Ops, type Owner, Phase } from "./cell.ts";
import { wireOf } from "./codecs.ts";
import { Connection, mismatch, type Place } from "./connection.ts";
import { PortTransport, type WorkerPort } from "./port.ts";
import { RemoteCell } from "./remoteCell.ts";
import type { System } from "./system.ts";
import { Kind, type Offer, type Start, type Transport } from "./transport.ts";
import { decodeReason, encodeReason, type WireReason } from "./wireReason.ts";

/**
 * A worker thread ended without a word: its program called `process.exit`, or ran out of memory. `exitCode` is null where there is none.
 *
 * @example
 * ```ts run
 * import { WorkerSupervisor } from "hsu"
 *
 * const error = new WorkerSupervisor.WorkerExited({ path: ["app", "images"], exitCode: 1 })
 * error.message // => "the worker of app/images exited with code 1"
 * ```
 * @since 0.1.0
 */
export class WorkerExited extends Data.TaggedError("WorkerExited")<{
  readonly path: ReadonlyArray<string>;
  readonly exitCode: number | null;
}> {
  readonly code = "HSU-WRK-002";
  override get message(): string {
    const how = this.exitCode === null ? "" : ` with code ${this.exitCode}`;
    return `the worker of ${this.path.join("/")} exited${how}`;
  }
}

/**
 * A worker does not serve what its child spec says that it exports, or is to be provided with what cannot be: its start has failed.
 *
 * @example
 * ```ts run
 * import { WorkerSupervisor } from "hsu"
 *
 * const error = new WorkerSupervisor.WorkerMismatch({ path: ["app", "images"], problem: "its resizer does not take Crop" })
 * error.message // => "the worker of app/images: its resizer does not take Crop"
 * ```
 * @since 0.1.0
 */
export class WorkerMismatch extends Data.TaggedError("WorkerMismatch")<{ readonly path: ReadonlyArray<string>; readonly problem: string }> {
  readonly code = "HSU-WRK-003";
  override get message(): string {
    return `the worker of ${this.path.join("/")}: ${this.problem}`;
  }
}

export interface ErasedWorker {
  readonly spawn: () => WorkerPort;
  readonly exports: Readonly<Record<string, RpcGroup<any>>>;
  readonly provides: (() => Readonly<Record<string, ActorRef<any>>>) | undefined;
}

const noOps: Ops = {};

/** A worker that has said that its tree has ended has this long to end by itself, so that what it runs behind the tree is done. */
const lingerMillis = 1000;

export class WorkerCell extends Cell implements Owner {
  private spec: ErasedWorker;
  readonly remotes = new Map<string, RemoteCell>();
  private thread: Thread | null = null;

  constructor(system: System, context: Context.Context<never>, owner: Owner, id: string, spec: ErasedWorker) {
    super(system, context, owner, id);
    this.spec = spec;
    this.addRemotes();
  }

  private addRemotes(): void {
    for (const [name, protocol] of Object.entries(this.spec.exports)) {
      const wire = wireOf(protocol);
      const known = this.remotes.get(name);
      if (known === undefined) this.remotes.set(name, new RemoteCell(this.system, this.context, this, name, wire));
      else known.wire = wire;
    }
  }

  // It owns addresses, which are started and ended there.
  started(): void {}
  exited(): void {}

  override get ops(): Ops {
    return noOps;
  }

  override runs(): boolean {
    return false;
  }

  /** As supervisors, it takes no note of exits that are not its own tree's. */
  override exitSignal(): void {}

  override adopt(other: Cell): void {
    if (!(other instanceof WorkerCell)) return;
    this.spec = other.spec;
    this.addRemotes();
  }

  override start(): void {
    this.incarnation++;
    this.phase = Phase.Starting;
    for (const remote of this.remotes.values()) remote.gone = false;
    this.inStart = true;
    try {
      this.thread = new Thread(this, new PortTransport(this.spec.spawn()), this.spec);
    } catch (error) {
      this.finish(ExitReason.error(error), true);
    }
    this.inStart = false;
  }

  override shutdown(reason: ExitReason.ExitReason): void {
    const { thread } = this;
    if (this.phase === Phase.Down || thread === null || thread.over) return;
    if (this.phase === Phase.Up) this.phase = Phase.Stopping;
    thread.stop(reason);
  }

  override kill(): void {
    if (this.phase !== Phase.Down) this.thread?.kill();
  }

  override turn(): boolean {
    this.runControls();
    if (this.control !== null) return true;
    this.queued = false;
    return false;
  }

  override retire(reason: ExitReason.ExitReason): void {
    super.retire(reason);
    for (const remote of this.remotes.values()) remote.retire(reason);
  }

  override discardMessages(reason: ExitReason.ExitReason): void {
    super.discardMessages(reason);
    for (const remote of this.remotes.values()) remote.discardMessages(reason);
  }

  /** @internal */
  isUp(): void {
    this.up();
  }

  /** @internal */
  isOver(reason: ExitReason.ExitReason, starting: boolean): void {
    this.thread = null;
    this.finish(reason, starting);
  }
}

/** One worker, from its start to its end. */
class Thread implements Place {
  private readonly cell: WorkerCell;
  private readonly spec: ErasedWorker;
  private readonly transport: Transport;
  private readonly connection: Connection;
  /** What it was told to end with before it listened. */
  private asked: ExitReason.ExitReason | null = null;
  private ready = false;
  private linger: ActTimer | null = null;
  /** Why it ends, as soon as that is decided. */
  private reason: ExitReason.ExitReason | null = null;
  private closing = false;
  private wasUp = false;

  constructor(cell: WorkerCell, transport: Transport, spec: ErasedWorker) {
    this.cell = cell;
    this.spec = spec;
    this.transport = transport;
    this.connection = new Connection(transport, this);
  }

  get over(): boolean {
    return this.reason !== null;
  }

  told(kind: number, body: unknown): void {
    if (kind === Kind.Ready) this.begin();
    else if (kind === Kind.Started) this.started(body as ReadonlyArray<Offer>);
    else if (kind === Kind.NotStarted || kind === Kind.Ended) this.ended(decodeReason(body as WireReason));
  }

  private begin(): void {
    this.ready = true;
    const { asked, cell, spec } = this;
    if (asked !== null) return this.end(asked);
    let refs: Readonly<Record<string, ActorRef<any>>>;
    try {
      refs = spec.provides?.() ?? {};
    } catch (error) {
      return this.end(ExitReason.error(error));
    }
    const cells = new Map<string, ActorCell>();
    for (const [name, ref] of Object.entries(refs)) {
      if (!(ref instanceof ActorCell)) {
        return this.mismatches(`${JSON.stringify(name)} cannot be provided: it is not an actor of this thread`);
      }
      cells.set(name, ref);
    }
    const start: Start = { path: cell.owner.path, id: cell.id, offers: this.connection.export(cells) };
    this.connection.say(Kind.Start, start);
    this.connection.watch();
  }

  private started(offers: ReadonlyArray<Offer>): void {
    if (this.over) return;
    const { cell } = this;
    const problem = mismatch(cell.remotes, offers);
    if (problem !== null) return this.mismatches(problem);
    this.connection.attach(cell.remotes, offers);
    this.wasUp = true;
    if (cell.phase === Phase.Starting) cell.isUp();
  }

  private mismatches(problem: string): void {
    this.end(ExitReason.error(new WorkerMismatch({ path: this.cell.path, problem })));
  }

  stop(reason: ExitReason.ExitReason): void {
    if (this.ready) this.connection.say(Kind.Stop, encodeReason(reason));
    else this.asked = reason;
  }

  kill(): void {
    if (this.over) this.close();
    else this.end(ExitReason.killed);
  }

  failed(error: unknown): void {
    this.end(ExitReason.error(error));
  }

  closed(code: number | null): void {
    if (!this.over) return this.end(ExitReason.error(new WorkerExited({ path: this.cell.path, exitCode: code })));
    this.close();
  }

  /** The tree in it has ended; the thread still may have something to finish. */
  private ended(reason: ExitReason.ExitReason): void {
    if (this.over) return;
    this.reason = reason;
    this.connection.close(reason);
    if (!this.transport.noticesEnd) return this.close();
    this.linger = new ActTimer(() => this.close());
    this.cell.system.timers.add(this.linger, lingerMillis);
  }

  private end(reason: ExitReason.ExitReason): void {
    if (this.over) return;
    this.reason = reason;
    this.connection.close(reason);
    this.close();
  }

  /** The end is told when the thread is gone, and not before: the next one may need what this one had. */
  private close(): void {
    if (this.closing) return;
    this.closing = true;
    const { cell, linger } = this;
    if (linger !== null) cell.system.timers.cancel(linger);
    const gone = (): void => cell.isOver(this.reason!, !this.wasUp);
    const closing = this.transport.close();
    if (closing === undefined) gone();
    else closing.then(gone, gone);
  }
}
