import { describe, expect, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as Schema from "effect/Schema";
import fc from "fast-check";
import { Actor, ChildSpec, type Mailbox, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled } from "./actors.ts";

interface Gate {
  readonly open: Deferred.Deferred<void>;
  readonly seen: Array<number>;
}

/** Holds its first message until the gate opens, and notes all that come. */
const gated = (mailbox: Mailbox.Mailbox) =>
  Actor.make({
    name: "gated",
    mailbox,
    protocol: RpcGroup.make(
      Rpc.make("Hold"),
      Rpc.make("Note", { payload: Schema.Number }),
      Rpc.make("Ask", { payload: Schema.Number, success: Schema.Number }),
      Rpc.make("Die"),
    ),
    init: (gate: Gate) => gate,
    handlers: {
      Hold: (gate) => Effect.as(Deferred.await(gate.open), gate),
      Note: (gate, n) => {
        gate.seen.push(n);
        return gate;
      },
      Ask: (gate, n) => {
        gate.seen.push(n);
        return Actor.reply(gate, n);
      },
      Die: () => {
        throw new Error("died");
      },
    },
  });

/** Such an actor that is busy, so that what comes now has to wait. */
const busy = Effect.fnUntraced(function* (overflow: Mailbox.Overflow, capacity = 2) {
  const gate: Gate = { open: yield* Deferred.make<void>(), seen: [] };
  const ref = yield* Actor.spawn(gated({ capacity, overflow }), gate);
  ref.cast("Hold");
  yield* settled;
  return { ref, seen: gate.seen, release: Effect.andThen(Deferred.succeed(gate.open, undefined), settled) };
});

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true });

describe("a bounded mailbox", () => {
  it.effect("suspend: sends and calls wait for room, in order; a cast is dropped and counted", () =>
    Effect.gen(function* () {
      const { ref, release, seen } = yield* busy("suspend");
      yield* ref.send("Note", 1);
      yield* ref.send("Note", 2);
      const third = yield* fork(ref.send("Note", 3));
      const fourth = yield* fork(ref.call("Ask", 4));
      ref.cast("Note", 5);
      yield* settled;
      expect(third.pollUnsafe()).toBe(undefined);
      expect(ref.mailbox).toEqual({ depth: 2, capacity: 2, waiting: 2, dropped: 1 });
      yield* release;
      expect([yield* Fiber.join(third), yield* Fiber.join(fourth)]).toEqual([Exit.void, Exit.succeed(4)]);
      expect(seen).toEqual([1, 2, 3, 4]);
      expect(ref.mailbox).toEqual({ depth: 0, capacity: 2, waiting: 0, dropped: 1 });
    }),
  );

  it.effect("suspend: who waits and is interrupted, or is past its deadline, is not let in", () =>
    Effect.gen(function* () {
      const { ref, release, seen } = yield* busy("suspend", 1);
      yield* ref.send("Note", 1);
      const sender = yield* fork(ref.send("Note", 2));
      const caller = yield* fork(ref.call("Ask", 3, { timeout: 100 }));
      yield* Fiber.interrupt(sender);
      yield* pass(100);
      expect(yield* Fiber.join(caller)).toMatchObject({ cause: { reasons: [{ error: { _tag: "CallTimeout" } }] } });
      yield* release;
      expect(seen).toEqual([1]);
    }),
  );

  it.effect("fail: sends and calls are told", () =>
    Effect.gen(function* () {
      const { ref, release, seen } = yield* busy("fail", 1);
      ref.cast("Note", 1);
      const full = { _tag: "MailboxFull", code: "HSU-ACT-007", message: "the mailbox of gated is full (1): Note was not taken" };
      expect(yield* Effect.flip(ref.send("Note", 2))).toMatchObject(full);
      expect(yield* Effect.flip(ref.call("Ask", 3))).toMatchObject({ _tag: "MailboxFull", tag: "Ask" });
      yield* release;
      expect(seen).toEqual([1]);
    }),
  );

  it.effect("drop_newest: the new one goes, a caller is told", () =>
    Effect.gen(function* () {
      const { ref, release, seen } = yield* busy("drop_newest", 1);
      ref.cast("Note", 1);
      yield* ref.send("Note", 2);
      expect(yield* Effect.flip(ref.call("Ask", 3))).toMatchObject({ _tag: "MailboxFull" });
      expect(ref.mailbox.dropped).toBe(2);
      yield* release;
      expect(seen).toEqual([1]);
    }),
  );

  it.effect("drop_oldest: the one that has waited longest goes, and is told when it is a call", () =>
    Effect.gen(function* () {
      const { ref, release, seen } = yield* busy("drop_oldest");
      const asked = yield* fork(ref.call("Ask", 1));
      for (const n of [2, 3, 4]) ref.cast("Note", n);
      expect(yield* Fiber.join(asked)).toMatchObject({ cause: { reasons: [{ error: { _tag: "MailboxFull", tag: "Ask" } }] } });
      yield* release;
      expect([seen, ref.mailbox.dropped]).toEqual([[3, 4], 2]);
    }),
  );

  it.effect("never keeps a stop or a kill out", () =>
    Effect.gen(function* () {
      const { ref } = yield* busy("suspend", 1);
      yield* ref.send("Note", 1);
      const waiting = yield* fork(ref.send("Note", 2));
      yield* Actor.stop(ref);
      expect(yield* Fiber.join(waiting)).toMatchObject({ cause: { reasons: [{ error: { _tag: "ActorDown" } }] } });
    }),
  );

  it.effect("is kept over a restart, with those that wait for room", () =>
    Effect.gen(function* () {
      const gate: Gate = { open: yield* Deferred.make<void>(), seen: [] };
      const spec = ChildSpec.make(gated({ capacity: 2, overflow: "suspend" }), gate, { id: "a" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      ref.cast("Hold");
      yield* settled;
      ref.cast("Die");
      ref.cast("Note", 1);
      const waiting = yield* fork(ref.send("Note", 2));
      yield* Deferred.succeed(gate.open, undefined);
      yield* settled;
      expect([yield* Fiber.join(waiting), gate.seen, ref.incarnation]).toEqual([Exit.void, [1, 2], 2]);
    }).pipe(quiet),
  );

  it("of no size is refused", () => {
    expect(() => gated({ capacity: 0, overflow: "fail" })).toThrow("gated: a mailbox of 0 messages is none");
  });

  it("keeps what a list of the same size would keep", async () => {
    const overflows = fc.constantFrom<Mailbox.Overflow>("drop_newest", "drop_oldest", "fail", "suspend");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        overflows,
        (numbers, capacity, overflow) =>
          Effect.gen(function* () {
            const { ref, release, seen } = yield* busy(overflow, capacity);
            for (const n of numbers) ref.cast("Note", n);
            const kept = overflow === "drop_oldest" ? numbers.slice(-capacity) : numbers.slice(0, capacity);
            expect(ref.mailbox).toMatchObject({ depth: kept.length, dropped: numbers.length - kept.length });
            yield* release;
            expect(seen).toEqual(kept);
          }).pipe(Effect.scoped, Effect.runPromise),
      ),
    );
  });
});
