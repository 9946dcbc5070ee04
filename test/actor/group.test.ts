import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { Actor, ChildSpec, Group, Supervisor } from "../../src/actor/index.ts";
import { cellOf, quiet, settled } from "./actors.ts";
import { kept, Named, namedProtocol, type NamedRef, type NamedRpcs, nothing, spawn } from "./named.ts";

const make = () => Group.scope({ protocol: namedProtocol });
const ids = (refs: ReadonlyArray<NamedRef>) => refs.map(({ id }) => id);
const line = ({ _tag, group, ref }: Group.Change<NamedRpcs>) => `${_tag} ${group} ${ref.id}`;

describe("members", () => {
  it.effect("are there as often as they joined, in that order, and leave one join at a time", () =>
    Effect.gen(function* () {
      const groups = make();
      const group = groups.group("g");
      const [a, b] = [yield* spawn("a"), yield* spawn("b")];
      expect([a, b, a].map((ref) => group.join(ref))).toEqual([true, true, true]);
      expect([ids(group.members()), ids(group.localMembers())]).toEqual([
        ["a", "b", "a"],
        ["a", "b", "a"],
      ]);
      expect([group.leave(a), ids(group.members())]).toEqual([true, ["a", "b"]]);
      expect([group.leave(a), group.leave(a), ids(group.members())]).toEqual([true, false, ["b"]]);
      expect([cellOf(a as never).extras?.releases.size, cellOf(b as never).extras?.releases.size]).toEqual([0, 1]);
    }),
  );

  it.effect("leave with their incarnation, all their joins at once", () =>
    Effect.gen(function* () {
      const groups = make();
      const ref = yield* spawn();
      for (const name of ["g", "g", "h"]) groups.group(name).join(ref);
      expect(groups.names()).toEqual(["g", "h"]);
      const found: Array<unknown> = [];
      cellOf(ref).addMonitor({ notify: () => void found.push(groups.names()) });
      yield* Actor.kill(ref);
      expect([found, kept(groups)]).toEqual([[[]], nothing]);
      expect([groups.group("g").join(ref), kept(groups)]).toEqual([false, nothing]);
    }),
  );

  it.effect("that join in their init are back after a restart, once", () =>
    Effect.gen(function* () {
      const group = Group.make({ protocol: namedProtocol, name: "g" });
      const spec = ChildSpec.make(Named, { onStart: (self: NamedRef) => void group.join(self) }, { id: "a" });
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 10 });
      const seen: Array<string> = [];
      yield* group.subscribe((change) => void seen.push(`${line(change)} ${change.ref.incarnation}`));
      group.broadcast("Die");
      yield* settled;
      expect(seen).toEqual(["Left g a 1", "Joined g a 2"]);
      expect(group.members()).toEqual([supervisor.ref(spec)]);
    }).pipe(quiet),
  );

  it.effect("of one group are not those of another, nor is what is kept of an empty one", () =>
    Effect.gen(function* () {
      const groups = make();
      const [a, b] = [yield* spawn("a"), yield* spawn("b")];
      groups.group("g").join(a);
      groups.group("h").join(b);
      expect([ids(groups.group("g").members()), ids(groups.group("h").members()), groups.group("i").members()]).toEqual([["a"], ["b"], []]);
      groups.group("g").leave(a);
      expect([groups.names(), kept(groups).keys]).toEqual([["h"], 1]);
    }),
  );
});

describe("broadcast", () => {
  it.effect("reaches each member once a join, and nobody else", () =>
    Effect.gen(function* () {
      const groups = make();
      const refs = yield* Effect.forEach(["a", "b", "c"], (id) => spawn(id));
      for (const n of [0, 1, 1]) groups.group("g").join(refs[n]!);
      groups.group("g").broadcast("Hear", { text: "hello" });
      groups.group("h").broadcast("Hear", { text: "nobody" });
      expect(yield* Effect.forEach(refs, (ref) => ref.call("Heard"))).toEqual([["hello"], ["hello", "hello"], []]);
    }),
  );

  it("takes the protocol's messages alone", () => {
    const group = Group.make({ protocol: namedProtocol });
    // @ts-expect-error no such message
    group.broadcast("Hears", { text: "" });
    // @ts-expect-error no such payload
    group.broadcast("Hear", { text: 1 });
    expect(group.members()).toEqual([]);
  });
});

describe("subscribe", () => {
  it.effect("tells the members of now and each change from then on, until the scope closes", () =>
    Effect.gen(function* () {
      const groups = make();
      const group = groups.group("g");
      const [a, b] = [yield* spawn("a"), yield* spawn("b")];
      group.join(a);
      const [seen, all]: [Array<string>, Array<string>] = [[], []];
      const scope = yield* Scope.make();
      const now = yield* Scope.provide(
        group.subscribe((change) => void seen.push(line(change))),
        scope,
      );
      const everywhere = yield* Scope.provide(
        groups.subscribe((change) => void all.push(line(change))),
        scope,
      );
      expect([ids(now), everywhere]).toEqual([["a"], new Map([["g", [a]]])]);
      group.join(b);
      groups.group("h").join(b);
      group.leave(a);
      yield* Actor.stop(b);
      expect(seen).toEqual(["Joined g b", "Left g a", "Left g b"]);
      expect(all).toEqual(["Joined g b", "Joined h b", "Left g a", "Left g b", "Left h b"]);
      yield* Scope.close(scope, Exit.void);
      group.join(a);
      expect([seen.length, all.length, kept(groups).topics]).toEqual([3, 5, 0]);
    }),
  );
});
