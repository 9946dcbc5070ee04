/**
 * What has no supervisor: a spawned actor, or the root of a tree. It belongs to a scope.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import type { StartError } from "../Actor.ts";
import { report } from "../CrashReport.ts";
import * as ExitReason from "../ExitReason.ts";
import { type Cell, type Owner, Phase } from "./cell.ts";
import { ActTimer } from "./timers.ts";
import { type System, systemOf } from "./system.ts";

const noPath: ReadonlyArray<string> = [];

type Make<C extends Cell> = (system: System, context: Context.Context<never>, owner: Owner) => C;
type Failure<C extends Cell> = (cell: C, reason: ExitReason.ExitReason) => StartError;

/**
 * Owns the live roots of one scope that were spawned in a row: one finalizer stops them all, the last first. What else the scope has acquired in
 * between ends the row, so that nothing is released before the roots that may use it are stopped.
 */
class RootGroup implements Owner {
  /** With the milliseconds that each has to stop. */
  readonly roots = new Map<Cell, number | "infinity">();
  /** How many finalizers the scope had when the last of the row was spawned. */
  finalizers = -1;
  /** Who waits for a start that takes time, and for an end. */
  private readonly starting = new Map<Cell, (reason: ExitReason.ExitReason | null) => void>();
  private readonly ending = new Map<Cell, () => void>();

  get path(): ReadonlyArray<string> {
    return noPath;
  }

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    if (reason !== null) this.ended(cell, reason);
    const tell = this.starting.get(cell);
    this.starting.delete(cell);
    tell?.(reason);
  }

  exited(cell: Cell, reason: ExitReason.ExitReason): void {
    if (ExitReason.isAbnormal(reason) && reason._tag !== "Killed") {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    this.ended(cell, reason);
  }

  private ended(cell: Cell, reason: ExitReason.ExitReason): void {
    this.roots.delete(cell);
    cell.retire(reason);
    const tell = this.ending.get(cell);
    this.ending.delete(cell);
    tell?.();
  }

  /** Starts a root: it is up, or its start has failed, or it is waited for. */
  start<C extends Cell>(
    make: Make<C>,
    context: Context.Context<never>,
    failure: Failure<C>,
    stopMillis: number | "infinity",
  ): Effect.Effect<C, StartError> {
    const cell = make(systemOf(context), context, this);
    cell.start();
    if (cell.phase === Phase.Down) {
      cell.retire(ExitReason.noProc);
      return Effect.fail(failure(cell, cell.startFailure ?? ExitReason.killed));
    }
    this.roots.set(cell, stopMillis);
    if (cell.phase === Phase.Up) return Effect.succeed(cell);
    let outcome: Effect.Effect<C, StartError> | null = null;
    let tell: (started: Effect.Effect<C, StartError>) => void = () => {};
    this.starting.set(cell, (reason) => {
      outcome = reason === null ? Effect.succeed(cell) : Effect.fail(failure(cell, reason));
      tell(outcome);
    });
    return Effect.callback((resume) => (outcome === null ? void (tell = resume) : resume(outcome)));
  }

  readonly stopAll: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.roots].reverse(), ([root, millis]) => this.stop(root, millis), { discard: true }),
  );

  private stop(cell: Cell, millis: number | "infinity"): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (!cell.alive) return resume(Effect.void);
      const { timers } = cell.system;
      const deadline = new ActTimer(() => cell.kill());
      this.ending.set(cell, () => {
        timers.cancel(deadline);
        resume(Effect.void);
      });
      if (millis !== "infinity") timers.add(deadline, millis);
      // In the cell's own turn: its handler may be what closes the scope.
      cell.pushControl({ run: () => cell.shutdown(ExitReason.shutdown) });
    });
  }
}

const lastGroup = new WeakMap<Scope.Scope, RootGroup>();

const finalizersOf = ({ state }: Scope.Scope): number =>
  state._tag !== "Open" ? 0 : (state.finalizers?.size ?? (state.finalizer === undefined ? 0 : 1));

/** Starts a root cell and stops it when the scope closes. */
export const startRoot = <C extends Cell>(
  make: Make<C>,
  failure: Failure<C>,
  stopMillis: number | "infinity",
): Effect.Effect<C, StartError, Scope.Scope> =>
  Effect.contextWith((context: Context.Context<Scope.Scope>) => {
    const scope = Context.get(context, Scope.Scope);
    const known = lastGroup.get(scope);
    // The scope knows of it already: an interruption leaves nothing behind.
    if (known !== undefined && known.finalizers === finalizersOf(scope)) return known.start(make, context, failure, stopMillis);
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const group = new RootGroup();
        const started = group.start(make, context, failure, stopMillis);
        if (group.roots.size === 0) return started;
        const finalizers = finalizersOf(scope) + 1;
        const noted = Effect.sync(() => {
          // Another fiber may have used the scope in between: then the row ends here.
          if (finalizersOf(scope) !== finalizers) return;
          lastGroup.set(scope, group);
          group.finalizers = finalizers;
        });
        const stopAll = Effect.suspend(() => {
          if (lastGroup.get(scope) === group) lastGroup.delete(scope);
          return group.stopAll;
        });
        return Effect.andThen(Effect.andThen(Scope.addFinalizer(scope, stopAll), noted), restore(started));
      }),
    );
  });
