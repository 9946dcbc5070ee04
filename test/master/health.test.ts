import { createServer, type Server, type ServerResponse } from "node:http";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import { describe, expect, it } from "vitest";
import type { MasterEvent } from "../../src/protocol/MasterRpc.ts";
import { marked } from "../marked.ts";
import { eventsOf, ready, type Running, unit, until, withMaster, yamlUnit } from "./support.ts";

/** A health port in the hands of the test: what it says, whom it keeps waiting, and how often it was asked. */
class Oracle {
  status = 200;
  asked = 0;
  hangs = false;
  readonly waiting: Array<ServerResponse> = [];
  /** Requests that are being answered at this moment, and the most there ever were. */
  open = 0;
  most = 0;
  readonly server: Server = createServer((_, answer) => {
    this.asked++;
    this.most = Math.max(this.most, ++this.open);
    answer.on("close", () => this.open--);
    if (this.hangs) this.waiting.push(answer);
    else answer.writeHead(this.status).end();
  });
  url = "";
}

const withOracle = <A>(
  config: (url: string) => string,
  use: (running: Running, oracle: Oracle) => Effect.Effect<A, unknown, Scope.Scope>,
  status = 200,
): Promise<A> =>
  new Promise<Oracle>((resolve) => {
    const oracle = new Oracle();
    oracle.status = status;
    oracle.server.listen(0, "127.0.0.1", () => {
      const address = oracle.server.address();
      oracle.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/health`;
      resolve(oracle);
    });
  }).then((oracle) =>
    withMaster(`managed_processes:\n${config(oracle.url)}`, (master) => use(master, oracle)).finally(() => {
      oracle.server.closeAllConnections();
      oracle.server.close();
    }),
  );

const probed = (flags: string, block: string, options: Parameters<typeof yamlUnit>[2] = {}): string =>
  `${yamlUnit("web", flags, options)}\n      ${block}`;

/** Long enough for an answer of this very process while others use the machine. */
const fast = "interval: 150ms, timeout: 140ms";
const messages = (events: ReadonlyArray<MasterEvent>, ...types: ReadonlyArray<string>) =>
  events.filter(({ type }) => types.includes(type)).map(({ message, type }) => `${type}: ${message}`);

describe("liveness", () => {
  it("HTTP 503 three times → restart, once, and everybody is told why", () =>
    withOracle(
      (url) => probed("", `health_check: { ${fast}, failure_threshold: 3, http_endpoint: "${url}" }`),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          const before = yield* until(unit(control, "web"), ({ health, ready: isReady }) => health === "healthy" && isReady);
          yield* ready(control, "web");
          oracle.status = 503;
          // Whoever comes after the first process is well: only the failures of the first count.
          yield* until(unit(control, "web"), ({ pid }) => pid === null || pid !== before.pid);
          oracle.status = 200;
          const after = yield* until(unit(control, "web"), ({ health, restarts }) => health === "healthy" && restarts > 0);
          expect(after).toMatchObject({
            state: "running",
            restarts: 1,
            lastExit: { code: 0, signal: null, because: "liveness probe failed 3 times: HTTP 503" },
          });
          const asked = oracle.asked;
          yield* until(
            Effect.sync(() => oracle.asked),
            (now) => now > asked + 5,
          );
          expect((yield* unit(control, "web")).restarts).toBe(1);
          expect(oracle.most).toBe(1);
          expect(messages(yield* eventsOf(control), "healthy", "ready", "not_ready", "unhealthy", "restarting")).toEqual([
            "healthy: liveness probe: HTTP 200",
            "ready: liveness probe: HTTP 200",
            "unhealthy: liveness probe failed 3 times: HTTP 503",
            "not_ready: liveness probe failed 3 times: HTTP 503",
            "restarting: liveness probe failed 3 times: HTTP 503 (exit code 0): restarts in 20 ms (attempt 1 in a row)",
            "healthy: liveness probe: HTTP 200",
            "ready: liveness probe: HTTP 200",
          ]);
        }),
    ));

  it("each failed check starts no restart of its own: one process after another, never two", () =>
    withOracle(
      (url) => probed("", `health_check: { ${fast}, retries: 2, http_endpoint: "${url}" }`),
      ({ control, mark }) =>
        Effect.gen(function* () {
          for (let round = 1; round <= 3; round++) {
            yield* until(unit(control, "web"), ({ restarts, state }) => {
              expect(marked(mark).length).toBeLessThan(2);
              return restarts >= round && state === "running";
            });
          }
          const events = yield* eventsOf(control);
          const failures = messages(events, "unhealthy");
          // On a busy machine an answer may also come too late.
          for (const failure of failures) expect(failure).toMatch(/^unhealthy: liveness probe failed 2 times: (HTTP 500|no answer)/);
          // The last one may not have been followed by its restart yet.
          const { restarts } = yield* unit(control, "web");
          expect(failures.length - restarts === 0 || failures.length - restarts === 1).toBe(true);
        }),
      500,
    ));

  it("one that ignores SIGTERM is killed at its stop deadline, and comes back", () =>
    withOracle(
      (url) => probed("--ignore-term", `health_check: { ${fast}, failure_threshold: 1, http_endpoint: "${url}" }`, { stop: "100ms" }),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          yield* ready(control, "web");
          oracle.status = 404;
          yield* until(unit(control, "web"), ({ pid, restarts }) => restarts > 0 || pid === null);
          oracle.status = 200;
          const after = yield* until(unit(control, "web"), ({ health, restarts }) => health === "healthy" && restarts > 0);
          expect(after.lastExit).toMatchObject({ signal: "SIGKILL", because: "liveness probe failed once: HTTP 404" });
          expect((yield* eventsOf(control)).length).toBeGreaterThan(0);
        }),
    ));

  it("a unit stopped by hand is not brought back by a check that was under way", () =>
    withOracle(
      (url) => probed("", `health_check: { interval: 60s, timeout: 50s, failure_threshold: 1, http_endpoint: "${url}" }`),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          yield* control.restart("web");
          oracle.hangs = true;
          yield* control.restart("web");
          yield* until(
            Effect.sync(() => oracle.waiting.length),
            (many) => many === 1,
          );
          yield* control.stop("web");
          // The late answer: nobody is there to hear it.
          oracle.waiting[0]!.writeHead(503).end();
          yield* until(
            Effect.sync(() => oracle.open),
            (open) => open === 0,
          );
          expect(yield* unit(control, "web")).toMatchObject({ state: "stopped", reason: "stopped by hand", pid: null, ready: false });
          expect(messages(yield* eventsOf(control), "unhealthy", "restarting")).toEqual([]);
        }),
    ));

  it("a failing check while a stop by hand waits for its process restarts nothing", () =>
    withOracle(
      (url) => probed("--stop-delay-ms 400", `health_check: { ${fast}, failure_threshold: 1, http_endpoint: "${url}" }`),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          yield* ready(control, "web");
          const stopping = yield* Effect.forkChild(control.stop("web"), { startImmediately: true });
          yield* until(unit(control, "web"), ({ state }) => state === "stopping");
          oracle.status = 503;
          const stopped = yield* Fiber.join(stopping);
          expect(stopped).toMatchObject({ state: "stopped", reason: "stopped by hand" });
          expect(messages(yield* eventsOf(control), "unhealthy", "not_ready", "restarting")).toEqual([]);
        }),
    ));

  it("the restart policy decides: never is never", () =>
    withOracle(
      (url) => probed("", `health_check: { ${fast}, failure_threshold: 1, http_endpoint: "${url}" }`, { restart: "never" }),
      ({ control }) =>
        Effect.gen(function* () {
          const failed = yield* until(unit(control, "web"), ({ state }) => state === "failed");
          expect(failed).toMatchObject({ pid: null, restarts: 0, lastExit: { because: "liveness probe failed once: HTTP 503" } });
          expect((yield* control.start("web")).state).toBe("running");
        }),
      503,
    ));

  it("a dead health port is connection refused", () =>
    withMaster(
      `managed_processes:\n${probed("", `health_check: { ${fast}, type: tcp, tcp: { address: "127.0.0.1:1" }, run_options: { retries: 2 } }`)}`,
      ({ control }) =>
        Effect.gen(function* () {
          const after = yield* until(unit(control, "web"), ({ restarts }) => restarts > 0);
          expect(after.lastExit?.because).toBe("liveness probe failed 2 times: connection refused");
        }),
    ));

  it("run_options.enabled: false and enabled: false ask nothing", () =>
    withOracle(
      (url) =>
        [
          probed("", `health_check: { ${fast}, http_endpoint: "${url}", run_options: { enabled: false } }`),
          `${yamlUnit("off", "")}\n      health_check: { enabled: false, ${fast}, http_endpoint: "${url}" }`,
          `${yamlUnit("on", "")}\n      health_check: { ${fast}, http_endpoint: "${url}" }`,
        ].join("\n"),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          yield* until(unit(control, "on"), ({ health }) => health === "healthy");
          const { asked } = oracle;
          expect(asked).toBe(1);
          expect(yield* unit(control, "web")).toMatchObject({ health: null, ready: true });
          expect(yield* unit(control, "off")).toMatchObject({ health: null, ready: true });
        }),
    ));
});

describe("readiness", () => {
  it("comes and goes with its probe, and restarts nothing", () =>
    withOracle(
      (url) => probed("", `probes: { readiness: { ${fast}, failure_threshold: 2, http: { url: "${url}" } } }`),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          const first = yield* until(unit(control, "web"), ({ ready: isReady }) => isReady);
          oracle.status = 503;
          expect(yield* until(unit(control, "web"), ({ ready: isReady }) => !isReady)).toMatchObject({
            state: "running",
            health: "unhealthy",
            pid: first.pid,
          });
          oracle.status = 200;
          expect(yield* until(unit(control, "web"), ({ ready: isReady }) => isReady)).toMatchObject({ pid: first.pid, restarts: 0 });
          expect(messages(yield* eventsOf(control), "ready", "not_ready", "healthy", "unhealthy")).toEqual([
            "ready: readiness probe: HTTP 200",
            "not_ready: readiness probe failed 2 times: HTTP 503",
            "ready: readiness probe: HTTP 200",
          ]);
          expect(yield* control.stop("web")).toMatchObject({ ready: false, health: "unknown" });
        }),
    ));
});

describe("startup", () => {
  it("a unit is starting, and what comes after it waits, until its startup probe has passed; then the others are run", () =>
    withOracle(
      (url) =>
        [
          probed(
            "",
            `probes: { startup: { ${fast}, failure_threshold: 1000, http: { url: "${url}" } }, liveness: { ${fast}, failure_threshold: 1, http: { url: "${url}" } } }`,
          ),
          yamlUnit("next", ""),
        ].join("\n"),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          // Up when the master is; and from then on the liveness probe asks, which one failure ends.
          expect(yield* control.status).toMatchObject({ units: [{ state: "running", ready: true }, { state: "running" }] });
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          oracle.status = 503;
          yield* until(unit(control, "web"), ({ lastExit }) => lastExit?.because === "liveness probe failed once: HTTP 503");
          const restarting = yield* Effect.forkChild(control.restart("web"), { startImmediately: true });
          const { asked } = oracle;
          yield* until(
            Effect.sync(() => oracle.asked),
            (now) => now > asked + 3,
          );
          const starting = yield* unit(control, "web");
          expect(starting).toMatchObject({ state: "starting", ready: false });
          expect(starting.pid).not.toBeNull();
          oracle.status = 200;
          expect(yield* Fiber.join(restarting)).toMatchObject({ state: "running", ready: true, pid: starting.pid });
        }),
    ));

  it("a startup probe that fails its threshold is a failed start: asked to end first, told with what was seen, tried again", () =>
    withOracle(
      (url) =>
        probed("--stop-delay-ms 20", `probes: { startup: { ${fast}, failure_threshold: 2, http: { url: "${url}" } } }`, { enabled: false }),
      ({ control }, oracle) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(control.start("web"))).toMatchObject({
            _tag: "StartFailed",
            reason: expect.stringContaining("startup probe failed 2 times: HTTP 503"),
          });
          const failed = yield* until(unit(control, "web"), ({ state }) => state === "failed");
          expect(failed).toMatchObject({ pid: null, ready: false });
          oracle.status = 200;
          expect(yield* control.start("web")).toMatchObject({ state: "running", ready: true });
        }),
      503,
    ));

  it("the start deadline holds: a start that is not up by then has failed, and its process is asked to end first", () =>
    withOracle(
      (url) =>
        probed("", `probes: { startup: { ${fast}, failure_threshold: 100000, http: { url: "${url}" } } }`, { enabled: false }).replace(
          "control:",
          "control:\n        startup_timeout: 1s",
        ),
      ({ control, mark }) =>
        Effect.gen(function* () {
          const starting = yield* Effect.forkChild(Effect.flip(control.start("web")), { startImmediately: true });
          yield* ready(control, "web");
          expect(yield* Fiber.join(starting)).toMatchObject({
            _tag: "StartFailed",
            reason: expect.stringContaining("not up after 1000 ms"),
          });
          expect(yield* unit(control, "web")).toMatchObject({ state: "failed", lastExit: { code: 0, signal: null } });
          expect(marked(mark)).toEqual([]);
        }),
      503,
    ));

  it("a stop by hand does not wait for it, and asks the process first", () =>
    withOracle(
      (url) => probed("", `probes: { startup: { ${fast}, failure_threshold: 100000, http: { url: "${url}" } } }`, { enabled: false }),
      ({ control }) =>
        Effect.gen(function* () {
          const starting = yield* Effect.forkChild(Effect.exit(control.start("web")), { startImmediately: true });
          yield* ready(control, "web");
          expect(yield* control.stop("web")).toMatchObject({ state: "stopped", pid: null, lastExit: { code: 0, signal: null } });
          expect((yield* Fiber.join(starting))._tag).toBe("Failure");
        }),
      503,
    ));

  it("a process that ends before its startup probe has passed has failed to start; with exit code 0 it is done", () =>
    withOracle(
      (url) => {
        const probes = `probes: { startup: { ${fast}, failure_threshold: 100000, http: { url: "${url}" } } }`;
        return [
          probed("--run-ms 30 --exit-code 3", probes, { restart: "{ strategy: on_failure, max_attempts: 1, restart_delay: 10ms }" }),
          `${yamlUnit("done", "--run-ms 30", { restart: "on_failure" })}\n      ${probes}`,
        ].join("\n");
      },
      ({ control }) =>
        Effect.gen(function* () {
          expect(yield* until(unit(control, "web"), ({ state }) => state === "failed")).toMatchObject({ lastExit: { code: 3 } });
          expect(yield* until(unit(control, "done"), ({ state }) => state === "stopped")).toMatchObject({
            lastExit: { code: 0 },
            restarts: 0,
          });
        }),
      503,
    ));
});

describe("commands", () => {
  it("run in the unit's folder with its environment, and are killed with their group at their timeout; what they print is said", () =>
    withMaster(
      [
        "managed_processes:",
        yamlUnit("web", ""),
        "      probes:",
        "        liveness:",
        "          interval: 400ms",
        "          timeout: 200ms",
        "          failure_threshold: 1",
        '          exec: { command: sh, args: ["-c", "pwd > $HSU_UNIT.cwd; if [ -e hang ]; then sleep 300 & sleep 300; fi; if [ -e ill ]; then echo no route to host > /dev/stderr; exit 3; fi"] }',
      ].join("\n"),
      ({ control, directory, mark }) =>
        Effect.gen(function* () {
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          expect(readFileSync(join(directory, "web.cwd"), "utf8").trim()).toBe(directory);
          writeFileSync(join(directory, "ill"), "");
          const ill = yield* until(unit(control, "web"), ({ restarts }) => restarts > 0);
          expect(ill.lastExit?.because).toBe("liveness probe failed once: exit code 3: no route to host");
          rmSync(join(directory, "ill"));
          yield* until(unit(control, "web"), ({ health }) => health === "healthy");
          const { restarts: before } = yield* unit(control, "web");
          writeFileSync(join(directory, "hang"), "");
          const after = yield* until(unit(control, "web"), ({ restarts }) => restarts > before);
          expect(after.lastExit?.because).toBe("liveness probe failed once: no answer within 200 ms");
          yield* control.stop("web");
          // Nobody is left: neither the shell nor what it has started.
          expect(marked(mark)).toEqual([]);
        }),
    ));
});
