/**
 * A million children, in steps that are counted, not timed: `node million.ts <dynamic | list> <count>` prints what was looked up for each phase of their life.
 */
import * as Effect from "effect/Effect";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, ChildSpec, CrashReport, DynamicSupervisor, Supervisor } from "../../src/actor/index.ts";
import { Children } from "../../src/actor/internal/children.ts";
import { systemOf } from "../../src/actor/internal/system.ts";
import { Timers } from "../../src/actor/internal/timers.ts";

/** Looks at a place of the start order, operations on any map or set, timers that are set. */
const counted = { looks: 0, lookups: 0, timers: 0 };

const count = (owner: object, names: ReadonlyArray<string>, what: keyof typeof counted): void => {
  for (const name of names) {
    const methods = owner as Record<string, (...args: ReadonlyArray<unknown>) => unknown>;
    const real = methods[name]!;
    methods[name] = function (this: unknown, ...args) {
      counted[what]++;
      return Reflect.apply(real, this, args);
    };
  }
};
count(Children.prototype, ["at"], "looks");
count(Map.prototype, ["get", "set", "delete", "has"], "lookups");
count(Set.prototype, ["add", "delete", "has"], "lookups");
count(Timers.prototype, ["add"], "timers");

const phases: Record<string, typeof counted & { readonly is: unknown }> = {};
const phase = <E, R>(name: string, effect: Effect.Effect<unknown, E, R>): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    const before = { ...counted };
    return Effect.map(effect, (is) => {
      const { looks, lookups, timers } = counted;
      phases[name] = { is, looks: looks - before.looks, lookups: lookups - before.lookups, timers: timers - before.timers };
    });
  });

let starts = 0;
const Idle = Actor.make({
  name: "idle",
  protocol: RpcGroup.make(Rpc.make("Finish")),
  init: () => ++starts,
  handlers: { Finish: () => Actor.exit() },
});

const [kind = "dynamic", size = "1000"] = process.argv.slice(2);
const many = Number(size);

const started = Effect.suspend(() => Effect.repeat(Effect.yieldNow, { until: () => starts > many }));
const several = Math.min(many, 1000);

const dynamic = Effect.gen(function* () {
  const supervisor = yield* DynamicSupervisor.start(Idle, { restart: "transient", intensity: 1 });
  const some: Array<Parameters<typeof supervisor.terminateChild>[0]> = [];
  const start = Effect.gen(function* () {
    for (let n = 0; n < many; n++) {
      const ref = yield* supervisor.startChild(undefined);
      if (n % (many / several) === 0) some.push(ref);
    }
    return starts;
  });
  yield* phase("start", start);
  yield* phase("a death", Effect.andThen(Actor.kill(some[1]!), started));
  yield* phase(
    "terminate 1000",
    Effect.as(
      Effect.forEach(some, (ref) => supervisor.terminateChild(ref), { discard: true }),
      several,
    ),
  );
  yield* phase(
    "count",
    Effect.map(supervisor.countChildren, ({ active }) => active),
  );
  yield* phase(
    "stop",
    Effect.map(supervisor.stop, () => supervisor.alive),
  );
});

const list = Effect.gen(function* () {
  const children = Array.from({ length: many }, (_, n) => ChildSpec.make(Idle, undefined, { id: `c${n}` }));
  const some = children.filter((_, n) => n % (many / several) === 0);
  let supervisor!: Supervisor.SupervisorRef;
  yield* phase(
    "start",
    Effect.map(Supervisor.start({ children }), (made) => {
      supervisor = made;
      return starts;
    }),
  );
  yield* phase("a death", Effect.andThen(Actor.kill(supervisor.ref(some[1]!)), started));
  yield* phase(
    "terminate 1000",
    Effect.as(
      Effect.forEach(some, ({ id }) => supervisor.terminateChild(id), { discard: true }),
      several,
    ),
  );
  yield* phase(
    "count",
    Effect.map(supervisor.countChildren, ({ active }) => active),
  );
  yield* phase(
    "stop",
    Effect.map(supervisor.stop, () => supervisor.alive),
  );
});

await Effect.runPromise(CrashReport.silent(Effect.scoped(kind === "list" ? list : dynamic)));
const left = systemOf(await Effect.runPromise(Effect.context<never>())).timers.size;
process.stdout.write(JSON.stringify({ phases, left }));
