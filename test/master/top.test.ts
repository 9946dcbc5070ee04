import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import { expect, it } from "@effect/vitest";
import { parse } from "../../src/config/index.ts";
import { ProcessDriver } from "../../src/driver/index.ts";
import { start } from "../../src/master/index.ts";
import { makeMemoryProcesses } from "../../src/platform/memory/MemoryProcesses.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const unit = (id: string): string => `  - { id: ${id}, management: { control: { executable: work }, restart_policy: never } }`;

it.effect("all units are sampled by one timer, and nobody is while nobody runs", () => {
  const directory = mkdtempSync(join(tmpdir(), "hsu-top-"));
  const memory = makeMemoryProcesses({ work: { stats: { rssBytes: 1 << 20, cpuMillis: 5000, threads: 3 } } });
  return Effect.gen(function* () {
    const { spec } = Result.getOrThrow(parse(`managed_processes:\n${unit("one")}\n${unit("two")}\n`, join(directory, "hsu.yaml")));
    const driver = yield* ProcessDriver.make({ stateDirectory: directory, environment: {} });
    let meters = 0;
    const counted: typeof driver = { ...driver, meter: (pid) => Effect.tap(driver.meter(pid), () => Effect.sync(() => meters++)) };
    const control = yield* start({
      spec,
      driver: counted,
      stateDirectory: directory,
      store: MemoryStore.make(),
      version: "test",
      pid: process.pid,
      memory: Effect.succeed(null),
      services: [],
    });
    /** The processes of the test are made up but its files are real: what was asked for comes when they were written and read. */
    const until = <E>(holds: Effect.Effect<boolean, E>) =>
      Effect.gen(function* () {
        for (const last = Date.now() + 20_000; Date.now() < last && !(yield* holds);) yield* looked();
      });
    const looked = () => Effect.promise(() => new Promise((resume) => setTimeout(resume, 20)));
    expect((yield* control.status).units.map(({ cpu }) => cpu)).toEqual([undefined, undefined]);
    yield* TestClock.adjust(10_000);
    // What looks is loaded with the first look.
    yield* until(Effect.map(control.status, ({ units }) => units.every(({ cpu }) => cpu !== undefined)));
    expect((yield* control.status).units.map(({ cpu, memory: bytes }) => [cpu, bytes])).toEqual([
      [50, 1 << 20],
      [50, 1 << 20],
    ]);
    yield* TestClock.adjust(10_000);
    const asked = control.resources({ unit: "one", history: true, detail: false });
    yield* until(Effect.map(asked, ({ units }) => units[0]?.history?.length === 2));
    const report = yield* asked;
    expect(report.units).toMatchObject([
      { unit: "one", usage: { cpuPercent: 0, threads: 3 }, history: [{ cpuPercent: 50 }, { cpuPercent: 0 }] },
    ]);
    for (const process of memory.started()) process.end({ code: 0, signal: null });
    yield* until(Effect.map(control.status, ({ units }) => units.every(({ pid }) => pid === null)));
    const before = meters;
    yield* TestClock.adjust(100_000);
    yield* looked();
    expect(meters).toBe(before);
    expect((yield* control.resources({ unit: null, history: false, detail: false })).units.map(({ usage }) => usage)).toEqual([null, null]);
  }).pipe(Effect.scoped, Effect.provide(memory.layer), Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true }))));
});
