/**
 * What an actor's definition lets a host do that has another copy of this framework, or none: start it, stop it, hear of its end. Only plain values and
 * promises go between the two, so that both may be of different versions; the name under which the definition has it counts their contract.
 */
import * as Console from "effect/Console";
import * as Context from "effect/Context";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import { report } from "../CrashReport.ts";
import * as ExitReason from "../ExitReason.ts";
import { ActorCell } from "./actorCell.ts";
import type { Behavior } from "./behavior.ts";
import { type Cell, type Owner, Phase } from "./cell.ts";
import { systemOf } from "./system.ts";

export interface HostOptions {
  readonly id: string;
  /** Where the actor's logs and crash reports go, and what it writes to Effect's console. */
  readonly console: globalThis.Console;
  /** Kills it, also during its start. */
  readonly signal?: AbortSignal;
}

export interface Hosted {
  /** How it ended, also in words; it never rejects. */
  readonly ended: Promise<{ readonly how: "normal" | "shutdown" | "killed" | "error"; readonly text: string }>;
  /** Asks it to end. */
  readonly stop: () => void;
  readonly kill: () => void;
}

const howOf = { Normal: "normal", Shutdown: "shutdown", Killed: "killed", NoProc: "killed", NodeDown: "error", Error: "error" } as const;

class Host implements Owner, Hosted {
  readonly path: ReadonlyArray<string> = [];
  readonly up: Promise<Hosted>;
  readonly ended: Hosted["ended"];
  readonly started: Owner["started"];
  readonly exited: Owner["exited"];
  private readonly cell: ActorCell;

  constructor(behavior: Behavior, args: unknown, { console, id, signal }: HostOptions) {
    const context = Context.make(Console.Console, console);
    let tellEnd!: (end: Awaited<Hosted["ended"]>) => void;
    let tellUp!: (reason: ExitReason.ExitReason | null) => void;
    this.ended = new Promise((done) => (tellEnd = done));
    this.up = new Promise((done, failed) => {
      tellUp = (reason) => (reason === null ? done(this) : failed(new Error(ExitReason.format(reason))));
    });
    this.started = (cell: Cell, reason) => {
      if (reason !== null) cell.retire(reason);
      tellUp(reason);
    };
    this.exited = (cell, reason) => {
      if (reason._tag === "Error") report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
      cell.retire(reason);
      tellEnd({ how: howOf[reason._tag], text: ExitReason.format(reason) });
    };
    this.cell = new ActorCell(systemOf(context), context, this, id, behavior, args);
    signal?.addEventListener("abort", this.kill, { once: true });
    this.cell.start();
    if (this.cell.phase === Phase.Up) tellUp(null);
    else if (this.cell.phase === Phase.Down) this.started(this.cell, this.cell.startFailure ?? ExitReason.killed);
  }

  // In the actor's own turn: what it does just now may be what asks.
  readonly stop = (): void => this.cell.pushControl({ run: () => this.cell.shutdown(ExitReason.shutdown) });
  readonly kill = (): void => this.cell.pushControl({ urgent: true, run: () => this.cell.kill() });
}

/** The definition of an actor. It says by itself how it is run: whoever imports it need not have the same copy of this framework. */
export const definitionOf = (name: string, protocol: RpcGroup<any>, behavior: Behavior): any => ({
  name,
  protocol,
  "~hsu/Actor": behavior,
  "~hsu/host/1": (args: unknown, options: HostOptions): Promise<Hosted> => new Host(behavior, args, options).up,
});
