import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { eventsOf, ready, running, unit, until, withMaster, withService, yamlUnit } from "./support.ts";
import { marked } from "../marked.ts";

const stopOrder = (events: ReadonlyArray<{ readonly type: string; readonly path: ReadonlyArray<string> }>) =>
  events.filter(({ type }) => type === "stopped").map(({ path }) => path.at(-1));

/** A group whose units stop in order. */
const ordered = (units: ReadonlyArray<string>): string =>
  `managed_processes:\n  - id: ordered\n    strategy: rest_for_one\n    children:\n${units.join("\n")}`;

describe("stopping real processes", () => {
  it("stops the units of a group that fails together in reverse order, one after the other", () =>
    withMaster(ordered(["a", "b", "c"].map((id) => yamlUnit(id, "--stop-delay-ms 30", { indent: 6 }))), ({ control, mark }) =>
      Effect.gen(function* () {
        yield* Effect.forEach(["a", "b", "c"], (id) => ready(control, id));
        expect(marked(mark)).toHaveLength(3);
        yield* control.shutdown;
        yield* control.terminated;
        const events = yield* eventsOf(control);
        expect(stopOrder(events)).toEqual(["c", "b", "a"]);
        expect(events.filter(({ path, type }) => path.at(-1) === "a" && type === "stopping")[0]!.seq).toBeGreaterThan(
          events.find(({ path, type }) => path.at(-1) === "b" && type === "stopped")!.seq,
        );
        expect(marked(mark)).toEqual([]);
      }),
    ));

  it("asks units that do not go together to stop all at once", () =>
    withMaster(
      `managed_processes:\n${["a", "b", "c"].map((id) => yamlUnit(id, "--ignore-term", { stop: "1h" })).join("\n")}`,
      ({ control, mark }) =>
        Effect.gen(function* () {
          yield* Effect.forEach(["a", "b", "c"], (id) => ready(control, id));
          yield* control.shutdown;
          // Each of them has been told, while none has ended.
          const told = (lines: ReadonlyArray<string>): boolean => lines.length === 3;
          const asked = Effect.map(eventsOf(control), (events) =>
            events.filter(({ type }) => type === "stopping").map(({ path }) => path.at(-1)!),
          );
          expect([...(yield* until(asked, told))].sort()).toEqual(["a", "b", "c"]);
          expect(marked(mark)).toHaveLength(3);
          for (const pid of marked(mark)) process.kill(pid, "SIGKILL");
          yield* control.terminated;
          expect(marked(mark)).toEqual([]);
        }),
    ));

  it("kills who ignores SIGTERM after its own deadline, and only then", () =>
    withMaster(
      `managed_processes:\n${yamlUnit("good", "")}\n${yamlUnit("deaf", "--ignore-term", { stop: "150ms" })}`,
      ({ control, mark }) =>
        Effect.gen(function* () {
          yield* ready(control, "deaf");
          yield* ready(control, "good");
          const stopped = yield* control.stop("deaf");
          expect(stopped).toMatchObject({
            state: "stopped",
            pid: null,
            lastExit: { signal: "SIGKILL", because: expect.stringMatching(/^it still ran 150 ms after SIGTERM$/) as string },
            reason: "stopped by hand",
          });
          expect((yield* control.stop("good")).lastExit).toMatchObject({ code: 0 });
          expect(marked(mark)).toEqual([]);
        }),
    ));

  it("is over within force_shutdown_timeout, whatever the units' own deadlines", () =>
    withMaster(
      `process_manager: { force_shutdown_timeout: 200ms }\nmanaged_processes:\n${["a", "b", "c"].map((id) => yamlUnit(id, "--ignore-term", { stop: "1h" })).join("\n")}`,
      ({ control, mark }) =>
        Effect.gen(function* () {
          yield* Effect.forEach(["a", "b", "c"], (id) => ready(control, id));
          yield* control.shutdown;
          yield* control.terminated;
          expect(marked(mark)).toEqual([]);
          expect((yield* eventsOf(control)).map(({ message }) => message)).toContain("not over after 200 ms: killing what is left");
        }),
    ));

  it("is over even when something of the master itself does not end, and the next master starts afresh", () => {
    const held = Deferred.makeUnsafe<void>();
    return withService(
      `process_manager: { force_shutdown_timeout: 200ms }\nmanaged_processes:\n${yamlUnit("a", "")}`,
      Effect.addFinalizer(() => Deferred.await(held)),
      ({ control, mark, store }) =>
        Effect.gen(function* () {
          yield* ready(control, "a");
          expect([store.processes.length, store.units.size]).toEqual([1, 1]);
          yield* control.shutdown;
          yield* control.terminated;
          expect(marked(mark)).toEqual([]);
          expect([store.processes.length, store.units.size]).toEqual([0, 0]);
        }).pipe(Effect.ensuring(Deferred.succeed(held, undefined))),
    );
  });

  it.each([
    { name: "by hand", flags: "--grandchild" },
    { name: "when the grandchild ignores SIGTERM", flags: "--grandchild --ignore-term" },
  ])("leaves nobody of the process group: $name", ({ flags }) =>
    withMaster(`managed_processes:\n${yamlUnit("parent", flags, { stop: "200ms" })}`, ({ control, mark }) =>
      Effect.gen(function* () {
        yield* ready(control, "parent");
        expect(marked(mark)).toHaveLength(2);
        yield* control.stop("parent");
        expect(marked(mark)).toEqual([]);
      }),
    ),
  );

  it("leaves nobody of a crashed unit's group when it starts the next process", () =>
    withMaster(`managed_processes:\n${yamlUnit("parent", "--grandchild --ignore-term", { stop: "100ms" })}`, ({ control, mark }) =>
      Effect.gen(function* () {
        yield* ready(control, "parent");
        const first = marked(mark);
        process.kill((yield* unit(control, "parent")).pid!, "SIGKILL");
        yield* ready(control, "parent", 2);
        expect(marked(mark).filter((pid) => first.includes(pid))).toEqual([]);
      }),
    ));

  it("keeps a unit down that was stopped by hand, also when its siblings restart together", () =>
    withMaster(
      `managed_processes:\n  - id: pair\n    strategy: one_for_all\n    children:\n${yamlUnit("a", "", { indent: 6 })}\n${yamlUnit("b", "", { indent: 6 })}`,
      ({ control }) =>
        Effect.gen(function* () {
          yield* control.stop("a");
          const { pid } = yield* running(control, "b");
          process.kill(pid!, "SIGKILL");
          yield* until(unit(control, "b"), (seen) => seen.state === "running" && seen.pid !== null && seen.pid !== pid);
          expect(yield* unit(control, "a")).toMatchObject({ state: "stopped", pid: null });
          expect((yield* control.start("a")).state).toBe("running");
        }),
    ));

  it("takes back a restart that waits for its backoff", () =>
    withMaster(
      `managed_processes:\n${yamlUnit("flappy", "--run-ms 1 --exit-code 1", { restart: "{ strategy: always, restart_delay: 1h }" })}`,
      ({ control }) =>
        Effect.gen(function* () {
          yield* until(unit(control, "flappy"), ({ state }) => state === "backoff");
          expect(yield* control.stop("flappy")).toMatchObject({ state: "stopped", nextStartAt: null });
        }),
    ));
});

describe("commands", () => {
  it("starts, restarts and signals by hand, and refuses what the state does not take", () =>
    withMaster(`managed_processes:\n${yamlUnit("web", "")}\n${yamlUnit("spare", "", { enabled: false })}`, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* ready(control, "web");
        const { pid } = yield* unit(control, "web");
        expect(yield* Effect.flip(control.start("web"))).toMatchObject({
          code: "HSU-UNIT-002",
          message: 'cannot start unit "web": it is running',
          hint: "running takes: stop, restart, signal, reload",
        });
        const restarted = yield* control.restart("web");
        expect(restarted).toMatchObject({ state: "running", restarts: 0 });
        expect(restarted.pid).not.toBe(pid);
        expect(yield* unit(control, "spare")).toMatchObject({ state: "stopped", reason: "disabled" });
        expect((yield* control.start("spare")).state).toBe("running");
        expect(yield* Effect.flip(control.stop("wob"))).toMatchObject({ code: "HSU-UNIT-001", hint: 'did you mean "web"?' });
        yield* ready(control, "web", 2);
        yield* control.signal("web", "TERM");
        yield* until(unit(control, "web"), ({ restarts, state }) => restarts === 1 && state === "running");
        expect(yield* Effect.flip(control.signal("web", "SIGNONSENSE"))).toMatchObject({ command: "signal SIGNONSENSE" });
        expect(readFileSync(join(directory, "logs/web/stdout.log"), "utf8")).toContain("ready\n");
      }),
    ));

  it("tells why a start by hand failed, and tries again and again where nobody asked", () =>
    withMaster(
      `managed_processes:\n  - id: ghost\n    type: standard_managed\n    management:\n      control: { executable: ./no-such-program }\n      restart_policy: { strategy: always, restart_delay: 1h }\n${yamlUnit("good", "")}`,
      ({ control }) =>
        Effect.gen(function* () {
          expect(yield* unit(control, "ghost")).toMatchObject({ state: "backoff", pid: null });
          expect((yield* unit(control, "good")).state).toBe("running");
          const failure = yield* Effect.flip(control.start("ghost"));
          expect(failure).toMatchObject({ _tag: "StartFailed", code: "HSU-UNIT-003" });
          expect(failure.message).toMatch(/there is no executable ".*no-such-program"/);
          expect(failure).toMatchObject({ hint: expect.stringMatching(/check its spelling \(HSU-PROC-001\)$/) });
          expect((yield* unit(control, "ghost")).state).toBe("failed");
        }),
    ));

  it("lets a unit write as fast as it can, with and without a reader", () =>
    withMaster(
      `managed_processes:\n${yamlUnit("loud", "--spew-lines 200000 --line-bytes 100 --run-ms 1", { restart: "{ strategy: never }" })}`,
      ({ control, directory }) =>
        Effect.gen(function* () {
          yield* until(unit(control, "loud"), ({ state }) => state === "stopped");
          const text = readFileSync(join(directory, "logs/loud/stdout.log"), "latin1");
          expect(text.length).toBe("ready\n".length + 200_000 * 101);
          expect(existsSync(join(directory, "logs/loud/stderr.log"))).toBe(true);
        }),
    ));
});

it("a unit that ends by itself at the very moment of its stop is stopped", () =>
  withMaster(`managed_processes:\n${yamlUnit("web", "", { restart: "{ strategy: always, restart_delay: 1h }" })}`, ({ control }) =>
    Effect.gen(function* () {
      const { pid } = yield* running(control, "web");
      process.kill(pid!, "SIGKILL");
      // The end is known to the supervisor first: the unit still believes that it runs when it is told to stop.
      const until30ms = performance.now() + 30;
      while (performance.now() < until30ms);
      expect((yield* control.stop("web")).state).toBe("stopped");
      expect((yield* unit(control, "web")).state).toBe("stopped");
    }),
  ));
