import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsOf, running, unit, until, withMaster, yamlUnit } from "./support.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "hsu-module-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const journal = (id: string) => Effect.sync(() => readFileSync(join(folder, id), "utf8").trim().split("\n"));
const yamlModule = (
  id: string,
  config: object,
  options: { readonly control?: object; readonly restart?: object | string } = {},
  indent = 2,
) =>
  `${" ".repeat(indent)}- ${JSON.stringify({
    id,
    type: "module",
    management: {
      control: {
        module: resolve("test/master/fixtures/modules.ts"),
        export: "obedient",
        config: { journal: join(folder, id), ...config },
        ...options.control,
      },
      restart_policy: options.restart ?? { strategy: "always", restart_delay: "10ms" },
    },
  })}`;
const config = (...units: ReadonlyArray<string>) => `managed_processes:\n${units.join("\n")}`;

describe.each([{ worker: false }, { worker: true }])("a module unit (worker: $worker)", ({ worker }) => {
  const control = { worker };

  it("is restarted, given up and left alone as its policy says", () =>
    withMaster(
      config(
        yamlModule("crash", { then: "crash" }, { control, restart: { strategy: "on_failure", max_attempts: 2, restart_delay: "5ms" } }),
        yamlModule("job", { then: "finish" }, { control, restart: "never" }),
        yamlModule("failed", { then: "crash" }, { control, restart: "never" }),
      ),
      ({ control: master }) =>
        Effect.gen(function* () {
          const crashed = yield* until(unit(master, "crash"), ({ state }) => state === "failed");
          expect(crashed).toMatchObject({ restarts: 2, reason: "gave up after 2 restarts in a row", lastExit: { code: 1 }, pid: null });
          expect(yield* until(unit(master, "job"), ({ state }) => state === "stopped")).toMatchObject({
            restarts: 0,
            lastExit: { code: 0 },
          });
          expect(yield* until(unit(master, "failed"), ({ state }) => state === "failed")).toMatchObject({ restarts: 0 });
          expect(yield* journal("crash")).toEqual(["init", "terminate Error", "init", "terminate Error", "init", "terminate Error"]);
        }),
    ));

  it("stops in good order, is killed when that takes too long, and can be started again", () =>
    withMaster(
      config(
        yamlModule("good", {}, { control }),
        yamlModule("deaf", { stop: "never" }, { control: { ...control, shutdown_timeout: "50ms" } }),
      ),
      ({ control: master }) =>
        Effect.gen(function* () {
          yield* running(master, "good");
          expect(yield* master.stop("good")).toMatchObject({
            state: "stopped",
            reason: "stopped by hand",
            lastExit: { code: 0 },
            startedAt: null,
          });
          expect(yield* journal("good")).toEqual(["init", "terminate Shutdown"]);
          expect(yield* master.stop("deaf")).toMatchObject({ state: "stopped", lastExit: { code: null } });
          expect(yield* master.start("good")).toMatchObject({ state: "running", restarts: 0 });
          expect((yield* unit(master, "good")).startedAt).not.toBe(null);
        }),
    ));

  it("whose start takes too long is a failed start, and nothing of it is left", () =>
    withMaster(
      config(
        yamlModule(
          "slow",
          { start: "never" },
          { control: { ...control, startup_timeout: "1s" }, restart: { strategy: "always", restart_delay: "1h" } },
        ),
        yamlModule("next", {}, { control }),
      ),
      ({ control: master }) =>
        Effect.gen(function* () {
          expect(yield* unit(master, "slow")).toMatchObject({ state: "backoff", ready: false });
          yield* running(master, "next");
          // In the master it is told to end; a thread ends with all that is on it.
          if (!worker) expect(yield* until(journal("slow"), (lines) => lines.length > 1)).toEqual(["init", "interrupted"]);
          expect(yield* Effect.flip(master.signal("next", "HUP"))).toMatchObject({ _tag: "NotAllowed", code: "HSU-UNM-001" });
        }),
    ));
});

it("a module unit and a process of one_for_all restart together", () =>
  withMaster(
    `managed_processes:\n  - id: both\n    strategy: one_for_all\n    children:\n${yamlModule("actor", {}, {}, 6)}\n${yamlUnit("web", "", { indent: 6 })}`,
    ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* running(control, "web");
        process.kill(pid!, "SIGKILL");
        yield* until(unit(control, "web"), (seen) => seen.state === "running" && seen.pid !== null && seen.pid !== pid);
        expect(yield* until(unit(control, "actor"), ({ state }) => state === "running")).toMatchObject({ kind: "module" });
        expect(yield* journal("actor")).toEqual(["init", "terminate Shutdown", "init"]);
      }),
  ));

it("a module unit waits for what it requires, and is what others can wait for", () =>
  withMaster(
    config(
      yamlModule("last", {}).replace('"id":', '"requires":["middle"],"id":'),
      yamlUnit("middle", "").replace("type:", "requires: [first]\n    type:"),
      yamlModule("first", {}).replace('"id":', '"enabled":false,"id":'),
    ),
    ({ control }) =>
      Effect.gen(function* () {
        expect(yield* unit(control, "last")).toMatchObject({ state: "blocked", reason: "waits for middle" });
        yield* control.start("first");
        yield* running(control, "last");
        const started = (yield* eventsOf(control)).filter(({ type }) => type === "started").map(({ path }) => path.at(-1));
        expect(started).toEqual(["first", "middle", "last"]);
      }),
  ));

it("a thread that never comes to a stop is killed at its deadline, and nobody else waits for it", () =>
  withMaster(
    config(yamlModule("spin", { then: "spin" }, { control: { worker: true, shutdown_timeout: "100ms" } }), yamlModule("calm", {})),
    ({ control }) =>
      Effect.gen(function* () {
        yield* until(journal("spin"), (lines) => lines.includes("spin"));
        expect(yield* running(control, "calm")).toMatchObject({ state: "running" });
        expect(yield* control.stop("spin")).toMatchObject({ state: "stopped", lastExit: { code: null } });
        yield* control.restart("calm");
        expect(yield* journal("spin")).toEqual(["init", "spin"]);
        const events = (yield* eventsOf(control)).filter(({ path }) => path.at(-1) === "calm").map(({ message }) => message);
        expect(events).toContain("started in the master");
      }),
  ));
