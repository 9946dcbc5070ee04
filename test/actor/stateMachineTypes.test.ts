/** What the types of a state machine rule out. The compiler is the test; what is wrong is never run. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { expect, expectTypeOf, it } from "vitest";
import { type Actor, StateMachine } from "../../src/actor/index.ts";

const { fail, keep, next, nextEvent, postpone, reply, stateTimeout, stop, timeout } = StateMachine;

class One extends Context.Service<One, number>()("One") {}
class Two extends Context.Service<Two, number>()("Two") {}
class Three extends Context.Service<Three, number>()("Three") {}
class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const protocol = RpcGroup.make(
  Rpc.make("Push", { payload: { n: Schema.Number } }),
  Rpc.make("Name", { success: Schema.String }),
  Rpc.make("Mode", { success: Schema.Literals(["on", "off"]), error: Refused }),
);

it("what handlers need is what the actor needs", () => {
  const first: { readonly n: number; readonly mode: "on" | "off" } = { n: 0, mode: "on" };
  const machine = StateMachine.make({
    name: "typed",
    protocol,
    timeouts: ["retry"],
    init: (n: number) => Effect.as(One, next("a", { ...first, n })),
    states: {
      a: {
        enter: (data, from, context) => {
          expectTypeOf(data).toEqualTypeOf<{ n: number; mode: "on" | "off" }>();
          expectTypeOf(from).toEqualTypeOf<"a" | "b">();
          expectTypeOf(context.state).toEqualTypeOf<"a" | "b">();
          return keep({ ...data, mode: "off" as const }, [stateTimeout(1)]);
        },
        on: {
          Push: (data, { n }) => next("b", { ...data, n }, [nextEvent("Push", { n }), timeout("retry", 1)]),
          Mode: (data) => Effect.map(Two, (two) => (two > 1 ? next("b", data, [reply("on")]) : keep(undefined, [fail(new Refused())]))),
        },
      },
      b: { on: { Name: () => keep(undefined, [postpone]), Mode: () => Effect.fail(new Refused()) }, stateTimeout: () => next("a") },
    },
    all: { on: { Name: () => stop(), Push: () => Effect.asVoid(Three) }, timeouts: { retry: () => {} } },
  });
  expectTypeOf(machine).toEqualTypeOf<Actor.Actor<number, RpcGroup.Rpcs<typeof protocol>, One | Two | Three>>();
});

it("what does not fit does not compile", () => {
  const machine = StateMachine.make({
    name: "wrong",
    protocol,
    timeouts: ["retry"],
    init: () => next("a", { n: 1 }),
    states: {
      a: {
        // @ts-expect-error an enter handler cannot change the state
        enter: () => next("b"),
        on: {
          // @ts-expect-error no such state
          Push: () => next("nowhere"),
          // @ts-expect-error nobody answers
          Name: () => keep(),
          // @ts-expect-error not the reply of the protocol
          Mode: () => keep(undefined, [reply("maybe")]),
        },
        // @ts-expect-error no such message
        stateTimeout: () => keep(undefined, [nextEvent("Pull")]),
        // @ts-expect-error not its payload
        eventTimeout: () => keep(undefined, [nextEvent("Push", { n: "one" })]),
        timeouts: {
          // @ts-expect-error no such timeout
          retry: () => keep(undefined, [timeout("retyr", 1)]),
        },
      },
      b: {
        // @ts-expect-error an enter handler cannot postpone
        enter: () => keep(undefined, [postpone]),
        // @ts-expect-error nobody waits for an answer
        stateTimeout: () => keep(undefined, [reply("x")]),
      },
    },
    all: { on: { Push: () => {}, Name: () => stop(), Mode: () => stop() } },
  });
  const all = { on: { Push: () => {}, Name: () => stop(), Mode: () => stop() } };
  // @ts-expect-error no such first state
  StateMachine.make({ name: "lost", protocol, init: () => next("c"), states: { a: {} }, all });
  const other = StateMachine.make({
    name: "wrong",
    protocol,
    init: () => next("a", { n: 1 }),
    // @ts-expect-error not the data
    states: { a: { on: { Push: () => keep({ n: "one" }), Name: () => stop(), Mode: () => stop() } } },
  });
  expect([machine.name, other.name]).toEqual(["wrong", "wrong"]);
});
