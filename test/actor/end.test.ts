import { describe, expect, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, type CrashReport, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { acquiring, events, pass, quiet, reporting, Script, settled, system, told, until, worker, Worker } from "./actors.ts";

describe("the end of an actor", () => {
  it.effect("releases what it acquired after terminate and before its supervisor hears", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const spec = worker("a", { restart: "transient" }, acquiring(log));
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const seen = yield* events;
      supervisor.ref(spec).cast("Finish");
      yield* until(() => seen.length > 0);
      expect(log).toEqual(["acquired 1", "+a", "-a normal", "released 1"]);
      expect(seen).toEqual(["Exited root/a"]);
    }),
  );

  it.effect("releases what it acquired on a kill as well, without terminate", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const ref = yield* Actor.spawn(Worker, acquiring(log));
      yield* Actor.kill(ref);
      expect(log).toEqual(["acquired 1", "+worker", "released 1"]);
    }),
  );

  it.effect("gives terminate the reason: of an exit, a crash and a stop", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      for (const end of ["Finish", "Die", "stop"] as const) {
        const ref = yield* Actor.spawn(Worker, new Script(log));
        if (end === "stop") yield* Actor.stop(ref);
        else ref.cast(end);
        yield* Actor.awaitExit(ref);
      }
      expect(log.filter((line) => line.startsWith("-"))).toEqual(["-worker normal", "-worker Error: died", "-worker shutdown"]);
    }).pipe(quiet),
  );

  it.effect("by a stop interrupts a running handler, then runs terminate", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const ref = yield* Actor.spawn(Worker, new Script(log));
      ref.cast("Block");
      yield* settled;
      yield* Actor.stop(ref);
      expect(log).toEqual(["+worker", "-worker shutdown"]);
    }),
  );

  it.effect("by a stop waits for an effect of terminate", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onTerminate = () => Effect.sleep(300);
      const ref = yield* Actor.spawn(Worker, script);
      const stopping = yield* Effect.forkChild(Actor.stop(ref), { startImmediately: true });
      yield* pass(299);
      expect([ref.alive, stopping.pollUnsafe()]).toEqual([true, undefined]);
      yield* pass(1);
      expect([ref.alive, stopping.pollUnsafe() === undefined]).toEqual([false, false]);
    }),
  );

  it.effect("is forced when terminate hangs beyond the deadline, and the scope is released", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const script = acquiring(log);
      script.onTerminate = () => Effect.never;
      const scope = yield* Scope.make();
      yield* Scope.provide(Actor.spawn(Worker, script), scope);
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true });
      yield* pass(4999);
      expect(closing.pollUnsafe()).toBe(undefined);
      yield* pass(1);
      yield* Fiber.join(closing);
      expect(log.at(-1)).toBe("released 1");
      expect((yield* system).timers.size).toBe(0);
    }),
  );

  it.effect("waits for what is being released, even when it is killed meanwhile, and comes once", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onStart = () => Effect.addFinalizer(() => Effect.sleep(1000));
      const spec = worker("a", { shutdown: 100, restart: "temporary" }, script);
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      const seen = yield* events;
      const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true });
      yield* pass(100);
      yield* Effect.forkChild(Actor.kill(ref), { startImmediately: true });
      yield* pass(899);
      expect([ref.alive, end.pollUnsafe()]).toEqual([true, undefined]);
      yield* pass(1);
      expect([ref.alive, yield* Fiber.join(end)]).toEqual([false, ExitReason.killed]);
      expect(seen).toEqual(["Stopping root/a", "Exited root/a"]);
    }),
  );

  it.effect("comes before the release of what the scope had acquired before the actor was spawned", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const scope = yield* Scope.make();
      const resource = (name: string) =>
        Scope.addFinalizer(
          scope,
          Effect.sync(() => void log.push(`released ${name}`)),
        );
      const spawn = (id: string) => Scope.provide(Actor.spawn(Worker, new Script(log), { id }), scope);
      for (const id of ["a", "b"]) yield* spawn(id);
      yield* resource("x");
      for (const id of ["c", "d"]) yield* spawn(id);
      yield* resource("y");
      yield* spawn("e");
      log.length = 0;
      yield* Scope.close(scope, Exit.void);
      const order = ["-e shutdown", "released y", "-d shutdown", "-c shutdown", "released x", "-b shutdown", "-a shutdown"];
      expect(log).toEqual(order);
    }),
  );

  it.effect("with a terminate that fails is a crash", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      for (const fails of [
        () => Effect.die(new Error("last words")),
        () => {
          throw new Error("last words");
        },
      ]) {
        const script = new Script();
        script.onTerminate = fails;
        const ref = yield* Actor.spawn(Worker, script);
        const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
        yield* Actor.stop(ref);
        expect(ExitReason.format(yield* Fiber.join(end))).toBe("Error: last words");
      }
      expect(told(reports)).toEqual(["worker: Error: last words", "worker: Error: last words"]);
    }).pipe(reporting(reports));
  });

  it.effect("comes in reverse order of the spawns when the scope closes", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const scope = yield* Scope.make();
      for (const id of ["a", "b", "c"]) yield* Scope.provide(Actor.spawn(Worker, new Script(log), { id }), scope);
      yield* Scope.close(scope, Exit.void);
      expect(log.slice(3)).toEqual(["-c shutdown", "-b shutdown", "-a shutdown"]);
    }),
  );
});

describe("a crash", () => {
  it.effect("is reported once, of an actor alone and of a supervised one", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const ref = yield* Actor.spawn(Worker, new Script(), { id: "alone" });
      const spec = worker("child");
      const supervisor = yield* Supervisor.start({ children: [spec] });
      ref.cast("Die");
      supervisor.ref(spec).cast("Die");
      yield* settled;
      expect(told(reports)).toEqual(["alone: Error: died", "root/child: Error: died"]);
      expect(reports.map(({ incarnation }) => incarnation)).toEqual([1, 1]);
    }).pipe(reporting(reports));
  });

  it.effect("is not what a stop, a normal end or a shutdown with a word is", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const specs = ["a", "b", "c"].map((id) => worker(id, { restart: "transient" }));
      const supervisor = yield* Supervisor.start({ children: specs });
      supervisor.ref(specs[0]!).cast("Finish");
      supervisor.ref(specs[1]!).cast("Leave", { info: "deploy" });
      yield* supervisor.terminateChild("c");
      yield* settled;
      expect(told(reports)).toEqual([]);
    }).pipe(reporting(reports));
  });
});

class Greeting extends Context.Service<Greeting, { readonly text: string }>()("test/Greeting") {}

it.effect("services of the spawner's context reach init, handlers and terminate", () =>
  Effect.gen(function* () {
    const heard: Array<string> = [];
    const hear = (where: string) => Effect.map(Greeting, ({ text }) => void heard.push(`${where} ${text}`));
    const Greeter = Actor.make({
      name: "greeter",
      protocol: RpcGroup.make(Rpc.make("Greet", { success: Schema.String })),
      init: () => Effect.as(hear("init"), 0),
      handlers: { Greet: (n) => Effect.map(Greeting, ({ text }) => Actor.reply(n, text)) },
      terminate: () => hear("terminate"),
    });
    const spec = ChildSpec.make(Greeter, undefined, { id: "greeter" });
    const supervisor = yield* Effect.provideService(Supervisor.start({ children: [spec] }), Greeting, { text: "hello" });
    expect(yield* supervisor.ref(spec).call("Greet")).toBe("hello");
    yield* supervisor.stop;
    expect(heard).toEqual(["init hello", "terminate hello"]);
  }),
);
