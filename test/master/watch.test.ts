/** When a process of somebody else is looked for, in virtual time and a simulated system. */
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import { parse } from "../../src/config/index.ts";
import { ProcessDriver } from "../../src/driver/index.ts";
import { start } from "../../src/master/index.ts";
import { Processes } from "../../src/platform/index.ts";
import { makeMemoryProcesses } from "../../src/platform/memory/MemoryProcesses.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { yamlUnmanaged } from "./outsider.ts";
import { unit } from "./support.ts";

it.effect("is after 1, 2 and 4 s and then every check_interval, and looked at no more often than that", () => {
  const memory = makeMemoryProcesses();
  let looks = 0;
  return Effect.gen(function* () {
    const processes = yield* Processes;
    const counting = Processes.of({
      ...processes,
      foreign: {
        ...processes.foreign,
        discover: (...query) => {
          looks++;
          return processes.foreign.discover(...query);
        },
      },
    });
    const driver = yield* Effect.provideService(ProcessDriver.make({ stateDirectory: "/nowhere", environment: {} }), Processes, counting);
    const yaml = `managed_processes:\n${yamlUnmanaged("daemon", "{ process_name: daemon, check_interval: 6s }")}`;
    const { spec } = Result.getOrThrow(parse(yaml, "hsu.yaml"));
    const control = yield* start({
      spec,
      driver,
      stateDirectory: "/nowhere",
      store: MemoryStore.make(),
      version: "test",
      pid: 1,
      memory: Effect.succeed(null),
      services: [],
    });
    const looksAfter = (millis: number) => Effect.map(TestClock.adjust(millis), () => looks);
    const seen: Array<number> = [];
    for (const millis of [0, 999, 1, 2000, 4000, 5999, 1, 6000]) seen.push(yield* looksAfter(millis));
    expect(seen).toEqual([1, 1, 2, 3, 4, 4, 5, 6]);
    expect(yield* unit(control, "daemon")).toMatchObject({ state: "stopped", reason: "not found: no such process" });
    const daemon = memory.appear({ name: "daemon" });
    yield* TestClock.adjust(6000);
    expect(yield* unit(control, "daemon")).toMatchObject({ state: "running", pid: daemon.pid });
    daemon.end();
    yield* TestClock.adjust(0);
    expect(yield* unit(control, "daemon")).toMatchObject({ state: "stopped", reason: "not found", restarts: 0 });
  }).pipe(Effect.scoped, Effect.provide(memory.layer));
});
