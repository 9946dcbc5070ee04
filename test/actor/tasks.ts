/** Small tools for the tests of tasks. */
import * as Cause from "effect/Cause";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, ExitReason, type TaskSupervisor } from "../../src/actor/index.ts";
import { pass } from "./actors.ts";

/** Work that says when it runs, waits until it is let go on, and has a value then. */
export const gate = <A>(value: A) => {
  const ready = Deferred.makeUnsafe<void>();
  const go = Deferred.makeUnsafe<void>();
  return {
    ready: Deferred.await(ready),
    open: Deferred.succeed(go, undefined),
    work: Effect.as(Effect.andThen(Deferred.succeed(ready, undefined), Deferred.await(go)), value),
  };
};

/** What came out: a value, `fail:` an error, `die:` a defect, `down:` a reason. */
export const outcome = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value;
  const error = Cause.squash(exit.cause);
  if (typeof error === "object" && error !== null && "_tag" in error && error._tag === "ActorDown") {
    return `down: ${ExitReason.format((error as unknown as { readonly reason: ExitReason.ExitReason }).reason)}`;
  }
  const text = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error);
  return `${Cause.hasDies(exit.cause) ? "die" : Cause.hasFails(exit.cause) ? "fail" : "interrupt"}: ${text}`;
};

export const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(Effect.exit(effect), outcome);

/** Runs it to its end, however much virtual time that takes. */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* pass(1);
    return yield* Fiber.join(fiber);
  });

/** Ids of the children that are there. */
export const present = (tasks: TaskSupervisor.TaskSupervisorRef) => Effect.map(tasks.children, (refs) => refs.map(({ id }) => id));

const Work = Schema.Any as unknown as Schema.Codec<Effect.Effect<unknown, unknown>>;

/** An actor that does in its handler what it is told to, and hears of exits or not. */
export const callerOf = (trapExit: boolean) =>
  Actor.make({
    name: "caller",
    protocol: RpcGroup.make(
      Rpc.make("Do", { payload: { work: Work }, success: Schema.Any }),
      Rpc.make("End", { payload: { reason: Schema.Any } }),
      Rpc.make("Sync"),
    ),
    trapExit,
    init: (log: Array<string>) => log,
    handlers: {
      Do: (log, { work }) => Effect.map(Effect.orDie(work), (value) => Actor.reply(log, value)),
      End: (_, { reason }) => Actor.exit(reason),
      Sync: () => {},
    },
    info: (log, info) => {
      if (info._tag === "Exit") log.push(`${info.ref?.id}: ${ExitReason.format(info.reason)}`);
    },
  });
