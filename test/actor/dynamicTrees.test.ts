/** Dynamic supervisors whose children are supervisors. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Actor, DynamicSupervisor, Supervisor } from "../../src/actor/index.ts";
import { counts, failsAfter, quiet, Script, settled, states, worker, type WorkerRef, Worker } from "./actors.ts";

const tenants = (log: Array<string>) =>
  Supervisor.template("tenant", (name: string) => ({
    strategy: "one_for_all",
    intensity: 1,
    children: [
      worker(`${name}-store`, {}, new Script(log)),
      worker(`${name}-api`, {}, name === "bad" ? failsAfter(0, log) : new Script(log)),
    ],
  }));

describe("a dynamic supervisor of supervisors", () => {
  it.effect("starts a tree for each arguments, counts them as supervisors, and stops each in its order", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dynamic = yield* DynamicSupervisor.start(tenants(log), { id: "tenants", maxChildren: 2 });
      const acme = Supervisor.of(yield* dynamic.startChild("acme"));
      const zeta = yield* dynamic.startChild("zeta");
      expect(yield* states(acme)).toBe("acme-store up, acme-api up");
      expect((yield* Supervisor.of(zeta).whichChildren).map(({ ref }) => ref.path.join("/"))).toEqual([
        "tenants/tenant/zeta-store",
        "tenants/tenant/zeta-api",
      ]);
      expect((yield* dynamic.whichChildren).map(({ state, type }) => `${type} ${state}`)).toEqual(["supervisor up", "supervisor up"]);
      expect(yield* counts(dynamic as never)).toEqual([1, 2, 2, 0]);
      expect((yield* dynamic.getChildSpec(zeta)).shutdown).toBe("infinity");
      expect((yield* Effect.flip(dynamic.startChild("more")))._tag).toBe("MaxChildren");
      log.length = 0;
      yield* dynamic.terminateChild(zeta);
      expect(log).toEqual(["-zeta-api shutdown", "-zeta-store shutdown"]);
      yield* dynamic.stop;
      expect(log.slice(2)).toEqual(["-acme-api shutdown", "-acme-store shutdown"]);
    }),
  );

  it.effect("names the child of a tree that does not start, and keeps nothing of it", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dynamic = yield* DynamicSupervisor.start(tenants(log), { id: "tenants" });
      const error = yield* Effect.flip(dynamic.startChild("bad"));
      expect(error.message).toBe("tenants/tenant/bad-api did not start: Error: start 1");
      expect(log).toEqual(["+bad-store", "-bad-store shutdown"]);
      expect(yield* counts(dynamic as never)).toEqual([1, 0, 0, 0]);
    }),
  );

  it.effect("restarts a tree that gave up, with its arguments, and refs into it stay good", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dynamic = yield* DynamicSupervisor.start(tenants(log), { intensity: 1 });
      const ref = yield* dynamic.startChild("acme");
      const store: WorkerRef = (yield* Supervisor.of(ref).whichChild("acme-store")).ref;
      store.cast("Die");
      yield* settled;
      store.cast("Die");
      yield* settled;
      expect([ref.incarnation, yield* store.call("Incarnation")]).toEqual([2, 3]);
      expect(yield* states(Supervisor.of(ref))).toBe("acme-store up, acme-api up");
    }).pipe(quiet),
  );

  it.effect("takes another template while it runs: a tree uses it from its next start on", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dynamic = yield* DynamicSupervisor.start(tenants(log), { intensity: "infinity" });
      const ref = yield* dynamic.startChild("acme");
      yield* dynamic.reconfigure(
        Supervisor.template("tenant", (name: string) => ({ children: [worker(`new-${name}`, {}, new Script(log))] })),
        { intensity: "infinity" },
      );
      expect(yield* states(Supervisor.of(ref))).toBe("acme-store up, acme-api up");
      yield* Actor.kill(ref);
      yield* settled;
      expect(yield* states(Supervisor.of(ref))).toBe("new-acme up");
    }).pipe(quiet),
  );

  it.effect("may be a child itself, and Supervisor.of is for supervisors only", () =>
    Effect.gen(function* () {
      const spec = DynamicSupervisor.child(tenants([]), { id: "tenants" });
      const workers = DynamicSupervisor.child(Worker, { id: "workers" });
      const app = yield* Supervisor.start({ id: "app", children: [spec, workers] });
      const acme = yield* DynamicSupervisor.of(app.ref(spec), spec).startChild("acme");
      expect(acme.path).toEqual(["app", "tenants", "tenant"]);
      expect(() => Supervisor.of(app.ref(workers))).toThrow("app/workers is no supervisor, or a dynamic one");
      const one = yield* DynamicSupervisor.of(app.ref(workers), workers).startChild(new Script());
      expect(() => Supervisor.of(one as never)).toThrow("app/workers/worker is no supervisor, or a dynamic one");
    }),
  );
});
