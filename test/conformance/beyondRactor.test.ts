/**
 * Ractor's own tests of supervision, by their names: who hears of a crash, wherever it happens, and how often. What once was wrong in OTP is replayed
 * under its cases: OTP-9212 is 79, 9242 is 77, 9549 is 80 to 82, 16804 is 39; children that had nothing to do are 3 to 7, the naughty unlink is 55, the
 * name that is taken is 91.
 */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, ChildSpec, type CrashReport, Event, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { pass, reporting, settled, states, told, worker } from "../actor/actors.ts";
import { failure, self, watch } from "./otp.ts";

const boom = new Error("Boom");
const crash = {
  panic: (): Effect.Effect<never> => {
    throw boom;
  },
  error: (): Effect.Effect<never> => Effect.die(boom),
} as const;
type How = keyof typeof crash;
type Where = "post_start" | "handle" | "post_stop";

const protocol = RpcGroup.make(
  Rpc.make("Go"),
  Rpc.make("Stop"),
  Rpc.make("Count", { payload: { n: Schema.Number } }),
  Rpc.make("Total", { success: Schema.Number }),
);

/** Crashes once, where it is told to. */
const child = (where: Where | "nowhere", how: How = "panic") => {
  let crashed = false;
  const at = (here: Where): Effect.Effect<void> | undefined => {
    if (crashed || where !== here) return undefined;
    crashed = true;
    return crash[how]();
  };
  return Actor.make({
    name: "child",
    protocol,
    init: (log: Array<string>) => Actor.andThen({ log, total: 0 }, "post_start"),
    continue: (state) => Effect.as(at("post_start") ?? Effect.void, state),
    handlers: {
      Go: (state) => Effect.as(at("handle") ?? Effect.void, state),
      Stop: () => Actor.exit(),
      Count: (state, { n }) => {
        if (n < 0) throw boom;
        return { ...state, total: state.total + n };
      },
      Total: (state) => Actor.reply(state, state.total),
    },
    terminate: ({ log }, reason) => {
      log.push(ExitReason.format(reason));
      return at("post_stop");
    },
  });
};

describe("Ractor: a crash reaches the parent, once", () => {
  for (const how of ["panic", "error"] as const) {
    for (const where of ["post_start", "handle", "post_stop"] as const) {
      it.effect(`supervision_${how}_in_${where}`, () => {
        const reports: Array<CrashReport.CrashReport> = [];
        return Effect.gen(function* () {
          const exits: Array<string> = [];
          yield* Event.subscribe((event) => {
            if (event._tag === "Exited") exits.push(`${event.path.join("/")}: ${ExitReason.format(event.reason)}, ${event.decision}`);
          });
          const spec = ChildSpec.make(child(where, how), [], { id: "child" });
          const supervisor = yield* Supervisor.start({ children: [spec] });
          const ref = supervisor.ref(spec);
          if (where === "handle") ref.cast("Go");
          if (where === "post_stop") ref.cast("Stop");
          yield* settled;
          expect(exits).toEqual(["root/child: Error: Boom, restart"]);
          expect(told(reports)).toEqual(["root/child: Error: Boom"]);
          expect([ref.incarnation, yield* states(supervisor)]).toEqual([2, "child up"]);
        }).pipe(reporting(reports));
      });
    }

    // Ractor's supervisors are actors that hear of their children. So is here who spawns others and monitors them.
    it.effect(`supervision_${how}_in_supervisor_handle: the parent that crashes over the news is its own parent's news`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const leaves: Array<ActorRef<RpcGroup.Rpcs<typeof protocol>>> = [];
        const Midpoint = Actor.make({
          name: "midpoint",
          protocol: RpcGroup.make(),
          init: (_: void, context) => {
            const leaf = context.spawn(child("handle", how), []);
            context.monitor(leaf);
            leaves.push(leaf);
            return 0;
          },
          handlers: {},
          info: (state, news) => (news._tag === "Down" ? crash[how]() : state),
        });
        const midpoint = ChildSpec.make(Midpoint, undefined, { id: "midpoint" });
        const supervisor = yield* Supervisor.start({ children: [midpoint, worker("other")] });
        leaves[0]!.cast("Go");
        yield* settled;
        expect(told(reports)).toEqual(["root/midpoint/child: Error: Boom", "root/midpoint: Error: Boom"]);
        expect([supervisor.ref(midpoint).incarnation, yield* states(supervisor)]).toEqual([2, "midpoint up, other up"]);
        expect(leaves.map(({ alive }) => alive)).toEqual([false, true]);
      }).pipe(reporting(reports));
    });
  }
});

describe("Ractor: supervisors and their children", () => {
  for (const how of ["stop", "kill"] as const) {
    it.effect(`killing_a_supervisor_terminates_children: ${how}, through all levels`, () =>
      Effect.gen(function* () {
        const log: Array<string> = [];
        const leaf = ChildSpec.make(child("nowhere"), log, { id: "leaf" });
        const inner = Supervisor.child({ id: "inner", children: [leaf] });
        const top = yield* Supervisor.start({ children: [Supervisor.child({ id: "outer", children: [inner] })] });
        const supervisor = yield* (yield* top.supervisor("outer")).supervisor("inner");
        const ref = supervisor.ref(leaf);
        const ends = yield* watch([ref, self(supervisor), self(top)]);
        yield* top[how];
        const reason = how === "stop" ? "shutdown" : "killed";
        expect([yield* ends, ref.alive, yield* failure(ref.call("Total"))]).toEqual([[reason, reason, reason], false, "ActorDown"]);
        // supervisor_exit_doesn't_call_child_post_stop twice, and a kill not at all.
        yield* pass(10_000);
        expect(log).toEqual(how === "stop" ? ["shutdown"] : []);
      }),
    );
  }

  it.effect("supervisor_captures_dead_childs_state: as it was before the message that it crashed over, which is there as well", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const spec = ChildSpec.make(child("nowhere"), [], { id: "child" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      for (const n of [1, 2, -1]) ref.cast("Count", { n });
      yield* settled;
      expect(reports).toMatchObject([{ state: { total: 3 }, message: { tag: "Count", payload: { n: -1 } } }]);
      expect(yield* ref.call("Total")).toBe(0);
    }).pipe(reporting(reports));
  });

  for (const first of ["parent", "child"] as const) {
    it.effect(`supervisor_double_link: a link to one's own child, twice and in both directions, is one: the ${first} ends`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const heard: Array<string> = [];
        const Linking = Actor.make({
          name: "linking",
          protocol: RpcGroup.make(Rpc.make("LinkTo", { payload: { ref: Schema.Any } }), Rpc.make("Fail")),
          trapExit: true,
          init: (name: string) => name,
          handlers: {
            LinkTo: (name, { ref }, context) => {
              for (let n = 0; n < 2; n++) context.link(ref as ActorRef<never>);
              return name;
            },
            Fail: () => crash.panic(),
          },
          info: (name, news) => {
            if (news._tag === "Exit") heard.push(`${name}: ${ExitReason.format(news.reason)}`);
            return name;
          },
        });
        const parent = yield* Actor.spawn(Linking, "parent", { id: "parent" });
        const leaf = yield* Actor.spawn(Linking, "child", { id: "child" });
        yield* parent.call("LinkTo", { ref: leaf });
        yield* leaf.call("LinkTo", { ref: parent });
        (first === "parent" ? parent : leaf).cast("Fail");
        yield* settled;
        expect(heard).toEqual([`${first === "parent" ? "child" : "parent"}: Error: Boom`]);
        expect(told(reports)).toEqual([`${first}: Error: Boom`]);
      }).pipe(reporting(reports));
    });
  }

  it.effect("monitors: each is told once, also of one that is dead already, and one that was taken back is not", () =>
    Effect.gen(function* () {
      const heard: Array<string> = [];
      const Watcher = Actor.make({
        name: "watcher",
        protocol: RpcGroup.make(Rpc.make("Watch", { payload: { ref: Schema.Any, again: Schema.Boolean } })),
        init: () => 0,
        handlers: {
          Watch: (state, { again, ref }, context) => {
            const back = context.monitor(ref as ActorRef<never>);
            if (!again) back();
            return state;
          },
        },
        info: (state, news, { self: { id } }) => {
          if (news._tag === "Down") heard.push(`${id}: ${ExitReason.format(news.reason)}`);
          return state;
        },
      });
      const target = yield* Actor.spawn(child("nowhere"), []);
      const watchers = yield* Effect.forEach(["w1", "w2", "w3"], (id) => Actor.spawn(Watcher, undefined, { id }));
      for (const [n, watcher] of watchers.entries()) yield* watcher.call("Watch", { ref: target, again: n < 2 });
      target.cast("Stop");
      yield* settled;
      expect(heard.splice(0)).toEqual(["w1: normal", "w2: normal"]);
      yield* watchers[2]!.call("Watch", { ref: target, again: true });
      yield* settled;
      expect(heard).toEqual(["w3: no such actor"]);
    }),
  );
});
