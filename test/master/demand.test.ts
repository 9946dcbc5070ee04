/** Units on demand in virtual time, on simulated processes and sockets. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { expect } from "vitest";
import { parse } from "../../src/config/index.ts";
import { ProcessDriver } from "../../src/driver/index.ts";
import { type Control, start } from "../../src/master/index.ts";
import { makeMemoryProcesses, type MemoryProcesses, type Program } from "../../src/platform/memory/MemoryProcesses.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { advance, settle } from "../../src/testing/index.ts";
import { unit } from "./support.ts";

const address = "127.0.0.1:80";

const simulated = <A>(
  program: Program,
  use: (control: Control["Service"], memory: MemoryProcesses) => Effect.Effect<A, unknown>,
): Effect.Effect<A, unknown> =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "hsu-demand-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
    );
    const memory = makeMemoryProcesses({ web: program });
    const control = { executable: "web", listen: [{ tcp: address }], on_demand: { idle_timeout: "1s" } };
    const yaml = JSON.stringify({
      managed_processes: [{ id: "web", management: { control, restart_policy: { strategy: "on_failure", restart_delay: "10m" } } }],
    });
    const { spec } = Result.getOrThrow(parse(yaml, join(directory, "hsu.yaml")));
    const driver = yield* Effect.provide(ProcessDriver.make({ stateDirectory: directory, environment: {} }), memory.layer);
    const master = yield* start({
      spec,
      driver,
      stateDirectory: directory,
      store: MemoryStore.make(),
      version: "test",
      pid: 1,
      memory: Effect.succeed(null),
      services: [],
    });
    yield* settle;
    return yield* use(master, memory);
  }).pipe(Effect.scoped);

it.effect("its idle time begins with the first look that finds nobody, and anew with each that finds somebody", () =>
  simulated({ onTerm: { afterMillis: 0, exit: { code: 0, signal: null } } }, (control, { sockets }) =>
    Effect.gen(function* () {
      const state = Effect.map(unit(control, "web"), (now) => now.state);
      expect(sockets.connect(address)).toBe(true);
      yield* settle;
      expect(yield* state).toBe("running");
      yield* advance(600_000);
      expect(yield* state).toBe("running");
      sockets.accept(address);
      yield* advance(1_000);
      expect(yield* state).toBe("running");
      sockets.connect(address);
      yield* advance(300);
      sockets.accept(address);
      yield* advance(1_000);
      expect(yield* state).toBe("running");
      yield* advance(260);
      expect(yield* state).toBe("waiting");
    }),
  ),
);

it.effect("whatever meets its stop for being idle, it waits for the next connection, or for its backoff", () =>
  Effect.forEach([1_240, 1_249, 1_250, 1_251, 1_260], (runMillis) =>
    simulated({ runMillis, exit: { code: 1, signal: null } }, (control, { sockets }) =>
      Effect.gen(function* () {
        sockets.connect(address);
        yield* settle;
        sockets.accept(address);
        yield* advance(1_300);
        const { nextStartAt, state } = yield* unit(control, "web");
        if (state === "backoff") {
          expect(nextStartAt).not.toBe(null);
          yield* advance(601_000);
          expect((yield* unit(control, "web")).state).toBe("running");
        } else {
          expect(state).toBe("waiting");
          sockets.connect(address);
          yield* settle;
          expect((yield* unit(control, "web")).state).toBe("running");
        }
      }),
    ),
  ),
);
