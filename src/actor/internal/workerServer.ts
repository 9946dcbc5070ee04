/**
 * The worker's side: a tree that another thread supervises, and the actors of it that the other thread may talk to.
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import { StartError } from "../Actor.ts";
import type { ActorRef } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import { ActorCell } from "./actorCell.ts";
import { type Cell, type Owner, Phase } from "./cell.ts";
import type { ErasedSpec } from "./child.ts";
import { wireOf } from "./codecs.ts";
import { Connection, mismatch, type Place } from "./connection.ts";
import { RemoteCell } from "./remoteCell.ts";
import { SupervisorCell } from "./supervisorCell.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";
import { systemOf } from "./system.ts";
import { Kind, type Offer, type Start, type Transport } from "./transport.ts";
import { decodeReason, encodeReason, type WireReason } from "./wireReason.ts";

export interface Tree {
  readonly supervisor: ErasedSupervisor;
  readonly exports: Readonly<Record<string, ErasedSpec>>;
}

export interface ErasedServer {
  /** What the other thread is to provide. */
  readonly imports: Readonly<Record<string, RpcGroup<any>>>;
  readonly tree: (refs: Readonly<Record<string, ActorRef<any>>>) => Tree;
}

/** The actor that a spec stands for, anywhere in a tree that is up. */
const find = (root: SupervisorCell, spec: ErasedSpec): Cell | undefined => {
  const open = [root];
  for (let supervisor = open.pop(); supervisor !== undefined; supervisor = open.pop()) {
    for (const child of supervisor.children.list()) {
      if (child.spec === spec) return child.cell;
      if (child.cell instanceof SupervisorCell) open.push(child.cell);
    }
  }
  return undefined;
};

const exportsOf = (root: SupervisorCell, specs: Tree["exports"]): ReadonlyMap<string, ActorCell> => {
  const cells = new Map<string, ActorCell>();
  for (const [name, spec] of Object.entries(specs)) {
    const cell = find(root, spec);
    if (!(cell instanceof ActorCell)) throw new TypeError(`${JSON.stringify(name)} cannot be exported: no actor of the tree has its spec`);
    cells.set(name, cell);
  }
  return cells;
};

/** One tree, from the other thread's word to its end. It is the owner of the tree's root. */
class Server implements Place, Owner {
  path: ReadonlyArray<string> = [];
  private readonly transport: Transport;
  private readonly options: ErasedServer;
  private readonly context: Context.Context<never>;
  private readonly connection: Connection;
  private root: SupervisorCell | null = null;
  private exports: Tree["exports"] = {};
  private asked: ExitReason.ExitReason | null = null;
  /** Why the tree is taken down before the other thread has heard that it is up. */
  private fault: ExitReason.ExitReason | null = null;
  private over = false;
  done: () => void = () => {};

  constructor(transport: Transport, options: ErasedServer, context: Context.Context<never>) {
    this.transport = transport;
    this.options = options;
    this.context = context;
    this.connection = new Connection(transport, this);
    // What a browser's worker is sent before it listens is thrown away.
    this.connection.say(Kind.Ready, null);
  }

  told(kind: number, body: unknown): void {
    if (kind === Kind.Start) this.begin(body as Start);
    else if (kind === Kind.Stop) this.stop(decodeReason(body as WireReason));
  }

  failed(error: unknown): void {
    this.stop(ExitReason.error(error));
  }

  closed(): void {
    this.stop(ExitReason.shutdown);
  }

  stop(reason: ExitReason.ExitReason): void {
    const { root } = this;
    this.asked = reason;
    if (root === null) this.end(Kind.Ended, reason);
    else root.pushControl({ run: () => root.shutdown(reason) });
  }

  private begin({ id, offers, path }: Start): void {
    if (this.over) return;
    this.path = path;
    const system = systemOf(this.context);
    const above: Owner = { path: [...path, id], started: () => {}, exited: () => {} };
    const remotes = new Map<string, RemoteCell>();
    for (const [name, protocol] of Object.entries(this.options.imports)) {
      remotes.set(name, new RemoteCell(system, this.context, above, name, wireOf(protocol)));
    }
    const root = this.connect(remotes, offers, (tree) => new SupervisorCell(system, this.context, this, id, tree.supervisor));
    if (root === null) return;
    this.root = root;
    root.start();
    if (root.phase === Phase.Up) this.isUp(root);
    else if (root.phase === Phase.Down) this.notStarted(root, root.startFailure ?? ExitReason.killed);
  }

  private connect(
    remotes: ReadonlyMap<string, RemoteCell>,
    offers: ReadonlyArray<Offer>,
    make: (tree: Tree) => SupervisorCell,
  ): SupervisorCell | null {
    try {
      const problem = mismatch(remotes, offers);
      if (problem !== null) throw new TypeError(`what the worker is provided with: ${problem}`);
      this.connection.attach(remotes, offers);
      const tree = this.options.tree(Object.fromEntries(remotes));
      this.exports = tree.exports;
      return make(tree);
    } catch (error) {
      this.end(Kind.NotStarted, ExitReason.error(error));
      return null;
    }
  }

  private isUp(root: SupervisorCell): void {
    try {
      this.connection.say(Kind.Started, this.connection.export(exportsOf(root, this.exports)));
      this.connection.watch();
    } catch (error) {
      this.fault = ExitReason.error(error);
      this.stop(ExitReason.shutdown);
    }
  }

  private notStarted(root: SupervisorCell, reason: ExitReason.ExitReason): void {
    const error = new StartError(root.failedChild ?? { path: root.path, reason });
    this.end(Kind.NotStarted, this.asked ?? ExitReason.error(error));
  }

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    const root = cell as SupervisorCell;
    if (reason === null) this.isUp(root);
    else this.notStarted(root, reason);
  }

  exited(_: Cell, reason: ExitReason.ExitReason): void {
    this.end(this.fault === null ? Kind.Ended : Kind.NotStarted, this.fault ?? reason);
  }

  private end(kind: number, reason: ExitReason.ExitReason): void {
    if (this.over) return;
    this.over = true;
    // Who watches the tree from there is told first.
    queueMicrotask(() => {
      this.connection.leave(kind, encodeReason(reason));
      this.connection.close(reason);
      void this.transport.close();
      this.done();
    });
  }
}

/** Serves one tree, to its end. */
export const serveTree = (transport: Transport, options: ErasedServer): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.callback<void>((resume) => {
      const server = new Server(transport, options, context);
      server.done = () => resume(Effect.void);
      return Effect.callback<void>((stopped) => {
        server.done = () => stopped(Effect.void);
        server.stop(ExitReason.shutdown);
      });
    }),
  );
