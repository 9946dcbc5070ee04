import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, ChildSpec, CrashReport, ExitReason, Supervisor } from "../../src/actor/index.ts";

const Ref = Schema.Any as unknown as Schema.Codec<ActorRef<never>>;
const Reason = Schema.Any as unknown as Schema.Codec<ExitReason.ExitReason>;

const protocol = RpcGroup.make(
  Rpc.make("Link", { payload: { to: Ref } }),
  Rpc.make("Unlink", { payload: { to: Ref } }),
  Rpc.make("End", { payload: { reason: Reason } }),
  Rpc.make("Sync"),
  Rpc.make("Block"),
);

const behaviour = (trapExit: boolean) =>
  Actor.make({
    name: "linked",
    protocol,
    trapExit,
    init: (log: Array<string>) => log,
    handlers: {
      Link: (_, { to }, context) => context.link(to),
      Unlink: (_, { to }, context) => context.unlink(to),
      End: (_, { reason }) => Actor.exit(reason),
      Sync: () => {},
      Block: () => Effect.never,
    },
    info: (log, info) => {
      if (info._tag === "Exit") log.push(`${info.ref === null ? "signal" : info.ref.id}: ${ExitReason.format(info.reason)}`);
    },
    terminate: (log, reason) => void log.push(`end: ${ExitReason.format(reason)}`),
  });
const Plain = behaviour(false);
const Trapper = behaviour(true);

const silent = Effect.provideService(CrashReport.Reporter, () => Effect.void);
const boom = ExitReason.fromCause(Cause.die(new Error("boom")));
const exitOf = (ref: ActorRef<never>) =>
  Effect.map(Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true }), (fiber) =>
    Effect.map(Fiber.join(fiber), ExitReason.format),
  );

describe("links", () => {
  it.effect("an abnormal end takes the linked actor with it, with the same reason, from either side", () =>
    Effect.gen(function* () {
      for (const dies of [0, 1] as const) {
        const log: Array<string> = [];
        const pair = [yield* Actor.spawn(Plain, log, { id: "a" }), yield* Actor.spawn(Plain, log, { id: "b" })] as const;
        yield* pair[0].call("Link", { to: pair[1] });
        const other = yield* exitOf(pair[dies === 0 ? 1 : 0]);
        pair[dies].cast("End", { reason: boom });
        assert.strictEqual(yield* other, "Error: boom");
        assert.deepStrictEqual(log, ["end: Error: boom", "end: Error: boom"]);
      }
    }).pipe(Effect.scoped, silent),
  );

  it.effect("a handler that waits is interrupted by the exit of a linked actor", () =>
    Effect.gen(function* () {
      const a = yield* Actor.spawn(Plain, []);
      const b = yield* Actor.spawn(Plain, []);
      yield* a.call("Link", { to: b });
      const end = yield* exitOf(a);
      a.cast("Block");
      b.cast("End", { reason: boom });
      assert.strictEqual(yield* end, "Error: boom");
    }).pipe(Effect.scoped, silent),
  );

  it.effect("a normal end leaves the linked actor alone; one that traps exits hears of it", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const plain = yield* Actor.spawn(Plain, []);
      const trapper = yield* Actor.spawn(Trapper, log);
      const dies = yield* Actor.spawn(Plain, [], { id: "dies" });
      yield* plain.call("Link", { to: dies });
      yield* trapper.call("Link", { to: dies });
      dies.cast("End", { reason: ExitReason.normal });
      yield* Actor.awaitExit(dies);
      yield* trapper.call("Sync");
      yield* plain.call("Sync");
      assert.deepStrictEqual(log, ["dies: normal"]);
    }).pipe(Effect.scoped),
  );

  it.effect("who traps exits lives on, hears once however often it linked, and not after unlink", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const trapper = yield* Actor.spawn(Trapper, log);
      const [one, two] = [yield* Actor.spawn(Plain, [], { id: "one" }), yield* Actor.spawn(Plain, [], { id: "two" })];
      for (const to of [one, one, two]) yield* trapper.call("Link", { to });
      yield* one.call("Link", { to: trapper });
      yield* trapper.call("Unlink", { to: two });
      for (const ref of [one, two]) {
        ref.cast("End", { reason: boom });
        yield* Actor.awaitExit(ref);
      }
      yield* trapper.call("Sync");
      assert.deepStrictEqual(log, ["one: Error: boom"]);
    }).pipe(Effect.scoped, silent),
  );

  it.effect("to link with a dead actor is to get its exit at once, as NoProc", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dead = yield* Actor.spawn(Plain, [], { id: "dead" });
      yield* Actor.stop(dead);
      const trapper = yield* Actor.spawn(Trapper, log);
      yield* trapper.call("Link", { to: dead });
      yield* trapper.call("Sync");
      assert.deepStrictEqual(log, ["dead: no such actor"]);
      const plain = yield* Actor.spawn(Plain, []);
      const end = yield* exitOf(plain);
      plain.cast("Link", { to: dead });
      assert.strictEqual(yield* end, "no such actor");
    }).pipe(Effect.scoped, silent),
  );

  it.effect("a link is of incarnations: the next one has none", () =>
    Effect.gen(function* () {
      const child = ChildSpec.make(Plain, [], { id: "child" });
      const supervisor = yield* Supervisor.start({ intensity: 5, children: [child] });
      const ref = supervisor.ref(child);
      const other = yield* Actor.spawn(Plain, []);
      yield* ref.call("Link", { to: other });
      yield* other.call("Unlink", { to: ref });
      yield* ref.call("Link", { to: other });
      other.cast("End", { reason: boom });
      yield* Actor.awaitExit(other);
      yield* ref.call("Sync");
      assert.strictEqual(ref.incarnation, 2);
      const next = yield* Actor.spawn(Plain, []);
      yield* next.call("Link", { to: ref });
      ref.cast("End", { reason: ExitReason.normal });
      yield* ref.call("Sync");
      assert.deepStrictEqual([ref.incarnation, next.alive], [3, true]);
    }).pipe(Effect.scoped, silent),
  );

  it.effect("an exit signal ends, is trapped, is ignored when normal; killed cannot be trapped", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const plain = yield* Actor.spawn(Plain, log);
      const trapper = yield* Actor.spawn(Trapper, log);
      for (const ref of [plain, trapper]) Actor.signal(ref, ExitReason.normal);
      yield* plain.call("Sync");
      yield* trapper.call("Sync");
      assert.deepStrictEqual(log.splice(0), ["signal: normal"]);
      const end = yield* exitOf(plain);
      for (const ref of [plain, trapper]) Actor.signal(ref, ExitReason.shutdownWith("deploy"));
      assert.strictEqual(yield* end, "shutdown: deploy");
      yield* trapper.call("Sync");
      assert.deepStrictEqual(log.splice(0).sort(), ["end: shutdown: deploy", "signal: shutdown: deploy"]);
      const killed = yield* exitOf(trapper);
      Actor.signal(trapper, ExitReason.killed);
      assert.strictEqual(yield* killed, "killed");
      assert.deepStrictEqual(log, []);
    }).pipe(Effect.scoped),
  );
});
