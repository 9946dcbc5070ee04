import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { TestClock } from "effect/testing";
import { Actor, type ActorRef, CrashReport, ExitReason } from "../../src/actor/index.ts";

type How = "plain" | "slow" | "slow start" | "fails" | "fails late" | "ignores" | "stubborn";
const Ref = Schema.Any as unknown as Schema.Codec<ActorRef<ChildMessages>>;
const childProtocol = RpcGroup.make(Rpc.make("Name", { success: Schema.String }), Rpc.make("End"), Rpc.make("Crash"));
type ChildMessages = RpcGroup.Rpcs<typeof childProtocol>;

interface Args {
  readonly name: string;
  readonly how: How;
  readonly log: Array<string>;
}

const Child: Actor.Actor<Args, ChildMessages, never> = Actor.make({
  name: "child",
  protocol: childProtocol,
  init: (args: Args) => {
    switch (args.how) {
      case "slow start":
        return Effect.as(Effect.sleep(100), args);
      case "fails":
        throw new Error("no");
      case "fails late":
        return Effect.andThen(Effect.sleep(100), Effect.die(new Error("late")));
      case "ignores":
        return Actor.ignore;
      default:
        return args;
    }
  },
  handlers: {
    Name: (args) => Actor.reply(args, args.name),
    End: () => Actor.exit(),
    Crash: () => {
      throw new Error("boom");
    },
  },
  terminate: ({ how, log, name }) => {
    const done = Effect.sync(() => void log.push(`${name} ends`));
    return how === "stubborn" ? Effect.never : how === "slow" ? Effect.andThen(Effect.sleep(100), done) : done;
  },
});

const parentProtocol = RpcGroup.make(
  Rpc.make("Spawn", { payload: { name: Schema.String, how: Schema.String }, success: Schema.Struct({ ref: Ref }) }),
  Rpc.make("Heard", { success: Schema.Array(Schema.String) }),
  Rpc.make("End"),
);

const Parent = Actor.make({
  name: "parent",
  protocol: parentProtocol,
  init: (log: Array<string>, context) =>
    Effect.as(
      Effect.addFinalizer(() => Effect.sync(() => void log.push("scope closes"))),
      { log, heard: new Array<string>(), scope: context.scope },
    ),
  handlers: {
    Spawn: (state, { how, name }, context) => {
      const ref = context.spawn(Child, { name, how: how as How, log: state.log }, { id: name });
      context.monitor(ref);
      return Actor.reply(state, { ref });
    },
    Heard: (state) => Actor.reply(state, [...state.heard]),
    End: () => Actor.exit(),
  },
  info: (state, info) => {
    if (info._tag === "Down") state.heard.push(`${info.ref.id}: ${ExitReason.format(info.reason)}`);
  },
  terminate: ({ log }) => void log.push("parent terminates"),
});

const setUp = Effect.gen(function* () {
  const log: Array<string> = [];
  const parent = yield* Actor.spawn(Parent, log);
  const spawn = (name: string, how: How = "plain") => Effect.map(parent.call("Spawn", { name, how }), ({ ref }) => ref);
  return { log, parent, spawn };
});

describe("actors that an actor has spawned", () => {
  it.effect("answer at once, below its path, and end with it: the last first, before its scope is closed", () =>
    Effect.gen(function* () {
      const { log, parent, spawn } = yield* setUp;
      const [a, b, c] = [yield* spawn("a"), yield* spawn("b", "slow"), yield* spawn("c")];
      assert.deepStrictEqual([a.path, yield* b.call("Name")], [["parent", "a"], "b"]);
      const ended = yield* Effect.forkChild(Actor.stop(parent), { startImmediately: true });
      yield* TestClock.adjust(99);
      assert.deepStrictEqual(log, ["parent terminates", "c ends"]);
      yield* TestClock.adjust(1);
      yield* Fiber.join(ended);
      assert.deepStrictEqual(log, ["parent terminates", "c ends", "b ends", "a ends", "scope closes"]);
      assert.deepStrictEqual([a.alive, b.alive, c.alive], [false, false, false]);
      assert.strictEqual((yield* Effect.flip(a.call("Name")))._tag, "ActorDown");
    }).pipe(Effect.scoped),
  );

  it.effect("whose init takes time keep their messages; one that ends or fails is told to who watches, and forgotten", () => {
    const reports: Array<string> = [];
    return Effect.gen(function* () {
      const { log, parent, spawn } = yield* setUp;
      const slow = yield* spawn("slow", "slow start");
      const asked = yield* Effect.forkChild(slow.call("Name"), { startImmediately: true });
      yield* spawn("fails", "fails");
      yield* spawn("late", "fails late");
      yield* spawn("ignores", "ignores");
      yield* TestClock.adjust(100);
      assert.strictEqual(yield* Fiber.join(asked), "slow");
      (yield* spawn("ends")).cast("End");
      (yield* spawn("crashes")).cast("Crash");
      yield* Effect.repeat(Effect.yieldNow, { times: 10 });
      assert.deepStrictEqual(yield* parent.call("Heard"), [
        "fails: no such actor",
        "ignores: no such actor",
        "late: Error: late",
        "ends: normal",
        "crashes: Error: boom",
      ]);
      assert.deepStrictEqual(reports, ["fails", "late", "crashes"]);
      const cell = parent as unknown as { readonly extras: { readonly nursery: { readonly size: number } } };
      assert.strictEqual(cell.extras.nursery.size, 1);
      assert.deepStrictEqual(log, ["ends ends", "crashes ends"]);
    }).pipe(
      Effect.scoped,
      Effect.provideService(CrashReport.Reporter, ({ path }) => Effect.sync(() => void reports.push(path.at(-1) ?? ""))),
    );
  });

  it.effect("are killed when they take more than five seconds, and with their parent when that is killed", () =>
    Effect.gen(function* () {
      const { log, parent, spawn } = yield* setUp;
      const stubborn = yield* spawn("stubborn", "stubborn");
      yield* spawn("other");
      const ended = yield* Effect.forkChild(Actor.stop(parent), { startImmediately: true });
      yield* TestClock.adjust(4999);
      assert.isTrue(stubborn.alive);
      yield* TestClock.adjust(1);
      yield* Fiber.join(ended);
      assert.deepStrictEqual(log, ["parent terminates", "other ends", "scope closes"]);

      const second = yield* setUp;
      yield* second.spawn("stubborn", "stubborn");
      yield* second.spawn("plain");
      yield* Actor.kill(second.parent);
      assert.deepStrictEqual(second.log, ["scope closes"]);

      const third = yield* setUp;
      yield* third.spawn("stubborn", "stubborn");
      const stopping = yield* Effect.forkChild(Actor.stop(third.parent), { startImmediately: true });
      yield* Effect.repeat(Effect.yieldNow, { times: 10 });
      yield* Actor.kill(third.parent);
      yield* Fiber.join(stopping);
      assert.deepStrictEqual(third.log, ["parent terminates", "scope closes"]);
    }).pipe(Effect.scoped),
  );
});
