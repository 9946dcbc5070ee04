import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, ActorDown, ChildSpec, Event, ExitReason, Registry, Supervisor } from "../../src/actor/index.ts";
import { cellOf, pass, quiet, settled } from "./actors.ts";
import { kept, Named, namedProtocol, type NamedRef, type NamedRpcs, nothing, spawn } from "./named.ts";

const uniqueNames = () => Registry.make<string, number, NamedRpcs>({ keys: "unique" });
const duplicates = () => Registry.make<string, number, NamedRpcs>({ keys: "duplicate" });

describe("register", () => {
  it.effect("a unique key fails with its holder, typed, with a code", () =>
    Effect.gen(function* () {
      const names = uniqueNames();
      const [holder, other] = [yield* spawn("holder"), yield* spawn("other")];
      yield* names.register(holder, "key", 1);
      const refusal = yield* Effect.flip(names.register(other, "key", 2));
      if (refusal._tag !== "AlreadyRegistered") return yield* Effect.die(refusal);
      refusal.ref.cast("Hear", { text: "hello" });
      expect(yield* holder.call("Heard")).toEqual(["hello"]);
      expect(refusal.key.toUpperCase()).toBe("KEY");
      expect([refusal.code, refusal.message]).toEqual(["HSU-REG-001", "key is registered to holder"]);
      expect(() => names.registerUnsafe(other, "key", 2)).toThrow(refusal);
      expect([names.lookup("key"), names.keys(other)]).toEqual([[{ key: "key", ref: holder, value: 1 }], []]);
    }),
  );

  for (const names of [uniqueNames(), duplicates()]) {
    it.effect(`an actor that has ended holds no key: ${"whereis" in names ? "" : "not "}whereis`, () =>
      Effect.gen(function* () {
        const ref = yield* spawn();
        yield* Actor.stop(ref);
        const refusal = yield* Effect.flip(names.register(ref, "key", 1));
        expect([refusal._tag, refusal.code, refusal.message]).toEqual(["HolderDown", "HSU-REG-002", "named is down and cannot hold key"]);
        expect(kept(names)).toEqual(nothing);
      }),
    );
  }

  it.effect("happens when the effect runs, and as often", () =>
    Effect.gen(function* () {
      const names = duplicates();
      const registering = names.register(yield* spawn(), "key", 1);
      expect(names.count()).toBe(0);
      yield* registering;
      yield* registering;
      expect(names.count()).toBe(2);
    }),
  );

  it.effect("in init is typed there: a start that is refused says by whom", () =>
    Effect.gen(function* () {
      const names = Registry.make<string, void, NamedRpcs>({ keys: "unique" });
      const script = { onStart: (self: NamedRef) => names.register(self, "one") };
      const first = yield* Actor.spawn(Named, script, { id: "first" });
      const refused = yield* Effect.flip(Actor.spawn(Named, script, { id: "second" }));
      expect(refused.message).toBe("second did not start: one is registered to first");
      expect(names.whereis("one")).toBe(first);
    }),
  );
});

describe("what an incarnation registered", () => {
  for (const how of ["Die", "Finish", "stop", "kill"] as const) {
    it.effect(`is gone with it, before a monitor hears of the end: ${how}`, () =>
      Effect.gen(function* () {
        const names = uniqueNames();
        const ref = yield* spawn();
        yield* names.register(ref, "a", 1);
        yield* names.register(ref, "b", 2);
        const found: Array<number> = [];
        cellOf(ref).addMonitor({ notify: () => void found.push(names.count()) });
        if (how === "stop") yield* Actor.stop(ref);
        else if (how === "kill") yield* Actor.kill(ref);
        else ref.cast(how);
        yield* settled;
        expect([found, names.whereis("a"), names.keys(ref), kept(names)]).toEqual([[0], undefined, [], nothing]);
        expect(cellOf(ref).extras?.releases.size).toBe(0);
      }).pipe(quiet),
    );
  }

  it.effect("is there while it terminates", () =>
    Effect.gen(function* () {
      const names = uniqueNames();
      const found: Array<unknown> = [];
      const onTerminate = (self: NamedRef) =>
        Effect.andThen(
          Effect.sleep(10),
          Effect.sync(() => found.push(names.whereis("a") === self)),
        );
      const ref = yield* Actor.spawn(Named, { onStart: (self) => names.registerUnsafe(self, "a", 1), onTerminate });
      const stopping = yield* Effect.forkChild(Actor.stop(ref), { startImmediately: true });
      yield* settled;
      expect(names.whereis("a")).toBe(ref);
      yield* pass(10);
      yield* Fiber.join(stopping);
      expect([found, names.whereis("a")]).toEqual([[true], undefined]);
    }),
  );

  for (const how of ["at once", "later"]) {
    it.effect(`is gone when its start fails ${how}`, () =>
      Effect.gen(function* () {
        const names = uniqueNames();
        const onStart = (self: NamedRef) => {
          names.registerUnsafe(self, "a", 1);
          return how === "later" ? Effect.andThen(Effect.sleep(10), Effect.fail("no")) : Effect.fail("no");
        };
        const starting = yield* Effect.forkChild(Effect.flip(Actor.spawn(Named, { onStart })), { startImmediately: true });
        yield* settled;
        expect(names.count()).toBe(how === "later" ? 1 : 0);
        yield* pass(10);
        yield* Fiber.join(starting);
        expect(kept(names)).toEqual(nothing);
      }),
    );
  }

  it.effect("makes way for the next incarnation: the name is found again after a restart, and between the two it is not", () =>
    Effect.gen(function* () {
      const names = uniqueNames();
      const spec = ChildSpec.make(Named, { onStart: (self: NamedRef) => names.register(self, "a", self.incarnation) }, { id: "a" });
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 10 });
      const between: Array<number> = [];
      yield* Event.subscribe((event) => void (event._tag === "Exited" && between.push(names.count())));
      for (let incarnation = 2; incarnation < 5; incarnation++) {
        names.whereis("a")!.cast("Die");
        yield* settled;
        expect(names.lookup("a")).toEqual([{ key: "a", ref: supervisor.ref(spec), value: incarnation }]);
      }
      expect(between).toEqual([0, 0, 0]);
      yield* supervisor.stop;
      expect(kept(names)).toEqual(nothing);
    }).pipe(quiet),
  );
});

describe("unregister and updateValue", () => {
  it.effect("are the holder's alone", () =>
    Effect.gen(function* () {
      const names = uniqueNames();
      const [holder, other] = [yield* spawn("holder"), yield* spawn("other")];
      yield* names.register(holder, "key", 1);
      expect(names.unregister(other, "key")).toBe(0);
      expect(names.updateValue(other, "key", () => 2)).toBeUndefined();
      const before = names.lookup("key");
      expect(names.updateValue(holder, "key", (value) => value + 1)).toEqual({ value: 2, previous: 1 });
      expect([before[0]?.value, names.values(holder, "key")]).toEqual([1, [2]]);
      expect([names.unregister(holder, "key"), names.unregister(holder, "key"), kept(names)]).toEqual([1, 0, nothing]);
    }),
  );

  it.effect("an update that throws, or takes the entry away, changes nothing more", () =>
    Effect.gen(function* () {
      const names = uniqueNames();
      const ref = yield* spawn();
      yield* names.register(ref, "key", 1);
      const fails = () => {
        throw new Error("no");
      };
      expect(() => names.updateValue(ref, "key", fails)).toThrow("no");
      expect(names.values(ref, "key")).toEqual([1]);
      expect(names.updateValue(ref, "key", (value) => value + names.unregister(ref, "key"))).toBeUndefined();
      expect(kept(names)).toEqual(nothing);
    }),
  );
});

describe("via", () => {
  it.effect("sends to the holder of that moment, and says that there is none", () =>
    Effect.gen(function* () {
      const names = Registry.make<string, void, NamedRpcs>({ keys: "unique" });
      const via = names.via("a");
      via.cast("Hear", { text: "nobody" });
      expect(yield* Effect.flip(via.call("Heard"))).toEqual(new ActorDown({ path: ["a"], reason: ExitReason.noProc }));
      for (const id of ["first", "second"]) {
        const ref = yield* spawn(id);
        yield* names.register(ref, "a");
        via.cast("Hear", { text: id });
        yield* via.call("Hear", { text: "called" });
        expect(yield* via.call("Heard", undefined, { timeout: 10 })).toEqual([id, "called"]);
        yield* Actor.stop(ref);
      }
    }),
  );
});

describe("meta", () => {
  it("is kept until it is replaced or taken away", () => {
    const names = Registry.make<string>({ keys: "unique" });
    names.putMeta("owner", "ada");
    const found = [names.meta("owner"), names.meta("toString")];
    names.putMeta("owner", undefined);
    expect([...found, names.meta("owner")]).toEqual(["ada", undefined, undefined]);
  });
});

it("types: an actor of another protocol is found, but cannot be sent to", () => {
  const any = Registry.make<string>({ keys: "unique" });
  // @ts-expect-error the registry does not say what its actors understand
  any.whereis("a")?.cast("Die");
  // @ts-expect-error duplicate keys have no one holder
  expect(duplicates().whereis).toBeDefined();
  expect(namedProtocol.requests.size).toBe(5);
});
