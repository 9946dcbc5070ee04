/** Trees for programs without Effect: promises, abort signals and `await using`. On the real clock: nothing here waits for time to pass. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { describe, expect, expectTypeOf, it } from "vitest";
import { Actor, ActorDown, type CallError, CallTimeout, ChildSpec, CrashReport, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { acquiring, failsAfter, Script, worker } from "./actors.ts";

class Prefix extends Context.Service<Prefix, string>()("test/Prefix") {}
class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

const Echo = Actor.make({
  name: "echo",
  protocol: RpcGroup.make(
    Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String, error: Refused }),
    Rpc.make("Count", { success: Schema.Number }),
    Rpc.make("Hang", { success: Schema.String }),
    Rpc.make("Crash"),
  ),
  init: () => 0,
  handlers: {
    Say: (n, { text }) =>
      text === "" ? Effect.fail(new Refused({ why: "empty" })) : Effect.map(Prefix, (prefix) => Actor.reply(n + 1, `${prefix}${text}`)),
    Count: (n) => Actor.reply(n, n),
    Hang: () => Effect.never,
    Crash: () => {
      throw new Error("crashed");
    },
  },
});
const echo = ChildSpec.make(Echo, undefined, { id: "echo" });

/** Says when it is built and released, and takes the crash reports of the tree. */
const services = (log: Array<string>) =>
  Layer.mergeAll(
    Layer.effect(
      Prefix,
      Effect.acquireRelease(
        Effect.sync(() => {
          log.push("built");
          return "> ";
        }),
        () => Effect.sync(() => void log.push("released")),
      ),
    ),
    Layer.succeed(CrashReport.Reporter, ({ reason }) => Effect.sync(() => void log.push(ExitReason.format(reason)))),
  );

const silent = Layer.succeed(CrashReport.Reporter, () => Effect.void);

const rejection = (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved with ${String(value)}`)),
    (error: Record<string, unknown>) => error,
  );

describe("Supervisor.launch", () => {
  it("gives a tree whose actors are called, and that is stopped at the end of its block, before its services", async () => {
    const log: Array<string> = [];
    let outside: Supervisor.Launched<Prefix>;
    {
      await using app = await Supervisor.launch(
        { id: "app", children: [echo, worker("a", {}, new Script(log))] },
        { layer: services(log) },
      );
      outside = app;
      const ref = app.actor(echo);
      const said = ref.call("Say", { text: "hello" });
      expectTypeOf(said).toEqualTypeOf<Promise<string>>();
      expect(await said).toBe("> hello");
      ref.cast("Say", { text: "again" });
      await ref.send("Say", { text: "and again" });
      expect(await ref.call("Count", undefined, { timeout: "infinity" })).toBe(3);
      expect([app.id, app.path, app.alive, ref.alive]).toEqual(["app", ["app"], true, true]);
      expect(await app.run(Prefix)).toBe("> ");
    }
    expect(log).toEqual(["built", "+a", "-a shutdown", "released"]);
    expect(outside.alive).toBe(false);
    expect(await outside.ended).toEqual(ExitReason.shutdown);
    await outside.stop();
    expect((await rejection(outside.whichChildren())) instanceof ActorDown).toBe(true);
  });

  it("rejects with the typed errors: of the protocol, of the call, of the operations", async () => {
    await using app = await Supervisor.launch({ id: "app", children: [echo] }, { layer: services([]) });
    const ref = app.actor(echo);
    const refused = await rejection(ref.call("Say", { text: "" }));
    expect(refused).toBeInstanceOf(Refused);
    expect(refused["why"]).toBe("empty");
    expect(await rejection(ref.call("Crash"))).toBeInstanceOf(ActorDown);
    expect(await rejection(ref.call("Hang", undefined, { timeout: 1 }))).toBeInstanceOf(CallTimeout);
    expect(await rejection(app.startChild(echo))).toMatchObject({ _tag: "ChildPresent" });
    expect(await rejection(app.terminateChild("z"))).toMatchObject({ _tag: "ChildNotFound", path: ["app", "z"] });
    expect(await rejection(app.deleteChild("echo"))).toMatchObject({ _tag: "ChildNotDown" });
    expectTypeOf<CallError>().not.toBeAny();
  });

  it("has the operations of a supervisor", async () => {
    await using app = await Supervisor.launch({ id: "app", children: [echo] }, { layer: services([]) });
    const added = await app.startChild(ChildSpec.make(Echo, undefined, { id: "two" }));
    expect(await added.call("Count")).toBe(0);
    expect((await app.whichChildren()).map(({ id, state }) => `${id} ${state}`)).toEqual(["echo up", "two up"]);
    await app.terminateChild("two");
    expect(await app.countChildren()).toMatchObject({ specs: 2, active: 1 });
    expect((await app.restartChild("two")).ref.path).toEqual(["app", "two"]);
    await app.terminateChild("two");
    await app.deleteChild("two");
    expect(await app.countChildren()).toMatchObject({ specs: 1, active: 1 });
  });

  it("rejects when the start fails, or a service does, and nothing is left", async () => {
    const log: Array<string> = [];
    const children = [worker("a", {}, acquiring(log)), worker("bad", {}, failsAfter(0))];
    const error = await rejection(Supervisor.launch({ id: "app", children }, { layer: services(log) }));
    expect(error).toMatchObject({ _tag: "StartError", path: ["app", "bad"] });
    expect(log).toEqual(["built", "acquired 1", "+a", "-a shutdown", "released 1", "released"]);
    const broken = Layer.effect(Prefix, Effect.fail(new Refused({ why: "no config" })));
    expect(await rejection(Supervisor.launch({ children: [echo] }, { layer: broken }))).toBeInstanceOf(Refused);
  });

  it("an abort gives up a start that is under way, and what had started is stopped", async () => {
    const log: Array<string> = [];
    const hangs = new Script(log);
    const controller = new AbortController();
    hangs.onStart = () =>
      Effect.andThen(
        Effect.sync(() => controller.abort(new Error("too slow"))),
        Effect.never,
      );
    const { signal } = controller;
    const error = await rejection(Supervisor.launch({ children: [worker("a", {}, new Script(log)), worker("b", {}, hangs)] }, { signal }));
    expect(error).toBe(signal.reason);
    expect(log).toEqual(["+a", "-a shutdown"]);
    expect(await rejection(Supervisor.launch({ children: [worker("a", {}, new Script(log))] }, { signal }))).toBe(signal.reason);
    expect(log).toHaveLength(2);
  });

  it("an abort stops a tree that runs, and cuts off a call", async () => {
    const log: Array<string> = [];
    const controller = new AbortController();
    const app = await Supervisor.launch({ children: [echo] }, { signal: controller.signal, layer: services(log) });
    const one = new AbortController();
    const hanging = rejection(app.actor(echo).call("Hang", undefined, { signal: one.signal, timeout: "infinity" }));
    one.abort();
    expect(await hanging).toBe(one.signal.reason);
    controller.abort();
    expect(await app.ended).toEqual(ExitReason.shutdown);
    expect(log).toEqual(["built", "released"]);
  });

  it("an abort in the same moment as the end of the start stops the tree all the same", async () => {
    const controller = new AbortController();
    const script = new Script();
    script.onStart = () => Effect.sync(() => controller.abort());
    const outcome = await Supervisor.launch({ children: [worker("a", {}, script)] }, { signal: controller.signal }).then(
      async (app) => {
        await app.ended;
        return app.alive;
      },
      () => false,
    );
    expect(outcome).toBe(false);
  });

  it("a tree that gives up releases its services, and says why it ended", async () => {
    const log: Array<string> = [];
    const app = await Supervisor.launch({ id: "app", intensity: 0, children: [echo] }, { layer: services(log) });
    app.actor(echo).cast("Crash");
    const reason = await app.ended;
    expect(ExitReason.format(reason)).toContain("more than 0 restarts in 5 s, the last of app/echo");
    expect(log.at(-1)).toBe("released");
    await app[Symbol.asyncDispose]();
  });

  it("a tree that has ended before anybody could look is told as that", async () => {
    const ends = ChildSpec.make(
      Actor.make({
        name: "ends",
        protocol: RpcGroup.make(Rpc.make("End")),
        init: (_: void, { self }) => {
          self.cast("End");
        },
        handlers: { End: () => Actor.exit() },
      }),
      undefined,
      { id: "ends", restart: "temporary", significant: true },
    );
    const app = await Supervisor.launch({ autoShutdown: "any_significant", children: [ends] });
    expect(await app.ended).toEqual(ExitReason.shutdown);
  });

  it("tells what happens as an async iterable, which ends with the tree or when it is left", async () => {
    const app = await Supervisor.launch({ id: "events-of-this", children: [worker("a")] }, { layer: silent });
    const other = await Supervisor.launch({ id: "other", children: [worker("b")] });
    const events = app.events();
    const left = app.events();
    app.actor(worker("a")).cast("Die");
    for await (const { _tag } of left) {
      expect(_tag).toBe("Exited");
      break;
    }
    await other.stop();
    const seen: Array<string> = [];
    for await (const { _tag, path } of events) {
      seen.push(`${_tag} ${path.join("/")}`);
      if (_tag === "Started") void app.stop();
    }
    const a = "events-of-this/a";
    expect(seen).toEqual([`Exited ${a}`, `Restarting ${a}`, `Started ${a}`, `Stopping ${a}`, `Exited ${a}`]);
    expect((await left.next()).done).toBe(true);
    expect((await app.events().next()).done).toBe(true);
  });

  it("kills all of it at once", async () => {
    const log: Array<string> = [];
    const app = await Supervisor.launch({ children: [worker("a", {}, new Script(log))] }, { layer: services(log) });
    await app.kill();
    expect(log).toEqual(["built", "+a", "released"]);
    expect(await app.ended).toEqual(ExitReason.killed);
  });

  it("a finalizer that fails is the rejection of a stop and is logged; the end itself never rejects", async () => {
    const logged: Array<unknown> = [];
    const logger = Logger.layer([Logger.make(({ message }) => void logged.push(message))]);
    const bad = Layer.effect(
      Prefix,
      Effect.acquireRelease(Effect.succeed(""), () => Effect.die(new Error("cannot close"))),
    );
    const app = await Supervisor.launch({ id: "app", children: [echo] }, { layer: Layer.merge(bad, logger) });
    expect((await rejection(app.stop()))["message"]).toBe("cannot close");
    expect(await app.ended).toEqual(ExitReason.shutdown);
    expect(String(logged[0])).toContain("the end of app failed");
  });

  it("asks for a layer where children need services", () => {
    // @ts-expect-error: the service is missing
    const missing = (): unknown => Supervisor.launch({ children: [echo] });
    // @ts-expect-error: the layer gives something else
    const other = (): unknown => Supervisor.launch({ children: [echo] }, { layer: silent });
    expect([missing, other]).toHaveLength(2);
  });
});
