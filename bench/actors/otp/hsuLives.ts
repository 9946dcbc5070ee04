/**
 * Lives and deaths of HSU's actors, as in the OTP programs of this folder.
 */
import * as Effect from "effect/Effect";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, DynamicSupervisor, Supervisor } from "../../../src/actor/index.ts";
import { Counter, type CounterRef, quietly, rate, timed } from "./hsuServer.ts";
import type { Bench } from "./plan.ts";

const answers = (refs: ReadonlyArray<CounterRef>) =>
  Effect.flatMap(refs.at(-1)?.call("Get") ?? Effect.succeed(-1), (count) =>
    count === 0 ? Effect.void : Effect.die(new Error("a wrong answer")),
  );

const spawn = rate((n) =>
  Effect.flatMap(DynamicSupervisor.start(Counter), (supervisor) =>
    timed(
      Effect.gen(function* () {
        const refs: Array<CounterRef> = [];
        for (let i = 0; i < n; i++) refs.push(yield* supervisor.startChild(0));
        yield* answers(refs);
      }),
    ),
  ),
);

const spawnRoot = rate((n) =>
  timed(
    Effect.gen(function* () {
      const refs: Array<CounterRef> = [];
      for (let i = 0; i < n; i++) refs.push(yield* Actor.spawn(Counter, 0));
      yield* answers(refs);
    }),
  ),
);

const heap = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const idle: Bench = (n) =>
  quietly(
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Counter);
      const before = heap();
      for (let i = 0; i < n; i++) yield* supervisor.startChild(0);
      const bytes = (heap() - before) / n;
      if ((yield* supervisor.countChildren).active !== n) throw new Error("not all there");
      return { bytes };
    }),
  );

const crashProtocol = RpcGroup.make(Rpc.make("Crash"));

const Crasher = Actor.make({
  name: "crasher",
  protocol: crashProtocol,
  init: (owner: { up: () => void }) => {
    owner.up();
    return 0;
  },
  handlers: {
    Crash: () => {
      throw new Error("crash");
    },
  },
});

/** As OTP's are set: limited, but not stopped. */
const often = { intensity: 1_000_000_000, periodMillis: 1000 };

const sum = (values: ReadonlyArray<number>): number => values.reduce((all, value) => all + value, 0);
const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

const restart: Bench = (n) =>
  quietly(
    Effect.gen(function* () {
      const owner = { up: () => {} };
      const spec = ChildSpec.make(Crasher, owner, { id: "child" });
      const ref = (yield* Supervisor.start({ ...often, children: [spec] })).ref(spec);
      const times: Array<number> = [];
      const crashes = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          const { promise, resolve } = Promise.withResolvers<number>();
          owner.up = () => resolve(performance.now());
          const began = performance.now();
          ref.cast("Crash");
          times.push((await promise) - began);
        }
      };
      const first = Math.min(1000, n);
      const early = yield* timed(Effect.promise(() => crashes(first)));
      const late = yield* timed(Effect.promise(() => crashes(n - first)));
      if (ref.incarnation !== n + 1) throw new Error("not as many incarnations as crashes");
      const p50 = median(times.slice(0, first));
      const kept = p50 / median(times.slice(-1000));
      return { rate: (n * 1000) / (early + late), early: (first * 1000) / early, p50: p50 * 1000, kept };
    }),
  );

const crashAtOnce = (size: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const owner = { up: () => {} };
      const specs = Array.from({ length: size }, (_, index) => ChildSpec.make(Crasher, owner, { id: String(index) }));
      const supervisor = yield* Supervisor.start({ ...often, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      return yield* timed(
        Effect.callback<void>((resume) => {
          let left = size;
          owner.up = () => (--left === 0 ? resume(Effect.void) : undefined);
          for (const ref of refs) ref.cast("Crash");
        }),
      );
    }),
  );

const burst: Bench = (n) =>
  quietly(
    Effect.map(
      Effect.forEach(Array.from({ length: n / 1000 }), () => crashAtOnce(1000)),
      (times) => ({ rate: (n * 1000) / sum(times) }),
    ),
  );

const group = (id: string) =>
  Supervisor.child({
    id,
    children: Array.from({ length: 1000 }, (_, index) => ChildSpec.make(Counter, 0, { id: String(index) })),
  });

const tree: Bench = (n) =>
  quietly(
    Effect.gen(function* () {
      const began = performance.now();
      const root = yield* Supervisor.start({ children: Array.from({ length: n / 1000 }, (_, index) => group(String(index))) });
      const up = performance.now();
      yield* root.stop;
      if (root.alive) throw new Error("not stopped");
      return { start: (n * 1000) / (up - began), stop: (n * 1000) / (performance.now() - up) };
    }),
  );

export const lives = { spawn, spawnRoot, idle, idleHibernated: idle, restart, burst, tree } satisfies Readonly<Record<string, Bench>>;
