import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as Tracer from "effect/Tracer";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, CrashReport } from "../../src/actor/index.ts";

const protocol = RpcGroup.make(
  Rpc.make("Pass", { payload: { on: Schema.Array(Schema.Any) } }),
  Rpc.make("PassByEffect", { payload: { on: Schema.Array(Schema.Any) }, success: Schema.Number }),
  Rpc.make("Fail"),
);
type Messages = RpcGroup.Rpcs<typeof protocol>;

const Node = Actor.make({
  name: "node",
  protocol,
  init: () => 0,
  handlers: {
    Pass: (n, { on: [next, ...on] }) => {
      if (next !== undefined) (next as ActorRef<Messages>).cast("Pass", { on });
      return n + 1;
    },
    PassByEffect: (n, { on: [next, ...on] }) =>
      next === undefined
        ? Actor.reply(n, n)
        : Effect.as(Effect.orDie((next as ActorRef<Messages>).call("PassByEffect", { on })), Actor.reply(n, n)),
    Fail: () => {
      throw new Error("boom");
    },
  },
});

const recording = () => {
  const spans: Array<Tracer.NativeSpan> = [];
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options);
      spans.push(span);
      return span;
    },
  });
  const line = (span: Tracer.Span): string => {
    const parent = Option.getOrUndefined(span.parent);
    return parent?._tag === "Span" ? `${line(parent)} > ${span.name}` : span.name;
  };
  return { spans, tracer, lines: () => spans.map((span) => `${line(span)} (${span.kind})`) };
};

describe("spans", () => {
  it.effect("go with calls from handler to handler", () => {
    const { lines, spans, tracer } = recording();
    return Effect.gen(function* () {
      const [a, b, c] = [
        yield* Actor.spawn(Node, undefined, { id: "a" }),
        yield* Actor.spawn(Node, undefined, { id: "b" }),
        yield* Actor.spawn(Node, undefined, { id: "c" }),
      ];
      yield* Effect.withSpan(a.call("PassByEffect", { on: [b, c] }), "call");
      assert.deepStrictEqual(lines(), [
        "call (internal)",
        "call > a/PassByEffect (server)",
        "call > a/PassByEffect > b/PassByEffect (server)",
        "call > a/PassByEffect > b/PassByEffect > c/PassByEffect (server)",
      ]);
      assert.isTrue(spans.every(({ status }) => status._tag === "Ended"));
      assert.strictEqual(spans[1]?.attributes.get("hsu.actor.path"), "a");
    }).pipe(Effect.scoped, Effect.provideService(Tracer.Tracer, tracer));
  });

  it.effect("a cast's span is below its sender's", () => {
    const { lines, tracer } = recording();
    return Effect.gen(function* () {
      const [a, b] = [yield* Actor.spawn(Node, undefined, { id: "a" }), yield* Actor.spawn(Node, undefined, { id: "b" })];
      yield* Effect.withSpan(
        Effect.sync(() => a.cast("Pass", { on: [b] })),
        "root",
      );
      yield* Effect.repeat(Effect.yieldNow, { times: 20 });
      assert.deepStrictEqual(lines(), ["root (internal)", "root > a/Pass (consumer)", "root > a/Pass > b/Pass (consumer)"]);
    }).pipe(Effect.scoped, Effect.provideService(Tracer.Tracer, tracer));
  });

  it.effect("say that a handler failed", () => {
    const { spans, tracer } = recording();
    return Effect.gen(function* () {
      const ref = yield* Actor.spawn(Node, undefined);
      ref.cast("Fail");
      yield* Actor.awaitExit(ref);
      const status = spans[0]?.status;
      assert.isTrue(status?._tag === "Ended" && status.exit._tag === "Failure");
    }).pipe(
      Effect.scoped,
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provideService(CrashReport.Reporter, () => Effect.void),
    );
  });

  it.effect("there are none where no tracer is", () =>
    Effect.gen(function* () {
      const { tracer, spans } = recording();
      const traced = yield* Effect.provideService(Actor.spawn(Node, undefined), Tracer.Tracer, tracer);
      const plain = yield* Actor.spawn(Node, undefined);
      yield* plain.call("Pass", { on: [traced] });
      yield* traced.call("Pass", { on: [plain] });
      assert.deepStrictEqual(
        spans.map(({ kind }) => kind),
        ["consumer", "server"],
      );
    }).pipe(Effect.scoped),
  );
});
