/** A supervisor as a layer and as an effect. */
import { describe, expect, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, CrashReport, ExitReason, Shutdown, Supervisor } from "../../src/actor/index.ts";
import { failsAfter, pass, quiet, Script, settled, worker, type WorkerRef } from "./actors.ts";

class Name extends Context.Service<Name, string>()("test/Name") {}
class App extends Context.Service<App, Supervisor.SupervisorRef>()("test/App") {}

const Namer = Actor.make({
  name: "namer",
  protocol: RpcGroup.make(Rpc.make("Name", { success: Schema.String })),
  init: () => Name,
  handlers: { Name: (name) => Actor.reply(name, name) },
});
const namer = ChildSpec.make(Namer, undefined, { id: "namer" });

const nameLayer = (log: Array<string>) =>
  Layer.effect(
    Name,
    Effect.acquireRelease(Effect.succeed("ada"), () => Effect.sync(() => void log.push("name released"))),
  );

describe("Supervisor.layer", () => {
  it.effect("is a service whose actors have theirs from layers; it is stopped before these are released", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const live = Supervisor.layer(App, { id: "app", children: [namer, worker("a", {}, new Script(log))] }).pipe(
        Layer.provide(nameLayer(log)),
      );
      const name = yield* App.use((app) => app.ref(namer).call("Name")).pipe(Effect.provide(live));
      expect(name).toBe("ada");
      expect(log).toEqual(["+a", "-a shutdown", "name released"]);
    }),
  );

  it.effect("fails to build with the path of the child that does not start", () =>
    Effect.gen(function* () {
      const live = Supervisor.layer(App, { id: "app", children: [worker("bad", {}, failsAfter(0))] });
      const error = yield* Effect.flip(Effect.provide(App, live));
      expect(error.message).toBe("app/bad did not start: Error: start 1");
    }),
  );

  it("works in a ManagedRuntime, and is stopped when that is disposed", async () => {
    const log: Array<string> = [];
    const live = Supervisor.layer(App, { children: [namer, worker("a", {}, new Script(log))] }).pipe(Layer.provide(nameLayer(log)));
    const runtime = ManagedRuntime.make(live);
    const app = await runtime.runPromise(App);
    expect(await runtime.runPromise(App.use((again) => Effect.succeed(again === app)))).toBe(true);
    expect(await runtime.runPromise(app.ref(namer).call("Name"))).toBe("ada");
    await runtime.dispose();
    expect(app.alive).toBe(false);
    expect(log).toEqual(["+a", "-a shutdown", "name released"]);
  });
});

/** A child that ends as it is told. */
const significant = { restart: "temporary", significant: true } as const;

describe("Supervisor.run", () => {
  it.effect("goes on as long as the tree, and to interrupt it stops the tree in reverse order", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = new Script(log);
      slow.onTerminate = () => Effect.sleep(100);
      const running = Effect.runForkWith(yield* Effect.context<never>())(
        Supervisor.run({ children: [worker("a", {}, new Script(log)), worker("b", {}, slow)] }),
      );
      yield* pass(1000);
      expect(running.pollUnsafe()).toBeUndefined();
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(running), { startImmediately: true });
      yield* pass(99);
      expect(running.pollUnsafe()).toBeUndefined();
      yield* pass(1);
      yield* Fiber.join(interrupting);
      expect(log).toEqual(["+a", "+b", "-b shutdown", "-a shutdown"]);
    }),
  );

  it.effect("succeeds when the tree has done its work or was stopped, and fails when it gave up or was killed", () =>
    Effect.gen(function* () {
      const run = (options: Supervisor.Options<never>, end: (app: Supervisor.SupervisorRef) => Effect.Effect<unknown, unknown>) =>
        Supervisor.run({ id: "app", ...options }, (app) => Effect.forkDetach(Effect.andThen(settled, end(app)))).pipe(
          Effect.map(ExitReason.format),
          Effect.catchTag("ActorDown", ({ message }) => Effect.succeed(message)),
        );
      const cast = (tag: "Die" | "Finish") => (app: Supervisor.SupervisorRef) =>
        Effect.map(app.whichChild("a"), ({ ref }) => (ref as WorkerRef).cast(tag));
      expect(yield* run({ autoShutdown: "any_significant", children: [worker("a", significant)] }, cast("Finish"))).toBe("shutdown");
      expect(yield* run({ children: [worker("a")] }, (app) => app.stop)).toBe("shutdown");
      expect(yield* run({ children: [worker("a")] }, (app) => app.kill)).toBe("app is down: killed");
      expect(yield* run({ intensity: 0, children: [worker("a")] }, cast("Die"))).toContain(
        "app is down: shutdown: more than 0 restarts in 5 s",
      );
    }).pipe(quiet),
  );

  it.effect("a tree that ends at once is not missed", () =>
    Effect.gen(function* () {
      const at = Actor.make({
        name: "at",
        protocol: RpcGroup.make(Rpc.make("End")),
        init: (_: void, { self }) => {
          self.cast("End");
        },
        handlers: { End: () => Actor.exit() },
      });
      const children = [ChildSpec.make(at, undefined, { id: "at", ...significant })];
      const late = Effect.forEach(Array.from({ length: 20 }), () => settled, { discard: true });
      expect(yield* Supervisor.run({ autoShutdown: "any_significant", children }, () => late)).toEqual(ExitReason.shutdown);
    }),
  );

  it.effect("fails with the StartError, and with what is made once it is up", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const error = yield* Effect.flip(Supervisor.run({ id: "app", children: [worker("bad", {}, failsAfter(0))] }));
      expect(error).toMatchObject({ _tag: "StartError", path: ["app", "bad"] });
      const exit = yield* Effect.exit(Supervisor.run({ children: [worker("a", {}, new Script(log))] }, () => Effect.fail("not ready")));
      expect(exit).toEqual(Exit.fail("not ready"));
      expect(log).toEqual(["+a", "-a shutdown"]);
    }),
  );

  it.effect("goes through the phases of a shutdown when it is interrupted", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = ["a", "b"].map((id) => worker(id, {}, new Script(log)));
      const phases = [{ name: "first", children: ["a"], tasks: { flush: Effect.sync(() => void log.push("flushed")) } }];
      const running = yield* Effect.forkChild(
        Supervisor.run({ children }, (app) => Shutdown.make(app, { phases })),
        { startImmediately: true },
      );
      yield* settled;
      yield* Fiber.interrupt(running);
      expect(log).toEqual(["+a", "+b", "flushed", "-a shutdown", "-b shutdown"]);
    }),
  );

  it.effect("its actors have the services of who runs it", () =>
    Effect.gen(function* () {
      const names: Array<string> = [];
      const reports: Array<string> = [];
      const tree = Supervisor.run({ children: [namer] }, (app) =>
        Effect.andThen(
          Effect.map(app.ref(namer).call("Name"), (name) => void names.push(name)),
          app.stop,
        ),
      );
      yield* tree.pipe(
        Effect.provideService(Name, "joe"),
        Effect.provideService(CrashReport.Reporter, ({ reason }) => Effect.sync(() => void reports.push(ExitReason.format(reason)))),
      );
      expect([names, reports]).toEqual([["joe"], []]);
    }),
  );
});
