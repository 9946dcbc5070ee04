/** What OTP's suite has no case for: deaths in one instant, starts that never return, floods, many children, restarts across a shutdown. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, type CrashReport, DynamicSupervisor, Supervisor, UnknownMessage } from "../../src/actor/index.ts";
import { pass, quiet, reporting, Script, settled, states, told, until, worker, Worker } from "../actor/actors.ts";
import { cellBehind, counting, failure, self, tally, watch } from "./otp.ts";

/** Hangs in each start but the first, until it is interrupted. */
const hangs = (log?: Array<string>): Script => {
  const script = new Script(log);
  script.onStart = (start) => (start === 1 ? undefined : Effect.never);
  return script;
};

describe("deaths in one instant under one_for_all", () => {
  for (const [name, order] of [
    ["in start order", [0, 1, 2, 3]],
    ["in reverse order", [3, 2, 1, 0]],
    ["from the middle", [2, 0, 3, 1]],
  ] as const) {
    it.effect(`${name}: one restart of the group, and each death is reported`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const log: Array<string> = [];
        const specs = ["c0", "c1", "c2", "c3"].map((id) => worker(id, {}, new Script(log)));
        const supervisor = yield* Supervisor.start({ strategy: "one_for_all", intensity: 1, children: specs });
        const refs = specs.map((spec) => supervisor.ref(spec));
        log.length = 0;
        for (const n of order) refs[n]!.cast("Die");
        yield* settled;
        expect([supervisor.alive, refs.map(({ incarnation }) => incarnation)]).toEqual([true, [2, 2, 2, 2]]);
        expect(log.slice(-4)).toEqual(["+c0", "+c1", "+c2", "+c3"]);
        expect([...told(reports)].sort()).toEqual(["c0", "c1", "c2", "c3"].map((id) => `root/${id}: Error: died`));
        expect(log.filter((line) => line.startsWith("-")).sort()).toEqual(["c0", "c1", "c2", "c3"].map((id) => `-${id} Error: died`));
      }).pipe(reporting(reports));
    });
  }

  it.effect("killed at once by somebody else: one restart as well", () =>
    Effect.gen(function* () {
      const specs = ["c0", "c1", "c2"].map((id) => worker(id));
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", intensity: 1, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      yield* Effect.forEach(refs, Actor.kill, { concurrency: "unbounded", discard: true });
      yield* settled;
      expect([supervisor.alive, yield* states(supervisor)]).toEqual([true, "c0 up, c1 up, c2 up"]);
      expect(refs.map(({ incarnation }) => incarnation)).toEqual([2, 2, 2]);
    }).pipe(quiet),
  );

  it.effect("one that dies in the start that its sibling's death has caused is another failure", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onStart = (start) => (start === 2 ? Effect.sleep(1000) : undefined);
      const specs = [worker("c0"), worker("c1", {}, slow)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", intensity: 2, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      refs[1]!.cast("Die");
      yield* settled;
      refs[0]!.cast("Die");
      yield* pass(1000);
      expect([refs.map(({ incarnation }) => incarnation), yield* states(supervisor)]).toEqual([[3, 3], "c0 up, c1 up"]);
      refs[0]!.cast("Die");
      yield* settled;
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );
});

describe("an init that never returns", () => {
  it.effect("keeps nobody else waiting: siblings are restarted, operations are answered, the stop is prompt", () =>
    Effect.gen(function* () {
      const script = hangs();
      const specs = [worker("c1", {}, script), worker("c2")] as const;
      const supervisor = yield* Supervisor.start({ children: specs, intensity: 9 });
      const [c1, c2] = specs.map((spec) => supervisor.ref(spec));
      c1!.cast("Die");
      yield* settled;
      for (const incarnation of [2, 3]) {
        c2!.cast("Die");
        yield* settled;
        expect([c2!.incarnation, yield* states(supervisor)]).toEqual([incarnation, "c1 starting, c2 up"]);
      }
      yield* supervisor.startChild(worker("c3"));
      yield* supervisor.terminateChild("c2");
      yield* supervisor.restartChild("c2");
      yield* supervisor.reconfigure({ children: specs, intensity: 9 });
      expect([yield* tally(supervisor), yield* failure(supervisor.restartChild("c1"))]).toEqual([[3, 2, 0, 3], "ChildNotDown"]);
      const ended = yield* watch([self(supervisor)]);
      yield* supervisor.stop;
      expect([yield* ended, script.starts, c1!.alive]).toEqual([["shutdown"], 2, false]);
    }).pipe(quiet),
  );

  it.effect("of an added child: the others are started and stopped meanwhile, and who waits for it is told when it is given up", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const never = new Script();
      never.onStart = () => Effect.never;
      const waiting = yield* Effect.forkChild(Effect.flip(supervisor.startChild(worker("c1", {}, never))), { startImmediately: true });
      yield* settled;
      yield* supervisor.startChild(worker("c2"));
      expect(yield* states(supervisor)).toBe("c1 starting, c2 up");
      yield* supervisor.terminateChild("c1");
      expect((yield* Fiber.join(waiting))._tag).toBe("StartError");
    }),
  );

  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    it.effect(`in a group's restart: the stop is prompt, and a sibling that dies meanwhile does not wait for it: ${strategy}`, () =>
      Effect.gen(function* () {
        const script = new Script();
        script.onStart = (start) => (start === 2 ? Effect.never : undefined);
        const specs = [worker("c1"), worker("c2", {}, script)] as const;
        const supervisor = yield* Supervisor.start({ strategy, children: specs, intensity: 9 });
        const [c1, c2] = specs.map((spec) => supervisor.ref(spec));
        c2!.cast("Die");
        yield* settled;
        expect(yield* states(supervisor)).toBe("c1 up, c2 starting");
        c1!.cast("Die");
        yield* settled;
        expect([yield* states(supervisor), script.starts]).toEqual(["c1 up, c2 up", 3]);
        script.onStart = () => Effect.never;
        c2!.cast("Die");
        yield* settled;
        yield* supervisor.stop;
        expect([supervisor.alive, c1!.alive, c2!.alive]).toEqual([false, false, false]);
      }).pipe(quiet),
    );
  }

  it.effect("of a child two levels down does not keep the top from stopping or restarting the others", () =>
    Effect.gen(function* () {
      const script = hangs();
      const inner = Supervisor.child({ id: "inner", children: [worker("deep", {}, script)], intensity: 9 });
      const top = yield* Supervisor.start({ children: [inner, worker("w")], intensity: 9 });
      const supervisor = yield* top.supervisor("inner");
      yield* supervisor.kill;
      yield* settled;
      const w = top.ref(worker("w"));
      w.cast("Die");
      yield* settled;
      expect([yield* states(top), w.incarnation, yield* states(supervisor)]).toEqual(["inner starting, w up", 2, "deep starting"]);
      yield* top.stop;
      expect(top.alive).toBe(false);
    }).pipe(quiet),
  );
});

describe("a flood at the supervisor", () => {
  it.effect("of operations: each is answered, deaths in between are seen to, and nothing is left", () =>
    Effect.gen(function* () {
      const specs = Array.from({ length: 10 }, (_, n) => worker(`c${n}`));
      const supervisor = yield* Supervisor.start({ children: specs, intensity: "infinity" });
      const refs = specs.map((spec) => supervisor.ref(spec));
      const asked = yield* Effect.forEach(
        Array.from({ length: 20_000 }, (_, n) => n),
        (n) => {
          if (n % 2000 === 0) refs[n / 2000]!.cast("Die");
          const operations = [
            Effect.asVoid(supervisor.countChildren),
            Effect.asVoid(supervisor.whichChild("c1")),
            Effect.asVoid(Effect.exit(supervisor.deleteChild("c2"))),
          ];
          return Effect.forkChild(operations[n % 3], { startImmediately: true });
        },
      );
      yield* Effect.forEach(asked, Fiber.join, { discard: true });
      yield* settled;
      expect(refs.map(({ incarnation }) => incarnation)).toEqual(refs.map(() => 2));
      expect([cellBehind(supervisor).control, yield* tally(supervisor)]).toEqual([null, [10, 10, 0, 10]]);
    }).pipe(quiet),
  );

  it.effect("of messages, which it has none of: the defect is the sender's, and nothing waits in its mailbox", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [worker("c1")] });
      const ref = self(supervisor) as unknown as { cast(tag: string): void; call(tag: string): Effect.Effect<unknown> };
      for (let n = 0; n < 10_000; n++) expect(() => ref.cast("foo")).toThrow(UnknownMessage);
      expect((yield* Effect.exit(ref.call("foo")))._tag).toBe("Failure");
      expect([cellBehind(supervisor).messages, yield* states(supervisor)]).toEqual([null, "c1 up"]);
    }),
  );

  it.effect("of deaths: a stop and a kill get through", () =>
    Effect.gen(function* () {
      for (const how of ["stop", "kill"] as const) {
        const again = new Script();
        const supervisor = yield* Supervisor.start({ id: how, children: [worker("c1", {}, again)], intensity: "infinity" });
        const ref = supervisor.ref(worker("c1"));
        again.onStart = () => ref.cast("Die");
        ref.cast("Die");
        yield* until(() => again.starts > 1000);
        yield* supervisor[how];
        const { starts } = again;
        yield* settled;
        expect([supervisor.alive, ref.alive, again.starts]).toEqual([false, false, starts]);
      }
    }).pipe(quiet),
  );
});

describe("many children", () => {
  const many = 20_000;

  for (const how of ["stop", "kill"] as const) {
    it.effect(`a ${how} of ${many} in a list looks at each a few times`, () =>
      Effect.gen(function* () {
        const script = new Script();
        const children = Array.from({ length: many }, (_, n) => worker(`c${n}`, {}, script));
        const supervisor = yield* Supervisor.start({ children });
        expect(yield* tally(supervisor)).toEqual([many, many, 0, many]);
        const looks = counting(supervisor);
        yield* supervisor[how];
        expect(looks.count).toBeLessThan(4 * many);
        expect([supervisor.alive, script.log.length]).toEqual([false, how === "stop" ? 2 * many : many]);
      }),
    );

    it.effect(`a ${how} of ${many} dynamic ones looks at each a few times, also when each takes its time`, () =>
      Effect.gen(function* () {
        const supervisor = yield* DynamicSupervisor.start(Worker);
        const script = new Script();
        script.onTerminate = () => Effect.sleep(1000);
        for (let n = 0; n < many; n++) yield* supervisor.startChild(script);
        const looks = counting(supervisor);
        const ending = yield* Effect.forkChild(supervisor[how], { startImmediately: true });
        if (how === "stop") yield* pass(1000);
        yield* Fiber.join(ending);
        expect(looks.count).toBeLessThan(4 * many);
        expect(supervisor.alive).toBe(false);
      }),
    );
  }

  it.effect(`${many} are terminated and deleted one by one without a look at the others, and leave nothing`, () =>
    Effect.gen(function* () {
      const script = new Script();
      const ids = Array.from({ length: many }, (_, n) => `c${n}`);
      const supervisor = yield* Supervisor.start({ children: ids.map((id) => worker(id, {}, script)) });
      const looks = counting(supervisor);
      for (const id of ids) {
        yield* supervisor.terminateChild(id);
        yield* supervisor.deleteChild(id);
      }
      expect([looks.count, cellBehind(supervisor).children.length < 100, yield* tally(supervisor)]).toEqual([0, true, [0, 0, 0, 0]]);
    }),
  );

  it.effect(`${many} significant ones that end one after the other are looked at a few times each`, () =>
    Effect.gen(function* () {
      const script = new Script();
      const children = Array.from({ length: many }, (_, n) => worker(`c${n}`, { restart: "transient", significant: true }, script));
      for (const order of ["from the first", "from the last", "from both ends"] as const) {
        const supervisor = yield* Supervisor.start({ id: order, autoShutdown: "all_significant", children });
        const looks = counting(supervisor);
        const position = (n: number): number => {
          if (order === "from both ends") return n % 2 === 0 ? n / 2 : many - (n + 1) / 2;
          return order === "from the first" ? n : many - 1 - n;
        };
        const refs = children.map((_, n) => supervisor.ref(children[position(n)]!));
        const last = refs.pop()!;
        for (const ref of refs) ref.cast("Finish");
        yield* settled;
        expect([supervisor.alive, looks.count < 4 * many]).toEqual([true, true]);
        last.cast("Finish");
        yield* settled;
        expect(supervisor.alive).toBe(false);
      }
    }),
  );

  it.effect(`a group of ${many} is restarted with a few looks at each`, () =>
    Effect.gen(function* () {
      const script = new Script();
      const children = Array.from({ length: many }, (_, n) => worker(`c${n}`, {}, script));
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children });
      const looks = counting(supervisor);
      yield* Actor.kill(supervisor.ref(children[many / 2]!));
      yield* until(() => script.starts === 2 * many);
      yield* settled;
      expect(looks.count).toBeLessThan(6 * many);
      expect(yield* tally(supervisor)).toEqual([many, many, 0, many]);
    }).pipe(quiet),
  );
});

describe("a restart across the shutdown of the parent", () => {
  for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
    for (const moment of ["the child has just died", "the child is starting", "the child waits for its backoff"] as const) {
      it.effect(`${strategy}, when ${moment}: nothing is started any more`, () =>
        Effect.gen(function* () {
          const log: Array<string> = [];
          const script = new Script(log);
          if (moment === "the child is starting") script.onStart = (start) => (start === 1 ? undefined : Effect.sleep(1000));
          const backoff = moment === "the child waits for its backoff" ? { backoff: { initialMillis: 1000 } } : {};
          const specs = [worker("c1", {}, new Script(log)), worker("c2", backoff, script)] as const;
          const inner = Supervisor.child({ id: "inner", strategy, intensity: 9, children: specs });
          const top = yield* Supervisor.start({ children: [inner] });
          const supervisor = yield* top.supervisor("inner");
          const refs = specs.map((spec) => supervisor.ref(spec));
          refs[1]!.cast("Die");
          if (moment !== "the child has just died") yield* settled;
          const ended = yield* watch([self(supervisor), self(top)]);
          yield* top.stop;
          expect(yield* ended).toEqual(["shutdown", "shutdown"]);
          log.length = 0;
          yield* pass(10_000);
          expect([log, refs.map(({ alive }) => alive)]).toEqual([[], [false, false]]);
        }).pipe(quiet),
      );
    }
  }

  it.effect("one that waits for its backoff is not started while another one takes its time to stop", () =>
    Effect.gen(function* () {
      const [waits, slow] = [new Script(), new Script()];
      slow.onTerminate = () => Effect.sleep(1000);
      const specs = [worker("c1", { backoff: { initialMillis: 500 } }, waits), worker("c2", {}, slow)] as const;
      const supervisor = yield* Supervisor.start({ children: specs });
      supervisor.ref(specs[0]).cast("Die");
      yield* settled;
      yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(999);
      expect([supervisor.alive, waits.starts]).toEqual([true, 1]);
      yield* pass(1);
      expect([supervisor.alive, waits.starts]).toEqual([false, 1]);
    }).pipe(quiet),
  );

  it.effect("a supervisor whose own start fails takes no more children while those that it had started stop", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onTerminate = () => Effect.sleep(slow.starts === 2 ? 1000 : 0);
      const fails = new Script();
      fails.onStart = (start) => {
        if (start === 2) throw new Error("not now");
      };
      const inner = Supervisor.child({ id: "inner", children: [worker("c1", {}, slow), worker("c2", {}, fails)] });
      const top = yield* Supervisor.start({ children: [inner], intensity: 9 });
      const supervisor = yield* top.supervisor("inner");
      yield* supervisor.kill;
      yield* settled;
      expect(yield* states(top)).toBe("inner starting");
      const late = new Script();
      expect(yield* failure(supervisor.startChild(worker("late", {}, late)))).toBe("ActorDown");
      yield* pass(1000);
      expect([yield* states(supervisor), late.starts]).toEqual(["c1 up, c2 up", 0]);
    }).pipe(quiet),
  );
});
