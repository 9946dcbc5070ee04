import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, system } from "./actors.ts";

/** Ticks every second from its start, as a periodic actor does. */
const Ticker = Actor.make({
  name: "ticker",
  protocol: RpcGroup.make(
    Rpc.make("Tick"),
    Rpc.make("Once", { payload: { millis: Schema.Number } }),
    Rpc.make("Cancel"),
    Rpc.make("Nap", { payload: { millis: Schema.Number, fails: Schema.Boolean } }),
    Rpc.make("Ticks", { success: Schema.Number }),
    Rpc.make("Die"),
  ),
  init: (periodic: boolean, context) => {
    if (periodic) context.sendAfter(1000, "Tick");
    return { periodic, ticks: 0, cancel: () => {} };
  },
  handlers: {
    Tick: (state, _, context) => {
      if (state.periodic) context.sendAfter(1000, "Tick");
      return { ...state, ticks: state.ticks + 1 };
    },
    Once: (state, { millis }, context) => ({ ...state, cancel: context.sendAfter(millis, "Tick") }),
    Cancel: (state) => state.cancel(),
    Nap: (_, { millis, fails }) => Effect.andThen(Effect.sleep(millis), fails ? Effect.die(new Error("bad dream")) : Effect.void),
    Ticks: (state) => Actor.reply(state, state.ticks),
    Die: () => {
      throw new Error("boom");
    },
  },
});

describe("messages to oneself after a while", () => {
  it.effect("come when their time has come, not before", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Ticker, true);
      yield* pass(999);
      expect(yield* ref.call("Ticks")).toBe(0);
      yield* pass(1);
      expect(yield* ref.call("Ticks")).toBe(1);
      for (let n = 0; n < 3; n++) yield* pass(1000);
      expect(yield* ref.call("Ticks")).toBe(4);
    }),
  );

  it.effect("do not come when they were cancelled", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Ticker, false);
      const { timers } = yield* system;
      yield* ref.call("Once", { millis: 100 });
      yield* ref.call("Cancel");
      expect(timers.size).toBe(0);
      yield* pass(200);
      expect(yield* ref.call("Ticks")).toBe(0);
      yield* ref.call("Cancel");
    }),
  );

  it.effect("end with the incarnation", () =>
    Effect.gen(function* () {
      const spec = ChildSpec.make(Ticker, true, { id: "ticker" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      yield* pass(500);
      ref.cast("Die");
      yield* pass(999);
      expect([ref.incarnation, yield* ref.call("Ticks")]).toEqual([2, 0]);
      yield* pass(1);
      expect(yield* ref.call("Ticks")).toBe(1);
    }).pipe(quiet),
  );

  it.effect("do not reach the next incarnation, even when they wait in the mailbox already", () =>
    Effect.gen(function* () {
      const spec = ChildSpec.make(Ticker, true, { id: "ticker" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      ref.cast("Nap", { millis: 1500, fails: true });
      yield* pass(1000);
      yield* pass(500);
      expect([ref.incarnation, yield* ref.call("Ticks")]).toEqual([2, 0]);
      for (let n = 0; n < 3; n++) yield* pass(1000);
      expect(yield* ref.call("Ticks")).toBe(3);
    }).pipe(quiet),
  );

  it.effect("with a message that the protocol does not have fail where they are asked for", () =>
    Effect.gen(function* () {
      const Confused = Actor.make({
        name: "confused",
        protocol: RpcGroup.make(Rpc.make("Try", { success: Schema.String })),
        init: () => 0,
        handlers: {
          Try: (n, _, context) => {
            try {
              (context.sendAfter as (millis: number, tag: string) => void)(1, "Nope");
              return Actor.reply(n, "sent");
            } catch (error) {
              return Actor.reply(n, (error as { readonly _tag: string })._tag);
            }
          },
        },
      });
      const ref = yield* Actor.spawn(Confused, undefined);
      expect(yield* ref.call("Try")).toBe("UnknownMessage");
    }),
  );

  it.effect("leave no timer behind after many incarnations", () =>
    Effect.gen(function* () {
      const spec = ChildSpec.make(Ticker, true, { id: "ticker" });
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
      const { timers } = yield* system;
      const ref = supervisor.ref(spec);
      for (let n = 0; n < 200; n++) ref.cast("Die");
      yield* settled;
      expect([ref.incarnation, timers.size]).toEqual([201, 1]);
      yield* supervisor.terminateChild("ticker");
      expect(timers.size).toBe(0);
    }).pipe(quiet),
  );
});
