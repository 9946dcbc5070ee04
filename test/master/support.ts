/**
 * A master in this process, on real processes, with a folder of its own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { removeGroups } from "../groups.ts";
import { parse } from "../../src/config/index.ts";
import { ProcessDriver } from "../../src/driver/index.ts";
import { type Control, start } from "../../src/master/index.ts";
import { layer as processes } from "../../src/platform/linux/Processes.ts";
import { MemoryStore, type Store } from "../../src/store/index.ts";
import type { MasterEvent, UnitStatus } from "../../src/protocol/MasterRpc.ts";

const misbehave = resolve("test/programs/misbehave.mjs");

export interface Running {
  readonly control: Control["Service"];
  readonly directory: string;
  /** Every process that any unit of this master has started and that still runs carries this in its environment. */
  readonly mark: string;
}

type Use<A> = (running: Running) => Effect.Effect<A, unknown, Scope.Scope>;

/** Runs `use` with a master of this config, and stops the master after it. */
export const withMaster = <A>(yaml: string, use: Use<A>): Promise<A> => master(yaml, use, false);

/** As soon as it answers, while its units are still being started. */
export const withStarting = <A>(yaml: string, use: Use<A>): Promise<A> => master(yaml, use, true);

/** With a service of the test's own, and the store that the next master would find. */
export const withService = <A>(
  yaml: string,
  service: Effect.Effect<void, never, Scope.Scope>,
  use: (running: Running & { readonly store: Store }) => Effect.Effect<A, unknown, Scope.Scope>,
): Promise<A> => {
  const store = MemoryStore.make();
  return master(yaml, (running) => use({ ...running, store }), false, { store, service });
};

const master = <A>(
  yaml: string,
  use: Use<A>,
  early: boolean,
  { service, store = MemoryStore.make() }: { readonly store?: Store; readonly service?: Effect.Effect<void, never, Scope.Scope> } = {},
): Promise<A> => {
  const directory = mkdtempSync(join(tmpdir(), "hsu-master-"));
  const mark = `HSU_TEST_MARK=${directory}`;
  return Effect.gen(function* () {
    const { spec } = Result.getOrThrow(parse(yaml, join(directory, "hsu.yaml")));
    const driver = yield* ProcessDriver.make({
      stateDirectory: directory,
      environment: { ...process.env, HSU_TEST_MARK: directory },
    });
    const answers = yield* Deferred.make<Control["Service"]>();
    const starting = yield* Effect.forkScoped(
      start({
        spec,
        driver,
        stateDirectory: directory,
        store,
        version: "test",
        pid: process.pid,
        memory: Effect.succeed(null),
        services: [
          { id: "test", start: (control) => Effect.asVoid(Deferred.succeed(answers, control)) },
          ...(service === undefined ? [] : [{ id: "its own", start: () => service }]),
        ],
      }),
    );
    const control = yield* early ? Effect.raceFirst(Deferred.await(answers), Fiber.join(starting)) : Fiber.join(starting);
    return yield* use({ control, directory, mark });
  }).pipe(
    Effect.scoped,
    Effect.provide(processes),
    Effect.ensuring(
      Effect.sync(() => {
        removeGroups(directory);
        rmSync(directory, { recursive: true, force: true });
      }),
    ),
    Effect.runPromise,
  );
};

/** Looks until it is so; fails with what was seen last when that takes too long. */
export const until = <A>(look: Effect.Effect<A, unknown>, isSo: (seen: A) => boolean, millis = 30_000): Effect.Effect<A> =>
  Effect.suspend(() => {
    const deadline = performance.now() + millis;
    const again: Effect.Effect<A> = Effect.flatMap(Effect.orDie(look), (seen) => {
      if (isSo(seen)) return Effect.succeed(seen);
      if (performance.now() > deadline) return Effect.die(new Error(`not so in time, last seen: ${JSON.stringify(seen)}`));
      return Effect.delay(again, 10);
    });
    return again;
  });

export const unit = (control: Control["Service"], id: string): Effect.Effect<UnitStatus> =>
  Effect.map(control.status, ({ units }) => units.find((each) => each.id === id)!);

export const running = (control: Control["Service"], id: string): Effect.Effect<UnitStatus> =>
  until(unit(control, id), ({ state }) => state === "running");

export const eventsOf = (control: Control["Service"]): Effect.Effect<ReadonlyArray<MasterEvent>> =>
  Stream.runCollect(control.events({ follow: false, since: 0 }));

/** Waits until the program that misbehaves has set its signal handlers, in each of `starts` starts. */
export const ready = (control: Control["Service"], id: string, starts = 1): Effect.Effect<unknown> =>
  until(
    Effect.map(Stream.runCollect(control.logs({ unit: id, follow: false, lines: 1000 })), (lines) => lines.map(({ text }) => text)),
    (lines) => lines.filter((text) => text === "ready").length >= starts,
  );

/** A unit of a config, on the program that misbehaves. */
export const yamlUnit = (
  id: string,
  flags: string,
  options: {
    readonly restart?: string;
    readonly stop?: string;
    readonly enabled?: boolean;
    readonly indent?: number;
    readonly control?: ReadonlyArray<string>;
  } = {},
): string =>
  [
    `- id: ${id}`,
    `  type: standard_managed`,
    `  enabled: ${options.enabled ?? true}`,
    `  management:`,
    `    control:`,
    `      executable: ${process.execPath}`,
    `      arguments: [${[misbehave, ...flags.split(" ").filter((flag) => flag !== "")].map((word) => JSON.stringify(word)).join(", ")}]`,
    `      shutdown_timeout: ${options.stop ?? "5s"}`,
    ...(options.control ?? []).map((line) => `      ${line}`),
    `    restart_policy: ${options.restart ?? "{ strategy: always, restart_delay: 20ms }"}`,
  ]
    .map((line) => " ".repeat(options.indent ?? 2) + line)
    .join("\n");
