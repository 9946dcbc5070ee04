import { Worker } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { type ChildSpec, Supervisor, WorkerSupervisor } from "../../src/actor/index.ts";
import { bounded, probe } from "./protocols.ts";

const exports = { probe, second: probe, box: bounded };

/** A thread that starts on a busy machine may take longer than a call waits by itself. */
export const patient = { timeout: "infinity" } as const;

/** Counts the threads that it has started, and those that have exited. */
export class Threads {
  readonly started: Array<Worker> = [];
  exited = 0;

  readonly spawn =
    (program: string, workerData: unknown = {}) =>
    (): Worker => {
      const worker = new Worker(new URL(`./fixtures/${program}.ts`, import.meta.url), { workerData });
      this.started.push(worker);
      worker.once("exit", () => void this.exited++);
      return worker;
    };
}

export const probeChild = (threads: Threads, options: Partial<ChildSpec.Options> = {}, workerData: unknown = {}) =>
  WorkerSupervisor.child({ id: "place", ...options, spawn: threads.spawn("probe", workerData), exports });

/** A supervisor with a worker below it. */
export const startProbe = (
  threads: Threads,
  options: Partial<ChildSpec.Options> = {},
  supervisor: Partial<Supervisor.Options<never>> = {},
) =>
  Effect.gen(function* () {
    const spec = probeChild(threads, options);
    const app = yield* Supervisor.start({ id: "app", ...supervisor, children: [spec, ...(supervisor.children ?? [])] });
    const place = WorkerSupervisor.of(app, spec);
    return { app, spec, place, probe: place.ref("probe"), second: place.ref("second"), box: place.ref("box") };
  });

/** Waits for what another thread has to do: as long as the test may take. */
export const eventually = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.sleep(2), eventually(condition))));
