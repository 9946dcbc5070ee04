/**
 * The probes of a unit's process: what they find becomes its health, its readiness, the end of its start, and its end.
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import { Check, Judgement, type ProbeKind, type ProbesSpec, Prober } from "../health/index.ts";
import { failedText, ProbeFailed } from "./ProbeFailed.ts";
import type { Slot } from "./Run.ts";

export interface ProbingArgs {
  readonly probes: ProbesSpec;
  readonly slot: Slot;
  readonly exec: Check.Exec;
  /** Says to everybody what has happened. */
  readonly notice: (type: string, message: string) => void;
  /** The liveness probe has failed: called once at most, and never after `stop`. */
  readonly onFailed: (error: ProbeFailed) => void;
}

export interface Probing {
  /** Waits for the startup probe; at once where there is none. */
  readonly started: Effect.Effect<void, ProbeFailed>;
  /** Nothing is probed and nothing is said any more. */
  readonly stop: () => void;
}

/** Probes the process of the slot until the scope closes. */
export const begin = Effect.fnUntraced(function* (args: ProbingArgs): Effect.fn.Return<Probing, never, Scope.Scope> {
  const { exec, notice, onFailed, probes, slot } = args;
  const scope = yield* Effect.scope;
  const now = yield* Clock.currentTimeMillis;
  const beginning = { processStartedAt: slot.startedAt ?? now, reattached: slot.reattached };
  const started = yield* Deferred.make<void, ProbeFailed>();
  const running = new Map<ProbeKind, Fiber.Fiber<never>>();
  let judgement = Judgement.initial(probes);
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const fiber of running.values()) fiber.interruptUnsafe();
    running.clear();
  };
  const show = (): void => {
    slot.health = Judgement.verdict(judgement);
    slot.readiness.set(Judgement.isReady(judgement));
  };
  const tell = (news: Judgement.News, { probe, saw }: Judgement.Finding): Effect.Effect<unknown> => {
    const failed = failedText(probe, judgement[probe]?.failures ?? 0, saw);
    switch (news) {
      case "started":
        return Deferred.succeed(started, undefined);
      // Told with the failed start.
      case "startFailed":
        return Deferred.fail(started, new ProbeFailed({ probe: "startup", failures: judgement.startup?.failures ?? 0, saw }));
      case "failed": {
        const error = new ProbeFailed({ probe: "liveness", failures: judgement.liveness?.failures ?? 0, saw });
        notice("unhealthy", error.message);
        return Effect.sync(() => onFailed(error));
      }
      case "healthy":
        return Effect.sync(() => notice("healthy", `${probe} probe: ${saw}`));
      case "ready":
        return Effect.sync(() => notice("ready", `${probe} probe: ${saw}`));
      case "notReady":
        return Effect.sync(() => notice("not_ready", failed));
    }
  };
  /** All that follows from a finding is done, also where it ends the probe that has found it. */
  const found = (probe: ProbeKind) => (outcome: Check.Outcome) =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (stopped) return Effect.void;
        const finding: Judgement.Finding = { probe, ...outcome };
        const next = Judgement.step(probes, judgement, finding);
        judgement = next.judgement;
        show();
        return Effect.andThen(
          Effect.forEach(next.news, (news) => tell(news, finding), { discard: true }),
          next.news.length === 0 ? Effect.void : arrange,
        );
      }),
    );
  /** Those run that are due, and no others. What ends one of them may be called by that very one: it ends last. */
  const arrange: Effect.Effect<void> = Effect.suspend(() => {
    if (stopped) return Effect.void;
    const due = Judgement.due(probes, judgement);
    const begun = Effect.forEach(
      due.filter((kind) => !running.has(kind)),
      (kind) => {
        const spec = probes[kind]!;
        const target: Check.Target = { exec, port: () => slot.port };
        const probe = Effect.scoped(
          Effect.flatMap(Check.make(spec.check, target), (check) => Prober.run(spec, check, beginning, found(kind))),
        );
        return Effect.map(Effect.forkIn(probe, scope), (fiber) => void running.set(kind, fiber));
      },
      { discard: true },
    );
    return Effect.map(begun, () => {
      for (const [kind, fiber] of running) {
        if (due.includes(kind)) continue;
        running.delete(kind);
        fiber.interruptUnsafe();
      }
    });
  });

  yield* Effect.addFinalizer(() => Effect.sync(stop));
  if (Judgement.isStarted(judgement)) yield* Deferred.succeed(started, undefined);
  show();
  yield* arrange;
  return { started: Deferred.await(started), stop };
});
