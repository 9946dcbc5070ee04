/** OTP's own cases (supervisor_SUITE): significant children and autoShutdown. The numbers are those of the suite's list. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, type Strategy, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, Script, settled, states, worker, type WorkerRef } from "../actor/actors.ts";
import { failure, problem, self, starter, watch } from "./otp.ts";

type Auto = "any_significant" | "all_significant";
const calm = { intensity: 20 } as const;

/** A child with a ref that is found by its spec. */
const significant = (id: string, restart: "transient" | "temporary") => worker(id, { restart, significant: true });

const end = (how: "kill" | "Die" | "Finish" | "Leave", ref: WorkerRef) => {
  const child = ref as unknown as { cast(tag: string, payload?: unknown): void };
  if (how === "kill") return Effect.andThen(Actor.kill(ref), settled);
  child.cast(how, how === "Leave" ? { info: "deploy" } : undefined);
  return settled;
};

describe("OTP: significant children", () => {
  for (const autoShutdown of ["never", "any_significant", "all_significant"] as const) {
    for (const [name, restart, comesBack] of [
      ["57 nonsignificant_temporary", "temporary", []],
      ["58 nonsignificant_transient", "transient", ["kill", "Die"]],
    ] as const) {
      it.effect(`${name}: its end is nobody else's, under ${autoShutdown}`, () =>
        Effect.gen(function* () {
          for (const how of ["kill", "Die", "Finish", "Leave"] as const) {
            const c2 = autoShutdown === "never" ? worker("c2") : significant("c2", "transient");
            const c1 = worker("c1", { restart });
            const supervisor = yield* Supervisor.start({ id: how, autoShutdown, ...calm, children: [c1, c2] });
            const [ref1, ref2] = [supervisor.ref(c1), supervisor.ref(c2)];
            yield* end(how, ref1);
            yield* pass(1000);
            const restarted = (comesBack as ReadonlyArray<string>).includes(how);
            expect([how, supervisor.alive, ref2.incarnation, ref1.alive]).toEqual([how, true, 1, restarted]);
          }
        }).pipe(quiet),
      );
    }
  }

  // A transient child that fails is restarted, so that only its own decision to end is an end.
  for (const [name, restart, ends] of [
    ["59 significant_temporary", "temporary", ["kill", "Die", "Finish", "Leave"]],
    ["60 significant_transient", "transient", ["Finish", "Leave"]],
  ] as const) {
    for (const how of ["kill", "Die", "Finish", "Leave"] as const) {
      it.effect(`${name}: ${how}, any_significant`, () =>
        Effect.gen(function* () {
          const log: Array<string> = [];
          const specs = [
            worker("c1", {}, new Script(log)),
            significant("c2", restart),
            significant("c3", restart),
            worker("c4", {}, new Script(log)),
          ] as const;
          const supervisor = yield* Supervisor.start({ autoShutdown: "any_significant", ...calm, children: specs });
          const refs = specs.map((spec) => supervisor.ref(spec));
          // To terminate one through the supervisor is not its own end.
          yield* supervisor.terminateChild("c3");
          yield* pass(1000);
          expect(supervisor.alive).toBe(true);
          const ended = yield* watch([self(supervisor)]);
          yield* end(how, refs[1]!);
          if ((ends as ReadonlyArray<string>).includes(how)) {
            expect(yield* ended).toEqual(["shutdown"]);
            expect(log).toEqual(["+c1", "+c4", "-c4 shutdown", "-c1 shutdown"]);
            expect(refs.map(({ alive }) => alive)).toEqual([false, false, false, false]);
          } else {
            expect([supervisor.alive, refs[1]!.incarnation]).toEqual([true, 2]);
          }
        }).pipe(quiet),
      );

      it.effect(`${name}: ${how}, all_significant`, () =>
        Effect.gen(function* () {
          const specs = [worker("c1"), significant("c2", restart), significant("c3", restart)] as const;
          const supervisor = yield* Supervisor.start({ autoShutdown: "all_significant", ...calm, children: specs });
          const refs = specs.map((spec) => supervisor.ref(spec));
          const ended = yield* watch([self(supervisor)]);
          yield* end(how, refs[1]!);
          yield* pass(1000);
          expect(supervisor.alive).toBe(true);
          yield* end(how, refs[2]!);
          if ((ends as ReadonlyArray<string>).includes(how)) {
            expect([yield* ended, refs[0]!.alive]).toEqual([["shutdown"], false]);
          } else {
            expect([supervisor.alive, refs[1]!.incarnation, refs[2]!.incarnation]).toEqual([true, 2, 2]);
          }
        }).pipe(quiet),
      );
    }
  }

  for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const satisfies ReadonlyArray<Strategy.Strategy>) {
    for (const autoShutdown of ["any_significant", "all_significant"] as const) {
      it.effect(`62 significant_bystander: who is stopped with its group has not ended by itself: ${strategy}, ${autoShutdown}`, () =>
        Effect.gen(function* () {
          for (const restart of ["transient", "temporary"] as const) {
            const specs = [significant("c1", restart), worker("c2"), significant("c3", restart)] as const;
            const supervisor = yield* Supervisor.start({ id: restart, strategy, autoShutdown, ...calm, children: specs });
            const refs = specs.map((spec) => supervisor.ref(spec));
            yield* Actor.kill(refs[1]!);
            yield* pass(1000);
            const [before, after] = [strategy === "one_for_all", strategy !== "one_for_one"];
            const stopped = (hit: boolean) => (hit ? (restart === "transient" ? [true, 2] : [false, 1]) : [true, 1]);
            expect([supervisor.alive, ...refs.map(({ alive, incarnation }) => [alive, incarnation])]).toEqual([
              true,
              stopped(before),
              [true, 2],
              stopped(after),
            ]);
          }
        }).pipe(quiet),
      );
    }
  }

  for (const [name, weighty] of [
    ["63 significant_escalation: a supervisor that is significant takes its own supervisor along", true],
    ["63 significant_escalation: one that is not ends alone", false],
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const leaf = significant("leaf", "transient");
        const inner = Supervisor.child({
          id: "inner",
          restart: "transient",
          significant: weighty,
          autoShutdown: "any_significant",
          children: [worker("other"), leaf],
        });
        const top = yield* Supervisor.start({ autoShutdown: "any_significant", children: [worker("w"), inner] });
        const supervisor = yield* top.supervisor("inner");
        const ended = yield* watch(weighty ? [self(supervisor), self(top)] : [self(supervisor)]);
        yield* end("Finish", supervisor.ref(leaf));
        expect(yield* ended).toEqual(weighty ? ["shutdown", "shutdown"] : ["shutdown"]);
        yield* pass(1000);
        expect(top.alive).toBe(!weighty);
      }),
    );
  }
});

describe("OTP: significant children and live reconfiguration", () => {
  const [c1, c2] = [significant("c1", "transient"), significant("c2", "transient")];
  const isRefused = 'child "c3": is significant, but autoShutdown is never';

  for (const [name, to] of [
    ["64 significant_upgrade_never_any", "any_significant"],
    ["66 significant_upgrade_never_all", "all_significant"],
  ] as const satisfies ReadonlyArray<readonly [string, Auto]>) {
    it.effect(`${name}: significant children are refused, then accepted`, () =>
      Effect.gen(function* () {
        const other = worker("w");
        const supervisor = yield* Supervisor.start({ children: [other] });
        expect(yield* problem(supervisor.startChild(significant("c3", "transient")))).toBe(isRefused);
        yield* supervisor.reconfigure({ autoShutdown: to, children: [other] });
        const refs = [yield* supervisor.startChild(c1), yield* supervisor.startChild(c2)];
        const ended = yield* watch([...refs, supervisor.ref(other), self(supervisor)]);
        yield* end("Finish", refs[0]!);
        expect(supervisor.alive).toBe(to === "all_significant");
        yield* end("Finish", refs[1]!);
        const second = to === "all_significant" ? "normal" : "shutdown";
        expect(yield* ended).toEqual(["normal", second, "shutdown", "shutdown"]);
      }),
    );
  }

  for (const [name, from] of [
    ["65 significant_upgrade_any_never", "any_significant"],
    ["67 significant_upgrade_all_never", "all_significant"],
  ] as const) {
    it.effect(`${name}: those that are there stay and have no significance, new ones are refused`, () =>
      Effect.gen(function* () {
        for (const kept of ["listed", "added"] as const) {
          const supervisor = yield* Supervisor.start({ id: kept, autoShutdown: from, children: kept === "listed" ? [c1] : [] });
          const ref = kept === "listed" ? supervisor.ref(c1) : yield* supervisor.startChild(c1);
          yield* supervisor.reconfigure({ autoShutdown: "never", children: [] });
          expect([ref.alive, yield* states(supervisor)]).toEqual([true, "c1 up"]);
          expect(yield* problem(supervisor.startChild(significant("c3", "transient")))).toBe(isRefused);
          for (let n = 0; n < 2; n++) {
            yield* end("Finish", ref);
            yield* pass(1000);
            expect([supervisor.alive, yield* states(supervisor)]).toEqual([true, "c1 down"]);
            yield* supervisor.restartChild("c1");
          }
          expect(ref.incarnation).toBe(3);
        }
      }),
    );
  }

  for (const [name, from, to] of [
    ["68 significant_upgrade_any_all", "any_significant", "all_significant"],
    ["69 significant_upgrade_all_any", "all_significant", "any_significant"],
  ] as const) {
    it.effect(`${name}: what holds is what was said last`, () =>
      Effect.gen(function* () {
        const supervisor = yield* Supervisor.start({ autoShutdown: from, children: [c1, c2] });
        yield* supervisor.reconfigure({ autoShutdown: to, children: [c1, c2] });
        yield* end("Finish", supervisor.ref(c1));
        expect(supervisor.alive).toBe(to === "all_significant");
        if (!supervisor.alive) return;
        yield* end("Finish", supervisor.ref(c2));
        expect(supervisor.alive).toBe(false);
      }),
    );
  }

  it.effect("70 significant_upgrade_child: the significance of a child that runs may change", () =>
    Effect.gen(function* () {
      const plain = worker("c3", { restart: "transient" });
      const weighty = significant("c3", "transient");

      const never = yield* Supervisor.start({ id: "never", children: [plain] });
      expect(yield* problem(never.reconfigure({ children: [weighty] }))).toBe(isRefused);
      expect([never.alive, yield* states(never), never.ref(plain).incarnation]).toEqual([true, "c3 up", 1]);
      expect(yield* never.getChildSpec("c3")).toMatchObject({ significant: false });

      const up = yield* Supervisor.start({ id: "up", autoShutdown: "any_significant", children: [plain] });
      yield* up.reconfigure({ autoShutdown: "any_significant", children: [weighty] });
      expect(up.ref(plain).incarnation).toBe(1);
      yield* end("Finish", up.ref(plain));
      expect(up.alive).toBe(false);

      const down = yield* Supervisor.start({ id: "down", autoShutdown: "any_significant", children: [weighty] });
      yield* down.reconfigure({ autoShutdown: "any_significant", children: [plain] });
      yield* end("Finish", down.ref(plain));
      expect([down.alive, yield* states(down)]).toEqual([true, "c3 down"]);
    }),
  );
});

describe("significant children, beyond OTP's cases", () => {
  it.effect("one that dies by itself while its group is being stopped is a bystander as well", () =>
    Effect.gen(function* () {
      for (const restart of ["transient", "temporary"] as const) {
        const slow = new Script();
        slow.onTerminate = () => Effect.sleep(slow.starts === 1 ? 1000 : 0);
        const specs = [worker("c1"), significant("c2", restart), worker("c3", {}, slow)] as const;
        const options = { strategy: "one_for_all", autoShutdown: "any_significant", children: specs } as const;
        const supervisor = yield* Supervisor.start({ id: restart, ...calm, ...options });
        const refs = specs.map((spec) => supervisor.ref(spec));
        yield* Actor.kill(refs[0]!);
        yield* settled;
        yield* end("Finish", refs[1]!);
        yield* pass(1000);
        const again = restart === "transient";
        expect([supervisor.alive, ...refs.map(({ alive }) => alive)]).toEqual([true, true, again, true]);
      }
    }).pipe(quiet),
  );

  it.effect("one that ends when it has just been restarted, with the group not yet up, has ended by itself", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onStart = (start) => (start === 1 ? undefined : Effect.sleep(1000));
      const specs = [significant("c1", "transient"), worker("c2", {}, slow)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", autoShutdown: "any_significant", ...calm, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      const ended = yield* watch([self(supervisor)]);
      yield* Actor.kill(refs[1]!);
      yield* settled;
      expect([refs[0]!.incarnation, yield* states(supervisor)]).toEqual([2, "c1 up, c2 starting"]);
      yield* end("Finish", refs[0]!);
      expect([yield* ended, slow.starts, refs[1]!.alive]).toEqual([["shutdown"], 2, false]);
    }).pipe(quiet),
  );

  it.effect("one that ends while the others of the first start are not up yet does not make it a failed start", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onStart = () => Effect.sleep(1000);
      const Brief = Actor.make({
        name: "brief",
        protocol: RpcGroup.make(Rpc.make("Finish")),
        init: (_: void, context) => void context.sendAfter(500, "Finish"),
        handlers: { Finish: () => Actor.exit() },
      });
      const c1 = ChildSpec.make(Brief, undefined, { id: "c1", restart: "temporary", significant: true });
      const inner = Supervisor.child({
        id: "inner",
        restart: "transient",
        autoShutdown: "any_significant",
        children: [c1, worker("c2", {}, slow)],
      });
      const starting = yield* Effect.forkChild(Supervisor.start({ children: [worker("w"), inner] }), { startImmediately: true });
      yield* pass(500);
      expect(starting.pollUnsafe()).toBe(undefined);
      yield* pass(500);
      expect(yield* states(yield* Fiber.join(starting))).toBe("w up, inner down");
    }),
  );

  it.effect("one that used up its maxAttempts has ended by itself", () =>
    Effect.gen(function* () {
      const c1 = worker("c1", { restart: "transient", significant: true, maxAttempts: 1 });
      const supervisor = yield* Supervisor.start({ autoShutdown: "any_significant", ...calm, children: [c1, worker("c2")] });
      const ended = yield* watch([self(supervisor)]);
      yield* end("Die", supervisor.ref(c1));
      expect(supervisor.alive).toBe(true);
      yield* end("Die", supervisor.ref(c1));
      expect(yield* ended).toEqual(["shutdown"]);
    }).pipe(quiet),
  );

  it.effect("one whose start has nothing to do has not ended", () =>
    Effect.gen(function* () {
      for (const autoShutdown of ["any_significant", "all_significant"] as const) {
        const c1 = starter("c1", { restart: "transient", significant: true }, "up", "ignore");
        const supervisor = yield* Supervisor.start({ id: autoShutdown, autoShutdown, ...calm, children: [c1] });
        yield* Actor.kill(supervisor.ref(c1));
        yield* pass(1000);
        expect([supervisor.alive, yield* states(supervisor)]).toEqual([true, "c1 down"]);
        yield* supervisor.stop;
        expect(yield* failure(supervisor.countChildren)).toBe("ActorDown");
      }
    }).pipe(quiet),
  );
});
