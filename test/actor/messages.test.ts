import { describe, expect, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Scheduler from "effect/Scheduler";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ActorDown, type CrashReport, ExitReason, UnknownMessage } from "../../src/actor/index.ts";
import { pass, quiet, reporting, settled, told, until } from "./actors.ts";

/** Lets each fiber wait for its first step. */
class Late extends Scheduler.MixedScheduler {
  private readonly known = new WeakSet<Fiber.Fiber<unknown, unknown>>();
  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (this.known.has(fiber)) return super.shouldYield(fiber);
    this.known.add(fiber);
    return true;
  }
}

class TooMuch extends Schema.TaggedError<TooMuch>()("TooMuch", { limit: Schema.Number }) {}

const Ledger = Actor.make({
  name: "ledger",
  protocol: RpcGroup.make(
    Rpc.make("Note", { payload: { n: Schema.Number } }),
    Rpc.make("Nothing"),
    Rpc.make("Notes", { success: Schema.Array(Schema.Number) }),
    Rpc.make("Withdraw", { payload: { n: Schema.Number }, success: Schema.Number, error: TooMuch }),
    Rpc.make("Settle", { payload: { n: Schema.Number }, success: Schema.Number, error: TooMuch }),
    Rpc.make("Undeclared", { success: Schema.Number }),
    Rpc.make("Throw", { success: Schema.Number }),
    Rpc.make("ThrowTyped", { success: Schema.Number, error: TooMuch }),
    Rpc.make("Leave", { success: Schema.Number }),
  ),
  init: (): ReadonlyArray<number> => [],
  handlers: {
    Note: (notes, { n }) => [...notes, n],
    Nothing: () => {},
    Notes: (notes) => Actor.reply(notes, notes),
    Withdraw: (notes, { n }) => (n > 10 ? Effect.fail(new TooMuch({ limit: 10 })) : Actor.reply(notes, n)),
    Settle: (notes, { n }) =>
      Effect.gen(function* () {
        yield* Effect.yieldNow;
        if (n > 10) return yield* new TooMuch({ limit: 10 });
        return Actor.reply([...notes, n], n);
      }),
    // A failure that the protocol does not declare: the types rule it out, so they are told otherwise.
    Undeclared: () => Effect.fail("no such thing") as Effect.Effect<never>,
    Throw: () => {
      throw new Error("boom");
    },
    ThrowTyped: () => Effect.die(new Error("deep")),
    Leave: () => Actor.exit(ExitReason.shutdownWith("enough")),
  },
});

const ledger = Actor.spawn(Ledger, undefined);

describe("messages", () => {
  it.effect("come in the order in which one sender sent them", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      const sent = Array.from({ length: 2000 }, (_, n) => n);
      for (const n of sent) ref.cast("Note", { n });
      expect(yield* ref.call("Notes")).toEqual(sent);
    }),
  );

  it.effect("a call and a cast of one sender keep their order", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      ref.cast("Note", { n: 1 });
      yield* ref.call("Settle", { n: 2 });
      ref.cast("Note", { n: 3 });
      expect(yield* ref.call("Notes")).toEqual([1, 2, 3]);
    }),
  );

  it.effect("a handler that returns nothing keeps the state and answers with nothing", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      ref.cast("Note", { n: 1 });
      expect(yield* ref.call("Nothing")).toBe(undefined);
      expect(yield* ref.call("Notes")).toEqual([1]);
    }),
  );

  it.effect("a call of a message without a reply waits until it was handled", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      expect(yield* ref.call("Note", { n: 5 })).toBe(undefined);
      expect(yield* ref.call("Notes")).toEqual([5]);
    }),
  );

  for (const tag of ["Withdraw", "Settle"] as const) {
    it.effect(`a declared error is the caller's and the actor lives on: ${tag}`, () =>
      Effect.gen(function* () {
        const ref = yield* ledger;
        expect(yield* ref.call(tag, { n: 7 })).toBe(7);
        const error = yield* Effect.flip(ref.call(tag, { n: 11 }));
        expect(error).toEqual(new TooMuch({ limit: 10 }));
        expect([ref.alive, ref.incarnation]).toEqual([true, 1]);
        expect(yield* ref.call(tag, { n: 8 })).toBe(8);
      }),
    );
  }

  for (const [tag, text] of [
    ["Undeclared", "no such thing"],
    ["Throw", "Error: boom"],
    ["ThrowTyped", "Error: deep"],
  ] as const) {
    it.effect(`an undeclared failure ends the incarnation and is told to the caller: ${tag}`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const ref = yield* ledger;
        const error = yield* Effect.flip(ref.call(tag));
        expect(error).toBeInstanceOf(ActorDown);
        expect(error.message).toBe(`ledger is down: ${text}`);
        expect(ref.alive).toBe(false);
        expect(told(reports)).toEqual([`ledger: ${text}`]);
      }).pipe(reporting(reports));
    });
  }

  it.effect("who waits behind the message that ended the actor is told as well", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      const calls = [Effect.flip(ref.call("Throw")), Effect.flip(ref.call("Notes")), Effect.flip(ref.call("Settle", { n: 1 }))];
      const errors = yield* Effect.all(calls, { concurrency: "unbounded" });
      expect(errors.map(({ message }) => message)).toEqual(Array.from({ length: 3 }, () => "ledger is down: Error: boom"));
    }).pipe(quiet),
  );

  it.effect("a handler may end its incarnation with a reason, and its caller hears it", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      const error = yield* Effect.flip(ref.call("Leave"));
      expect(error).toMatchObject({ _tag: "ActorDown", reason: { _tag: "Shutdown", info: "enough" } });
    }),
  );

  it.effect("a call to a dead actor fails at once with NoProc, a cast goes nowhere", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      yield* Actor.stop(ref);
      ref.cast("Note", { n: 1 });
      const error = yield* Effect.flip(ref.call("Notes", undefined, { timeout: "infinity" }));
      expect(error).toMatchObject({ _tag: "ActorDown", path: ["ledger"], reason: { _tag: "NoProc" } });
    }),
  );

  it.effect("an unknown message is a defect of the sender", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      const unknown: any = ref; // oxlint-disable-line typescript/no-explicit-any -- what the types rule out
      expect(() => unknown.cast("Nope")).toThrow(UnknownMessage);
      expect(() => unknown.cast("constructor")).toThrow(UnknownMessage);
      const exit = yield* Effect.exit(unknown.call("Nope") as Effect.Effect<never>);
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBeInstanceOf(UnknownMessage);
      expect(yield* ref.call("Notes")).toEqual([]);
    }),
  );

  it.effect("the declared error of a cast leaves the actor as it was", () =>
    Effect.gen(function* () {
      const ref = yield* ledger;
      ref.cast("Note", { n: 1 });
      ref.cast("Settle", { n: 99 });
      expect(yield* ref.call("Notes")).toEqual([1]);
      expect(ref.incarnation).toBe(1);
    }),
  );

  it.effect("handlers that wait do not overlap, and keep the order of their messages", () =>
    Effect.gen(function* () {
      let inside = 0;
      const seen: Array<number> = [];
      const pauses = [Effect.void, Effect.yieldNow, Effect.promise(() => Promise.resolve()), Effect.sleep(5)];
      const Careful = Actor.make({
        name: "careful",
        protocol: RpcGroup.make(Rpc.make("Enter", { payload: { n: Schema.Number } })),
        init: () => 0,
        handlers: {
          Enter: (_, { n }) => {
            expect(++inside).toBe(1);
            return Effect.map(pauses[n % 4]!, () => {
              inside--;
              seen.push(n);
            });
          },
        },
      });
      const ref = yield* Actor.spawn(Careful, undefined);
      for (let n = 0; n < 40; n++) ref.cast("Enter", { n });
      for (let n = 0; n < 10; n++) yield* pass(5);
      expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
    }),
  );

  it.effect("handlers do not overlap where the scheduler puts off even the first step of an effect", () =>
    Effect.gen(function* () {
      const seen: Array<string> = [];
      const Careful = Actor.make({
        name: "careful",
        protocol: RpcGroup.make(Rpc.make("Enter", { payload: { n: Schema.Number } })),
        init: () => 0,
        handlers: {
          Enter: (_, { n }) => {
            seen.push(`+${n}`);
            return Effect.sync(() => void seen.push(`-${n}`));
          },
        },
      });
      const ref = yield* Actor.spawn(Careful, undefined);
      for (let n = 1; n <= 3; n++) ref.cast("Enter", { n });
      yield* until(() => seen.length === 6);
      expect(seen).toEqual(["+1", "-1", "+2", "-2", "+3", "-3"]);
    }).pipe(Effect.provideService(Scheduler.Scheduler, new Late())),
  );

  it.effect("a caller that is interrupted takes no reply and harms nobody", () =>
    Effect.gen(function* () {
      const gate = Promise.withResolvers<void>();
      const Slow = Actor.make({
        name: "slow",
        protocol: RpcGroup.make(Rpc.make("Wait", { success: Schema.Number })),
        init: () => 0,
        handlers: {
          Wait: (n) =>
            Effect.as(
              Effect.promise(() => gate.promise),
              Actor.reply(n + 1, n + 1),
            ),
        },
      });
      const ref = yield* Actor.spawn(Slow, undefined);
      const caller = yield* Effect.forkChild(ref.call("Wait"), { startImmediately: true });
      yield* settled;
      caller.interruptUnsafe();
      yield* until(() => caller.pollUnsafe() !== undefined);
      gate.resolve();
      expect(yield* ref.call("Wait")).toBe(2);
    }),
  );
});
