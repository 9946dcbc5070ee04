import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Event, type Strategy, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, Script, settled, states, worker } from "./actors.ts";

describe("during a restart of a group", () => {
  it.effect("a child that waits for its turn cannot be started or deleted by hand", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = new Script(log);
      slow.onTerminate = () => Effect.sleep(1000);
      const specs = [worker("a", {}, new Script(log)), worker("b", {}, slow), worker("c", {}, new Script(log))] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 10 });
      log.length = 0;
      supervisor.ref(specs[0]).cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a restarting, b stopping, c restarting");
      expect(yield* Effect.flip(supervisor.restartChild("c"))).toMatchObject({ _tag: "ChildNotDown", state: "restarting" });
      expect(yield* Effect.flip(supervisor.deleteChild("c"))).toMatchObject({ _tag: "ChildNotDown", state: "restarting" });
      yield* pass(1000);
      expect(log).toEqual(["-a Error: died", "-c shutdown", "-b shutdown", "+a", "+b", "+c"]);
      slow.onTerminate = () => {};
    }).pipe(quiet),
  );

  it.effect("a child that is terminated stays down, one that is held stays down in the next as well", () =>
    Effect.gen(function* () {
      const specs = [worker("a"), worker("b"), worker("c")] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 10 });
      yield* supervisor.terminateChild("b");
      yield* supervisor.terminateChild("c", { hold: true });
      expect(yield* states(supervisor)).toBe("a up, b down, c down");
      supervisor.ref(specs[0]).cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a up, b up, c down");
      yield* supervisor.restartChild("c");
      supervisor.ref(specs[0]).cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a up, b up, c up");
    }).pipe(quiet),
  );

  it.effect("temporary siblings go, and the order of the others is kept", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const ids = ["a", "t", "b", "u", "c"];
      const specs = ids.map((id) => worker(id, { restart: "tu".includes(id) ? "temporary" : "permanent" }, new Script(log)));
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 10 });
      log.length = 0;
      supervisor.ref(specs[2]!).cast("Die");
      yield* settled;
      expect(log).toEqual(["-b Error: died", "-c shutdown", "-u shutdown", "-t shutdown", "-a shutdown", "+a", "+b", "+c"]);
      expect(yield* states(supervisor)).toBe("a up, b up, c up");
    }).pipe(quiet),
  );

  it.effect("a temporary sibling that goes does not move the others under its feet", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: [] });
      const add = (id: string, restart: Strategy.RestartType) => supervisor.startChild(worker(id, { restart }));
      for (let n = 0; n < 32; n++) yield* add(`t${n}`, "temporary");
      const a = yield* add("a", "permanent");
      yield* add("b", "temporary");
      yield* add("c", "permanent");
      for (let n = 0; n < 32; n++) yield* supervisor.terminateChild(`t${n}`);
      a.cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a up, c up");
    }).pipe(quiet),
  );

  it.effect("the event of an end tells whether it was asked for", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onTerminate = () => Effect.sleep(100);
      const specs = [worker("a"), worker("b"), worker("c", {}, slow)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs });
      const seen: Array<string> = [];
      yield* Event.subscribe((event) => {
        if (event._tag === "Exited") seen.push(`${event.path.at(-1)} ${event.asked ? "asked" : "by itself"}: ${event.decision}`);
      });
      supervisor.ref(specs[0]).cast("Die");
      yield* settled;
      // It dies while the group waits for c, before its own turn to be stopped.
      supervisor.ref(specs[1]).cast("Die");
      yield* pass(100);
      expect(seen).toEqual(["a by itself: restart", "b by itself: restart", "c asked: restart"]);
      slow.onTerminate = () => {};
    }).pipe(quiet),
  );

  it.effect("the supervisor can be stopped, and killed", () =>
    Effect.gen(function* () {
      for (const end of ["stop", "kill"] as const) {
        const slow = new Script();
        slow.onTerminate = () => Effect.sleep(1000);
        const specs = [worker("a"), worker("b", {}, slow)] as const;
        const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 10 });
        supervisor.ref(specs[0]).cast("Die");
        yield* settled;
        const ending = yield* Effect.forkChild(supervisor[end], { startImmediately: true });
        yield* pass(end === "stop" ? 1000 : 0);
        yield* Fiber.join(ending);
        expect([supervisor.alive, slow.starts]).toEqual([false, 1]);
      }
    }).pipe(quiet),
  );
});
