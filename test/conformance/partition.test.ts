/** Elixir's own cases of PartitionSupervisor, under their names, and what it promises beside them. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as fc from "fast-check";
import {
  Actor,
  type ActorDown,
  ChildSpec,
  DynamicSupervisor,
  type ExitReason,
  PartitionSupervisor,
  Supervisor,
} from "../../src/actor/index.ts";
import { partitionOf } from "../../src/actor/internal/partitions.ts";
import { failsAfter, quiet, Script, settled, Worker, worker } from "../actor/actors.ts";
import { replays } from "./elixir.ts";

const noVia = "names are of registries; a supervisor is known by its ref, whatever it was registered under";

const title = replays(
  [
    "child_spec/1 uses the atom name as id",
    "child_spec/1 uses the via value as id",
    "start_link/1 on success with atom name",
    "start_link/1 on success with via name",
    "start_link/1 with_arguments",
    "start_link/1 raises without name",
    "start_link/1 raises without child_spec",
    "start_link/1 raises on bad partitions",
    "start_link/1 raises on bad with_arguments",
    "start_link/1 raises with bad auto_shutdown",
    "stop/1 is synchronous",
    "partitions/1 raises noproc for unknown atom partition supervisor",
    "partitions/1 raises noproc for unknown via partition supervisor",
    "resize!/1 resizes the number of children",
    "resize!/1 raises on lookup after resizing",
    "resize!/1 raises if trying to increase the number of partitions",
    "which_children/1 returns all partitions",
    "which_children/1 raises noproc for unknown atom partition supervisor",
    "which_children/1 raises noproc for unknown via partition supervisor",
    "count_children/1 with workers",
    "count_children/1 with supervisors",
    "count_children/1 raises noproc for unknown partition supervisor",
  ],
  {
    "child_spec/1 uses the via value as id": noVia,
    "start_link/1 on success with via name": noVia,
    "start_link/1 raises without name": "no name is needed: the start gives a ref, and a child has an id, which the types ask for",
    "partitions/1 raises noproc for unknown via partition supervisor": noVia,
    "which_children/1 raises noproc for unknown via partition supervisor": noVia,
  },
);

/** Elixir's Agent: it has what it was started with. */
const Agent = Actor.make({
  name: "agent",
  protocol: RpcGroup.make(Rpc.make("Get", { success: Schema.Unknown }), Rpc.make("Die")),
  init: (value: unknown) => value,
  handlers: {
    Get: (value) => Actor.reply(value, value),
    Die: () => {
      throw new Error("died");
    },
  },
});
const agent = (value: unknown) => ChildSpec.make(Agent, value, { id: "agent" });
const agents = (partitions: number) => PartitionSupervisor.start({ id: "agents", partitions, child: agent });

const problem = (options: unknown): Effect.Effect<string> =>
  Effect.map(Effect.flip(Effect.scoped(PartitionSupervisor.start(options as PartitionSupervisor.Options<Rpc.Any, never>))), ({ message }) =>
    message.replace("partitions did not start: ", ""),
  ).pipe(Effect.orDie);

const reason = (effect: Effect.Effect<unknown, ActorDown>): Effect.Effect<ExitReason.ExitReason["_tag"]> =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag).pipe(Effect.orDie);

describe("Elixir: PartitionSupervisor", () => {
  it.effect(title("child_spec/1 uses the atom name as id"), () =>
    Effect.gen(function* () {
      const spec = PartitionSupervisor.child({ id: "foo", partitions: 2, child: agent });
      expect([spec.id, spec.type, spec.restart, spec.shutdown]).toEqual(["foo", "supervisor", "permanent", "infinity"]);
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const running = PartitionSupervisor.of(supervisor.ref(spec), spec);
      expect(yield* running.of(1).call("Get")).toBe(1);
      expect((yield* supervisor.whichChild("foo")).type).toBe("supervisor");
    }),
  );

  it.effect(title("start_link/1 on success with atom name"), () =>
    Effect.gen(function* () {
      const sessions = DynamicSupervisor.child(Agent, { id: "sessions" });
      const supervisor = yield* PartitionSupervisor.start({ child: () => sessions });
      const { navigator } = globalThis as unknown as { readonly navigator: { readonly hardwareConcurrency: number } };
      expect(supervisor.partitions).toBe(navigator.hardwareConcurrency);
      const keys = Array.from({ length: 100 }, (_, i) => ({ user: `${i}` }));
      for (const key of keys) yield* DynamicSupervisor.of(supervisor.of(key), sessions).startChild(key);
      const found: Array<unknown> = [];
      for (const { ref } of yield* supervisor.whichChildren) {
        const children = yield* DynamicSupervisor.of(ref, sessions).children;
        for (const child of children) found.push(yield* child.call("Get"));
        expect(children.length).toBeGreaterThan(0);
      }
      expect(new Set(found)).toEqual(new Set(keys));
      expect(found).toHaveLength(100);
    }),
  );

  it.effect(title("start_link/1 with_arguments"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(3);
      expect(supervisor.partitions).toBe(3);
      const values = yield* Effect.forEach([0, 1, 2, 3, -1], (key) => supervisor.of(key).call("Get"));
      expect(values).toEqual([0, 1, 2, 0, 1]);
    }),
  );

  it.effect(title("start_link/1 raises without child_spec"), () =>
    Effect.gen(function* () {
      expect(yield* problem({})).toBe("child is no function that gives the child of a partition");
    }),
  );

  it.effect(title("start_link/1 raises on bad partitions"), () =>
    Effect.gen(function* () {
      expect(yield* problem({ child: agent, partitions: 0 })).toBe("partitions is 0: it has to be a whole number from 1 on");
      expect(yield* problem({ child: agent, partitions: 1.5 })).toBe("partitions is 1.5: it has to be a whole number from 1 on");
      const spec = PartitionSupervisor.child({ id: "foo", child: agent, partitions: 0 });
      expect(Supervisor.check({ children: [spec] }).map(({ path }) => path)).toEqual([["root", "foo"]]);
    }),
  );

  it.effect(title("start_link/1 raises on bad with_arguments"), () =>
    Effect.gen(function* () {
      expect(yield* problem({ child: agent(1) })).toBe("child is no function that gives the child of a partition");
      expect(yield* problem({ child: () => 123 })).toContain("a child is no spec");
    }),
  );

  it.effect(title("start_link/1 raises with bad auto_shutdown"), () =>
    Effect.gen(function* () {
      expect(yield* problem({ child: agent, autoShutdown: "any_significant" })).toBe("autoShutdown is not for partitions: they are alike");
      const never = { child: agent, autoShutdown: "never" };
      expect((yield* PartitionSupervisor.start(never)).alive).toBe(true);
    }),
  );

  it.effect(title("stop/1 is synchronous"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(4);
      const refs = [0, 1, 2, 3].map((key) => supervisor.of(key));
      yield* supervisor.stop;
      expect([supervisor.alive, ...refs.map(({ alive }) => alive)]).toEqual([false, false, false, false, false]);
    }),
  );

  it.effect(title("partitions/1 raises noproc for unknown atom partition supervisor"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(2);
      yield* supervisor.stop;
      expect(yield* reason(supervisor.of(1).call("Get") as Effect.Effect<unknown, ActorDown>)).toBe("NoProc");
      expect(yield* reason(supervisor.resize(1) as Effect.Effect<unknown, ActorDown>)).toBe("NoProc");
    }),
  );

  it.effect(title("resize!/1 resizes the number of children"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(8);
      const states = Effect.map(supervisor.whichChildren, (all) => all.map(({ state }) => (state === "up" ? 1 : 0)).join(""));
      for (const partitions of [8, 5, 0, 3, 8, 1]) {
        yield* supervisor.resize(partitions);
        expect(supervisor.partitions).toBe(partitions);
        expect(yield* states).toBe("1".repeat(partitions) + "0".repeat(8 - partitions));
        expect(yield* supervisor.countChildren).toEqual({ specs: 8, active: partitions, supervisors: 0, workers: 8 });
        const keys = partitions === 0 ? [] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        for (const key of keys) expect(yield* supervisor.of(key).call("Get")).toBe(key % partitions);
      }
    }),
  );

  it.effect(title("resize!/1 raises on lookup after resizing"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(2);
      yield* supervisor.resize(0);
      expect(() => supervisor.of("ada")).toThrow("agents has no partition in use");
      yield* supervisor.resize(1);
      expect(yield* supervisor.of("ada").call("Get")).toBe(0);
    }),
  );

  it.effect(title("resize!/1 raises if trying to increase the number of partitions"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(2);
      for (const partitions of [3, -1, 0.5]) {
        expect((yield* Effect.flip(supervisor.resize(partitions))).message).toBe(`agents cannot have ${partitions} partitions: 0 to 2`);
      }
      expect(supervisor.partitions).toBe(2);
    }),
  );

  it.effect(title("which_children/1 returns all partitions"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(4);
      const children = yield* supervisor.whichChildren;
      expect(children.map(({ id, type }) => `${id} ${type}`)).toEqual(["0 worker", "1 worker", "2 worker", "3 worker"]);
      for (const [i, { ref }] of children.entries()) expect(supervisor.of(i)).toBe(ref);
    }),
  );

  it.effect(title("which_children/1 raises noproc for unknown atom partition supervisor"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(2);
      yield* supervisor.stop;
      expect(yield* reason(supervisor.whichChildren)).toBe("NoProc");
    }),
  );

  it.effect(title("count_children/1 with workers"), () =>
    Effect.gen(function* () {
      expect(yield* (yield* agents(5)).countChildren).toEqual({ active: 5, specs: 5, supervisors: 0, workers: 5 });
    }),
  );

  it.effect(title("count_children/1 with supervisors"), () =>
    Effect.gen(function* () {
      const sessions = DynamicSupervisor.child(Agent, { id: "sessions" });
      const supervisor = yield* PartitionSupervisor.start({ partitions: 5, child: () => sessions });
      expect(yield* supervisor.countChildren).toEqual({ active: 5, specs: 5, supervisors: 5, workers: 0 });
    }),
  );

  it.effect(title("count_children/1 raises noproc for unknown partition supervisor"), () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(2);
      yield* supervisor.stop;
      expect(yield* reason(supervisor.countChildren)).toBe("NoProc");
    }),
  );
});

describe("a partition supervisor", () => {
  it("sends equal keys to one partition, and uses all of them", () => {
    const keys = fc.oneof(
      fc.integer(),
      fc.bigInt(),
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.record({ a: fc.string(), b: fc.nat() }),
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 50 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(structuredClone(key), partitions)).toBe(partition);
        if (typeof key === "bigint") expect(partition).toBe(Number((key < 0n ? -key : key) % BigInt(partitions)));
      }),
    );
    const used = new Set(Array.from({ length: 1000 }, (_, i) => partitionOf(`user-${i}`, 16)));
    expect(used.size).toBe(16);
  });

  it.effect("restarts a failed partition alone, under the address that it had", () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(3);
      const ref = supervisor.of(1);
      ref.cast("Die");
      expect(yield* ref.call("Get")).toBe(1);
      expect([0, 1, 2].map((key) => supervisor.of(key).incarnation)).toEqual([1, 2, 1]);
      expect(supervisor.of(1)).toBe(ref);
    }).pipe(quiet),
  );

  it.effect("uses all partitions again after a restart of its own", () =>
    Effect.gen(function* () {
      const spec = PartitionSupervisor.child({ id: "agents", partitions: 3, child: agent });
      const app = yield* Supervisor.start({ children: [spec] });
      const supervisor = PartitionSupervisor.of(app.ref(spec), spec);
      yield* supervisor.resize(1);
      yield* supervisor.kill;
      yield* settled;
      expect([supervisor.incarnation, supervisor.partitions]).toEqual([2, 3]);
      expect(yield* supervisor.of(2).call("Get")).toBe(2);
    }).pipe(quiet),
  );

  it.effect("a partition that does not start ends the resize, and those before it are in use", () =>
    Effect.gen(function* () {
      const supervisor = yield* PartitionSupervisor.start({
        id: "p",
        partitions: 3,
        child: (i) => worker("w", {}, i === 1 ? failsAfter(1) : new Script()),
      });
      yield* supervisor.resize(0);
      const error = yield* Effect.flip(supervisor.resize(3));
      expect(error.message).toBe("p/1 did not start: Error: start 2");
      expect(supervisor.partitions).toBe(1);
    }),
  );

  it.effect("resizes that are asked for at once are done one after the other", () =>
    Effect.gen(function* () {
      const supervisor = yield* agents(4);
      yield* Effect.all([supervisor.resize(1), supervisor.resize(4), supervisor.resize(2), supervisor.resize(3)], {
        concurrency: "unbounded",
      });
      expect(supervisor.partitions).toBe(3);
      expect((yield* supervisor.countChildren).active).toBe(3);
    }),
  );

  it.effect("is not what is at the address of something else", () =>
    Effect.gen(function* () {
      const spec = PartitionSupervisor.child({ id: "agents", partitions: 3, child: agent });
      const dynamic = DynamicSupervisor.child(Worker, { id: "agents" });
      const app = yield* Supervisor.start({ id: "app", children: [dynamic] });
      expect(() => PartitionSupervisor.of(app.ref(dynamic), spec)).toThrow("app/agents is not the partition supervisor agents");
    }),
  );
});
