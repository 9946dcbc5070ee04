/**
 * The plan on HSU, as a program would write it, and on a bare worker with `postMessage`.
 */
import { Worker } from "node:worker_threads";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { Supervisor, WorkerSupervisor } from "../../../src/actor/index.ts";
import { burst, counter, type Side, together } from "./plan.ts";

const check = (is: number, wanted: number): void => {
  if (is !== wanted) throw new Error(`${is} instead of ${wanted}`);
};

export const hsu = async (): Promise<Side> => {
  const scope = Scope.makeUnsafe();
  const spawn = (): Worker => new Worker(new URL("hsuThread.ts", import.meta.url));
  const place = WorkerSupervisor.child({ id: "place", spawn, exports: { counter } });
  const app = await Effect.runPromise(Scope.provide(Supervisor.start({ children: [place] }), scope));
  const ref = WorkerSupervisor.of(app, place).ref("counter");
  let total = 0;
  return {
    casts: (n) =>
      Effect.runPromise(
        Effect.gen(function* () {
          for (let sent = 0; sent < n; sent += burst) {
            for (let i = 0; i < burst; i++) ref.cast("Add", { by: 1 });
            check(yield* ref.call("Get"), (total += burst));
          }
        }),
      ),
    call: (n) =>
      Effect.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < n; i++) check(yield* ref.call("Get"), total);
        }),
      ),
    calls: (n) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const all = Array.from({ length: together }, () => ref.call("Get"));
          for (let i = 0; i < n; i += together)
            for (const count of yield* Effect.all(all, { concurrency: "unbounded" })) check(count, total);
        }),
      ),
    end: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  };
};

export const port = async (): Promise<Side> => {
  const worker = new Worker(new URL("portThread.ts", import.meta.url));
  const waiting = new Map<number, (count: number) => void>();
  worker.on("message", ({ count, id }: { readonly count: number; readonly id: number }) => {
    waiting.get(id)?.(count);
    waiting.delete(id);
  });
  let last = 0;
  const get = (): Promise<number> =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      worker.postMessage({ id });
    });
  let total = await get();
  return {
    casts: async (n) => {
      for (let sent = 0; sent < n; sent += burst) {
        for (let i = 0; i < burst; i++) worker.postMessage({ by: 1 });
        check(await get(), (total += burst));
      }
    },
    call: async (n) => {
      for (let i = 0; i < n; i++) check(await get(), total);
    },
    calls: async (n) => {
      for (let i = 0; i < n; i += together)
        for (const count of await Promise.all(Array.from({ length: together }, get))) check(count, total);
    },
    end: () => worker.terminate(),
  };
};
