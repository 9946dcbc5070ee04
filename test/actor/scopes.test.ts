import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, type ActorRef, Supervisor } from "../../src/actor/index.ts";
import { quiet, settled } from "./actors.ts";

const log: Array<string> = [];
const acquire = (name: string) =>
  Effect.acquireRelease(
    Effect.sync(() => void log.push(`+${name}`)),
    () => Effect.sync(() => void log.push(`-${name}`)),
  );

/** Acquires in each of its callbacks, into whatever scope it finds there. */
const Keeper = Actor.make({
  name: "keeper",
  protocol: RpcGroup.make(
    Rpc.make("Keep", { payload: { name: Schema.String } }),
    Rpc.make("Watch", { payload: { ref: Schema.Any } }),
    Rpc.make("Die"),
  ),
  init: () => Effect.as(acquire("init"), 0),
  handlers: {
    Keep: (_, { name }) => acquire(name),
    Watch: (_, { ref }, context) => void context.monitor(ref as ActorRef<never>),
    Die: () => {
      throw new Error("boom");
    },
  },
  info: () => acquire("info"),
  terminate: () => acquire("terminate"),
});

describe("what an actor's effects acquire", () => {
  it.effect("in init, a handler, info and terminate is released with the incarnation, the last first", () =>
    Effect.gen(function* () {
      log.length = 0;
      const outer = yield* Scope.make();
      const ref = yield* Scope.provide(Actor.spawn(Keeper, undefined), outer);
      const dead = yield* Actor.spawn(Keeper, undefined, { id: "dead" });
      yield* Actor.kill(dead);
      log.length = 1;
      yield* ref.call("Keep", { name: "a" });
      yield* ref.call("Watch", { ref: dead });
      yield* ref.call("Keep", { name: "b" });
      yield* Actor.stop(ref);
      expect(log).toEqual(["+init", "+a", "+info", "+b", "+terminate", "-terminate", "-b", "-info", "-a", "-init"]);
      yield* Scope.close(outer, Exit.void);
      expect(log).toHaveLength(10);
    }),
  );

  it.effect("belongs to the incarnation, not to the next", () =>
    Effect.gen(function* () {
      log.length = 0;
      const spec = ChildSpec.make(Keeper, undefined, { id: "keeper" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      yield* ref.call("Keep", { name: "a" });
      ref.cast("Die");
      yield* settled;
      expect(log).toEqual(["+init", "+a", "+terminate", "-terminate", "-a", "-init", "+init"]);
      yield* ref.call("Keep", { name: "b" });
      yield* supervisor.terminateChild("keeper");
      expect(log.slice(7)).toEqual(["+b", "+terminate", "-terminate", "-b", "-init"]);
    }).pipe(quiet),
  );

  it.effect("into the scope of the actor's context is the same scope", () =>
    Effect.gen(function* () {
      const seen: Array<boolean> = [];
      const Same = Actor.make({
        name: "same",
        protocol: RpcGroup.make(Rpc.make("Look")),
        init: (_: void, context) => Effect.map(Effect.scope, (scope) => void seen.push(scope === context.scope)),
        handlers: { Look: (_, __, context) => Effect.map(Effect.scope, (scope) => void seen.push(scope === context.scope)) },
      });
      const ref = yield* Actor.spawn(Same, undefined);
      yield* ref.call("Look");
      expect(seen).toEqual([true, true]);
    }),
  );
});
