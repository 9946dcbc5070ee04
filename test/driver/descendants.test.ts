import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { describe, expect, it } from "vitest";
import { type Driver, ProcessDriver, type TaskSpec } from "../../src/driver/index.ts";
import type { Processes } from "../../src/platform/index.ts";
import { noControlGroups } from "../../src/platform/linux/Cgroup.ts";
import { layerWith } from "../../src/platform/linux/Processes.ts";
import { marked } from "../marked.ts";
import { temporaryFolder, twoMastersProbe, until } from "../platform/support.ts";

interface Place {
  readonly folder: string;
  readonly driver: Driver;
  readonly mark: string;
}

const inPlace = (processes: Layer.Layer<Processes>, use: (place: Place) => Effect.Effect<void, unknown, Scope.Scope | Processes>) =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    yield* Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* ProcessDriver.make({ stateDirectory: folder, environment: { ...process.env, HSU_TEST_MARK: folder } });
        yield* use({ folder, driver, mark: `HSU_TEST_MARK=${folder}` });
      }),
    );
    // After the driver's own end nobody is left, whatever happened before.
    yield* until("nobody is left", () => marked(`HSU_TEST_MARK=${folder}`).length === 0);
  }).pipe(Effect.scoped, Effect.provide(processes), Effect.runPromise);

const task = (folder: string, script: string): TaskSpec => ({
  id: "u",
  invocation: crypto.randomUUID(),
  executable: "sh",
  args: ["-c", script],
  workingDirectory: folder,
  environment: {},
  capture: { stdout: true, stderr: true },
});

/** At once, as daemons do: a child that starts a session, and a grandchild of it whose parents are gone. */
const daemonAs = (file: string): string => `setsid sh -c 'trap "" TERM; sleep 600 & echo $! > tmp; mv tmp ${file}' &`;
const daemon = daemonAs("daemon");
const has = (folder: string, name: string) => until(`there is ${name}`, () => existsSync(join(folder, name)));
const daemonRuns = (folder: string, mark: string, file = "daemon"): boolean =>
  marked(mark).includes(Number(readFileSync(join(folder, file), "latin1")));

const systems = [
  ["with control groups, where there are any", layerWith(twoMastersProbe)],
  ["without control groups", layerWith(twoMastersProbe, process.env, noControlGroups)],
] as const;

describe.each(systems)("who leaves the session of a unit, %s", (_, processes) => {
  it("ends with it when it is stopped", () =>
    inPlace(processes, ({ driver, folder, mark }) =>
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const started = yield* driver.start(task(folder, `${daemon} exec sleep 600`));
            yield* has(folder, "daemon");
            expect(daemonRuns(folder, mark)).toBe(true);
            yield* started.signal("SIGTERM");
            yield* started.wait;
          }),
        );
        yield* until("the daemon has ended", () => marked(mark).length === 0);
      }),
    ));

  it("ends at the latest with the master when the unit ended by itself, also one that was faster than its group", () =>
    inPlace(processes, ({ driver, folder }) =>
      Effect.scoped(
        Effect.gen(function* () {
          // The leader is gone before anybody can have taken it in.
          const started = yield* driver.start(task(folder, `${daemon} exit 0`));
          yield* started.wait;
          yield* has(folder, "daemon");
        }),
      ),
    ));

  it("ends with it when a later master stops it, and when it is found without its leader", () =>
    inPlace(processes, ({ driver, folder, mark }) =>
      Effect.gen(function* () {
        const given = task(folder, `sleep 0.2; ${daemon} exec sleep 600`);
        // Another driver's, as an earlier master's: it is not told of what becomes of it.
        const earlier = yield* driver.start(given);
        yield* has(folder, "daemon");
        yield* Effect.scoped(
          Effect.gen(function* () {
            const later = yield* ProcessDriver.make({ stateDirectory: folder, environment: process.env });
            const recovered = yield* later.recover(earlier.identity, given.invocation, given.id);
            expect(recovered._tag).toBe("Some");
          }),
        );
        yield* until("nobody is left", () => marked(mark).length === 0);

        const next = task(folder, `sleep 0.2; ${daemonAs("next")} exec sleep 600`);
        const lost = yield* driver.start(next);
        yield* has(folder, "next");
        expect(daemonRuns(folder, mark, "next")).toBe(true);
        process.kill(lost.identity.pid, "SIGKILL");
        yield* lost.wait;
        yield* driver.sweep(next.id, next.invocation);
        yield* until("its daemon has ended", () => marked(mark).length === 0);
      }),
    ));
});
