import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Logger from "effect/Logger";
import * as Scope from "effect/Scope";
import { Actor, Registry } from "../../src/actor/index.ts";
import { kept, line, Named, type NamedRef, type NamedRpcs, nothing, spawn } from "./named.ts";

describe("listeners", () => {
  it.effect("hear each change in its order, also those that a listener makes, until their scope closes", () =>
    Effect.gen(function* () {
      const [first, second]: [Array<string>, Array<string>] = [[], []];
      const names: Registry.Duplicate<string, number, NamedRpcs> = Registry.make({
        keys: "duplicate",
        listeners: [
          (change) => {
            first.push(line(change));
            if (change._tag === "Registered" && change.key === "a") names.registerUnsafe(change.ref, "b", 2);
          },
        ],
      });
      const scope = yield* Scope.make();
      yield* Scope.provide(
        names.subscribe((change) => void second.push(line(change))),
        scope,
      );
      const ref = yield* spawn();
      yield* names.register(ref, "a", 1);
      expect(second).toEqual(["+a named 1", "+b named 2"]);
      yield* Scope.close(scope, Exit.void);
      yield* Actor.stop(ref);
      expect(first).toEqual(["+a named 1", "+b named 2", "-a named 1", "-b named 2"]);
      expect([second.length, kept(names)]).toEqual([2, { ...nothing, topics: 1 }]);
    }),
  );

  it.effect("find the end of an incarnation complete at its first change", () =>
    Effect.gen(function* () {
      const counts: Array<number> = [];
      const names: Registry.Unique<string, number, NamedRpcs> = Registry.make({
        keys: "unique",
        listeners: [() => void counts.push(names.count())],
      });
      const ref = yield* spawn();
      for (const key of ["a", "b", "c"]) yield* names.register(ref, key, 0);
      yield* Actor.kill(ref);
      expect(counts).toEqual([1, 2, 3, 0, 0, 0]);
    }),
  );

  it.effect("may take away what is just being taken away", () =>
    Effect.gen(function* () {
      const heard: Array<string> = [];
      const names: Registry.Duplicate<string, number, NamedRpcs> = Registry.make({
        keys: "duplicate",
        listeners: [
          (change) => {
            heard.push(line(change));
            if (change._tag === "Unregistered") names.unregister(change.ref, "a");
          },
        ],
      });
      const ref = yield* spawn();
      for (const value of [1, 2]) yield* names.register(ref, "a", value);
      names.unregister(ref, "a");
      expect([heard, kept(names).entries]).toEqual([["+a named 1", "+a named 2", "-a named 1", "-a named 2"], 0]);
    }),
  );

  it.effect("that throw are logged and harm neither the actor nor the other listeners", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = [];
      const heard: Array<string> = [];
      const fails = () => {
        throw new Error("deaf");
      };
      const names = Registry.make<string, number, NamedRpcs>({
        keys: "unique",
        listeners: [fails, (change) => void heard.push(line(change))],
      });
      const script = { onStart: (self: NamedRef) => names.register(self, "a", 1) };
      const ref = yield* Actor.spawn(Named, script).pipe(
        Effect.provide(Logger.layer([Logger.make(({ message }) => void logged.push(message))])),
      );
      yield* Actor.stop(ref);
      expect([logged.length, heard]).toEqual([2, ["+a named 1", "-a named 1"]]);
    }),
  );
});
