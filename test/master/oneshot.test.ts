import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { describe, expect, it } from "vitest";
import { eventsOf, ready, unit, until, withMaster, yamlUnit } from "./support.ts";
import { marked } from "../marked.ts";

const oneshot = (id: string, flags: string, options: Parameters<typeof yamlUnit>[2] = {}): string =>
  yamlUnit(id, flags, { ...options, control: ["start: oneshot", ...(options.control ?? [])] });
const tree = (...units: ReadonlyArray<string>): string => `managed_processes:\n${units.join("\n")}`;

describe("one-shot units", () => {
  it("is starting while it runs, and completed when it has ended with success; what is listed after it starts then", () =>
    withMaster(tree(oneshot("migrate", "--run-ms 300"), yamlUnit("web", "")), ({ control }) =>
      Effect.gen(function* () {
        const migrate = yield* unit(control, "migrate");
        expect(migrate).toMatchObject({ state: "completed", reason: null, pid: null, startedAt: null, lastExit: { code: 0 }, restarts: 0 });
        const web = yield* unit(control, "web");
        expect(web.state).toBe("running");
        expect(web.startedAt).toBeGreaterThanOrEqual(migrate.lastExit!.at);
        const events = (yield* eventsOf(control)).filter(({ path }) => path.at(-1) === "migrate").map(({ type }) => type);
        expect(events).toEqual(["starting", "completed"]);
      }),
    ));

  it("leaves nobody of its group when it is done", () =>
    withMaster(tree(oneshot("migrate", "--grandchild --run-ms 100")), ({ control, mark }) =>
      Effect.gen(function* () {
        expect((yield* unit(control, "migrate")).state).toBe("completed");
        expect(marked(mark)).toEqual([]);
      }),
    ));

  it("a failure is a failed start, and is tried again as the policy says, also where that is always", () =>
    withMaster(
      tree(
        oneshot("twice", "--run-ms 1 --exit-code 3", { restart: "{ strategy: always, restart_delay: 1ms, max_attempts: 2 }" }),
        oneshot("never", "--run-ms 1 --exit-code 3", { restart: "never" }),
        yamlUnit("web", ""),
      ),
      ({ control }) =>
        Effect.gen(function* () {
          const twice = yield* until(unit(control, "twice"), ({ state }) => state === "failed");
          expect(twice).toMatchObject({ restarts: 2, reason: "gave up after 2 restarts in a row: exit code 3", lastExit: { code: 3 } });
          const never = yield* until(unit(control, "never"), ({ state }) => state === "failed");
          expect(never).toMatchObject({ restarts: 0, lastExit: { code: 3 } });
          expect((yield* unit(control, "web")).state).toBe("running");
          const error = yield* Effect.flip(control.start("never"));
          expect(error).toMatchObject({ _tag: "StartFailed", reason: "exit code 3" });
        }),
    ));

  it("a restart by hand runs it again, a start of one that is completed is refused, a stop makes it stopped", () =>
    withMaster(tree(oneshot("migrate", "--run-ms 1 --announce runs")), ({ control, directory }) =>
      Effect.gen(function* () {
        const runs = () => readFileSync(join(directory, "runs"), "utf8").trim().split("\n").length;
        expect(yield* Effect.flip(control.start("migrate"))).toMatchObject({ state: "completed", legal: ["stop", "restart"] });
        expect((yield* control.restart("migrate")).state).toBe("completed");
        expect(runs()).toBe(2);
        expect((yield* control.stop("migrate")).state).toBe("stopped");
        expect((yield* control.start("migrate")).state).toBe("completed");
        expect(runs()).toBe(3);
      }),
    ));

  it("one that is stopped while it runs is asked first, and killed at its deadline", () =>
    withMaster(
      tree(
        oneshot("polite", "--stop-delay-ms 100 --exit-code 9", { enabled: false }),
        oneshot("deaf", "--ignore-term", { enabled: false, stop: "200ms" }),
      ),
      ({ control }) =>
        Effect.gen(function* () {
          for (const [id, ending] of [
            ["polite", { code: 9, signal: null }],
            ["deaf", { code: null, signal: "SIGKILL" }],
          ] as const) {
            const starting = yield* Effect.forkChild(Effect.flip(control.start(id)));
            yield* ready(control, id);
            yield* control.stop(id);
            expect(yield* unit(control, id)).toMatchObject({ state: "stopped", reason: "stopped by hand", lastExit: ending });
            expect(yield* Fiber.join(starting)).toMatchObject({ _tag: "StartFailed" });
          }
        }),
    ));

  it("one that takes longer than its deadline has failed, is asked first, and is not restarted where it never is", () =>
    withMaster(tree(oneshot("slow", "--exit-code 9", { restart: "never", control: ["startup_timeout: 1s"] })), ({ control }) =>
      Effect.gen(function* () {
        const slow = yield* until(unit(control, "slow"), ({ state }) => state === "failed");
        expect(slow).toMatchObject({ lastExit: { code: 9 }, reason: "failed, and is never restarted: not up after 1000 ms" });
        expect((yield* eventsOf(control)).find(({ type }) => type === "failed")?.message).toContain("not up after 1000 ms");
      }),
    ));

  it("is run again when its group restarts", () =>
    withMaster(
      [
        "managed_processes:",
        "  - id: both",
        "    strategy: one_for_all",
        "    children:",
        oneshot("migrate", "--run-ms 1 --announce runs", { indent: 6 }),
        yamlUnit("web", "", { indent: 6 }),
      ].join("\n"),
      ({ control, directory }) =>
        Effect.gen(function* () {
          const web = yield* unit(control, "web");
          process.kill(web.pid!, "SIGKILL");
          yield* until(unit(control, "web"), ({ pid, state }) => state === "running" && pid !== null && pid !== web.pid);
          expect((yield* unit(control, "migrate")).state).toBe("completed");
          expect(readFileSync(join(directory, "runs"), "utf8").trim().split("\n")).toHaveLength(2);
        }),
    ));
});
