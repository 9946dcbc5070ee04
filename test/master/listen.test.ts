/** Units whose sockets the master holds, and those that the first connection starts. */
import { connect, createServer } from "node:net";
import { resolve } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { describe, expect, it } from "vitest";
import type { Control } from "../../src/master/index.ts";
import { freePort } from "../e2e/program.ts";
import { eventsOf, running, until, unit, withMaster } from "./support.ts";

const program = resolve("test/programs/listener.mjs");
const config = (
  port: number,
  flags = "",
  options: { readonly control?: string; readonly policy?: string; readonly more?: string } = {},
): string =>
  `managed_processes:
  - id: web
    management:
      control:
        executable: ${process.execPath}
        arguments: [${[program, ...flags.split(" ").filter((flag) => flag !== "")].map((word) => JSON.stringify(word)).join(", ")}]
        listen: [{ tcp: "127.0.0.1:${port}" }]
        ${options.control ?? "on_demand: true"}
      restart_policy: ${options.policy ?? "{ strategy: on_failure, restart_delay: 20ms }"}
${options.more ?? ""}`;

interface Client {
  /** All that it has been told so far. */
  readonly said: () => string;
  readonly say: (text: string) => void;
  readonly end: () => void;
  /** Why it was cut off; null while it is not. */
  readonly failed: () => string | null;
}
const client = (to: { readonly port: number } | { readonly path: string }): Client => {
  let said = "";
  let failed: string | null = null;
  const socket = connect("port" in to ? { host: "127.0.0.1", ...to } : to);
  socket.on("data", (chunk) => (said += String(chunk)));
  socket.on("error", (error: NodeJS.ErrnoException) => (failed = error.code ?? error.message));
  socket.on("close", () => (failed ??= "closed"));
  return { said: () => said, say: (text) => void socket.write(`${text}\n`), end: () => void socket.end(), failed: () => failed };
};
const answered = (one: Client, count = 1): Effect.Effect<string> =>
  until(
    Effect.sync(() => (one.said() === "" ? (one.failed() ?? "") : one.said())),
    (said) => said.split("\n").length > count || /^E|^closed/.test(said),
  );
const ask = (port: number): Effect.Effect<string> =>
  Effect.suspend(() => {
    const one = client({ port });
    return Effect.tap(answered(one), () => Effect.sync(one.end));
  });
const refused = (port: number) => until(ask(port), (said) => said === "ECONNREFUSED");
const waiting = (control: Control["Service"], id = "web") => until(unit(control, id), ({ state }) => state === "waiting");
const withPort = <A>(use: (port: number) => Promise<A>): Promise<A> => freePort().then(use);

describe("a unit on demand", () => {
  it("is started by the first connection, which it answers, and ends when nobody has been connected for its idle time", () =>
    withPort((port) =>
      withMaster(config(port, "", { control: "on_demand: { idle_timeout: 300ms }" }), ({ control }) =>
        Effect.gen(function* () {
          const idle = { reason: `listens on 127.0.0.1:${port}`, pid: null, restarts: 0 };
          expect(yield* waiting(control)).toMatchObject(idle);
          const first = client({ port });
          const { pid } = yield* running(control, "web");
          expect(yield* answered(first)).toBe(`${pid}\n`);
          // Several looks find somebody there.
          yield* Effect.sleep(700);
          first.say("still here");
          expect(yield* answered(first, 2)).toBe(`${pid}\n${pid} still here\n`);
          first.end();
          expect(yield* waiting(control)).toMatchObject({ ...idle, lastExit: { code: 0 } });
          expect(Number(yield* ask(port))).not.toBe(pid);
        }),
      ),
    ));

  it("that ends by itself with success waits for the next connection; those who came meanwhile start it again at once", () =>
    withPort((port) =>
      withMaster(config(port, "--answer 1"), ({ control }) =>
        Effect.gen(function* () {
          const all = yield* Effect.all(
            Array.from({ length: 4 }, () => ask(port)),
            { concurrency: "unbounded" },
          );
          expect(new Set(all).size).toBeGreaterThan(1);
          expect(all.every((said) => /^\d+\n$/.test(said))).toBe(true);
          expect(yield* waiting(control)).toMatchObject({ restarts: 0 });
        }),
      ),
    ));

  it("that crashes waits for its backoff, and not for the next connection; nobody is refused meanwhile", () =>
    withPort((port) =>
      withMaster(config(port, "--crash-on die", { policy: "{ strategy: on_failure, restart_delay: 500ms }" }), ({ control }) =>
        Effect.gen(function* () {
          const first = client({ port });
          yield* answered(first);
          first.say("die");
          expect(yield* until(unit(control, "web"), ({ state }) => state === "backoff")).toMatchObject({ restarts: 1 });
          const others = [client({ port }), client({ port })];
          expect(yield* unit(control, "web")).toMatchObject({ state: "backoff", restarts: 1 });
          for (const other of others) {
            expect(yield* answered(other)).toMatch(/^\d+\n$/);
            other.end();
          }
          expect((yield* eventsOf(control)).filter(({ type }) => type === "started")).toHaveLength(2);
        }),
      ),
    ));

  it("that ends again and again without taking its connection is a failure, and is held by its backoff", () =>
    withPort((port) =>
      withMaster(config(port, "--exit-at-once 0", { policy: "{ strategy: on_failure, restart_delay: 10m }" }), ({ control }) =>
        Effect.gen(function* () {
          yield* waiting(control);
          client({ port });
          yield* until(unit(control, "web"), ({ state }) => state === "backoff");
          expect((yield* eventsOf(control)).filter(({ type }) => type === "started")).toHaveLength(6);
        }),
      ),
    ));

  it("that cannot be started is tried again by its backoff, and closes its sockets when it is given up", () =>
    withPort((port) =>
      withMaster(
        config(port, "--exit-at-once 1", { policy: "{ strategy: on_failure, restart_delay: 10ms, max_attempts: 2 }" }),
        ({ control }) =>
          Effect.gen(function* () {
            yield* waiting(control);
            client({ port });
            yield* until(unit(control, "web"), ({ state }) => state === "failed");
            yield* refused(port);
          }),
      ),
    ));

  it("stays down when it was stopped by hand, and refuses who connects; a start by hand opens its sockets again", () =>
    withPort((port) =>
      withMaster(config(port), ({ control }) =>
        Effect.gen(function* () {
          yield* waiting(control);
          expect(yield* control.stop("web")).toMatchObject({ state: "stopped", reason: "stopped by hand" });
          yield* refused(port);
          yield* control.start("web");
          const { pid } = yield* running(control, "web");
          expect(yield* ask(port)).toBe(`${pid}\n`);
          yield* control.stop("web");
          yield* refused(port);
        }),
      ),
    ));

  it("is there for those that require it as soon as it listens, and stays down for nobody of them", () =>
    withPort((port) =>
      withMaster(
        config(port, "", {
          more: `  - id: app
    requires: [web]
    management: { control: { executable: sleep, arguments: ["600"] } }
`,
        }),
        ({ control }) =>
          Effect.gen(function* () {
            yield* running(control, "app");
            expect(yield* unit(control, "web")).toMatchObject({ state: "waiting" });
            yield* control.stop("web");
            expect(yield* unit(control, "app")).toMatchObject({ state: "blocked" });
            yield* control.start("web");
            yield* running(control, "app");
          }),
      ),
    ));

  it("whose need is not met keeps who connects waiting until it is", () =>
    withPort((port) =>
      withMaster(
        `${config(port)}    requires: [db]
  - id: db
    enabled: false
    management: { control: { executable: sleep, arguments: ["600"] } }
`,
        ({ control }) =>
          Effect.gen(function* () {
            yield* waiting(control);
            const first = client({ port });
            expect(yield* until(unit(control, "web"), ({ state }) => state === "blocked")).toMatchObject({ reason: "waits for db" });
            yield* control.start("db");
            expect(yield* answered(first)).toMatch(/^\d+\n$/);
            first.end();
          }),
      ),
    ));

  it("goes with its group as it is: one that waits goes on waiting, one that runs is restarted", () =>
    withPort((port) =>
      withMaster(
        `managed_processes:
  - id: pair
    strategy: one_for_all
    children:
      - id: other
        management: { control: { executable: sleep, arguments: ["600"] }, restart_policy: { strategy: always, restart_delay: 1ms } }
${config(port).split("\n").slice(1).join("\n").replaceAll(/^/gm, "    ")}`,
        ({ control }) =>
          Effect.gen(function* () {
            yield* waiting(control);
            const { pid: first } = yield* running(control, "other");
            process.kill(first!, "SIGKILL");
            const { pid: second } = yield* until(
              unit(control, "other"),
              (now) => now.state === "running" && now.pid !== null && now.pid !== first,
            );
            expect(yield* waiting(control)).toMatchObject({ pid: null });
            const { pid: before } = yield* Effect.andThen(ask(port), running(control, "web"));
            process.kill(second!, "SIGKILL");
            yield* until(unit(control, "web"), (now) => now.state === "running" && now.pid !== null && now.pid !== before);
            expect(yield* ask(port)).toMatch(/^\d+\n$/);
            // A restart by hand of one that waits is a start.
            yield* control.stop("web");
            yield* control.start("web");
            expect(yield* control.restart("web")).toMatchObject({ state: "running" });
          }),
      ),
    ));

  it("whose port is taken says by whom, and listens as soon as it is free", () =>
    withPort((port) =>
      withMaster(
        config(port, "", { policy: "{ strategy: on_failure, restart_delay: 50ms, max_delay: 50ms }" }).replace(
          "    management:",
          "    enabled: false\n    management:",
        ),
        ({ control }) =>
          Effect.gen(function* () {
            const other = createServer();
            yield* Effect.promise(() => new Promise<void>((done) => other.listen(port, "127.0.0.1", done)));
            expect(yield* Effect.flip(control.start("web"))).toMatchObject({
              _tag: "StartFailed",
              reason: expect.stringContaining(`cannot listen on 127.0.0.1:${port}: it is in use`),
            });
            yield* Effect.promise(() => new Promise<void>((done) => void other.close(() => done())));
            yield* control.start("web");
            expect(yield* ask(port)).toMatch(/^\d+\n$/);
          }),
      ),
    ));
});

describe("a unit whose sockets the master holds", () => {
  it("refuses nobody over its restarts and its crashes", () =>
    withPort((port) =>
      withMaster(
        config(port, "--start-ms 50", { control: "shutdown_timeout: 5s", policy: "{ strategy: always, restart_delay: 20ms }" }),
        ({ control }) =>
          Effect.gen(function* () {
            const seen: Array<string> = [];
            let isOver = false;
            const again: Effect.Effect<void> = Effect.flatMap(ask(port), (said) => {
              seen.push(said.trim());
              return isOver ? Effect.void : again;
            });
            const asking = yield* Effect.forkChild(again, { startImmediately: true });
            for (let round = 0; round < 3; round++) {
              yield* control.restart("web");
              yield* ask(port);
            }
            // Restarts by hand lose nobody either: each has been answered by some process.
            expect(seen.filter((said) => !/^\d+$/.test(said))).toEqual([]);
            for (let round = 0; round < 3; round++) {
              const { pid } = yield* running(control, "web");
              process.kill(pid!, "SIGKILL");
              yield* until(unit(control, "web"), (now) => now.state === "running" && now.pid !== null && now.pid !== pid);
            }
            isOver = true;
            yield* Fiber.join(asking);
            // Whom a killed process had accepted is lost with it.
            expect(seen.filter((said) => !/^(\d+|ECONNRESET|closed)$/.test(said))).toEqual([]);
            expect(new Set(seen).size).toBeGreaterThan(3);
          }),
      ),
    ));

  it("passes connections on to a unit that cannot be handed them, on the port that it is told; nobody is refused over its restarts", () =>
    withPort((port) => {
      const script = `
        if (process.env.LISTEN_FDS !== undefined) process.exit(9);
        const server = require("node:net").createServer((client) => client.end(process.pid + "\\n"));
        setTimeout(() => server.listen(Number(process.env.PORT), "127.0.0.1"), 50);
        process.on("SIGTERM", () => server.close());`;
      const yaml = JSON.stringify({
        managed_processes: [
          {
            id: "web",
            management: {
              control: {
                executable: process.execPath,
                arguments: ["-e", script],
                listen: [{ tcp: port }],
                proxy: true,
                on_demand: { idle_timeout: "500ms" },
              },
              restart_policy: { strategy: "on_failure", restart_delay: "20ms" },
            },
          },
        ],
      });
      return withMaster(yaml, ({ control }) =>
        Effect.gen(function* () {
          expect(yield* waiting(control)).toMatchObject({ reason: `listens on [::]:${port}` });
          const first = yield* ask(port);
          const { pid } = yield* running(control, "web");
          expect(first).toBe(`${pid}\n`);
          const seen: Array<string> = [];
          for (let round = 0; round < 3; round++) {
            seen.push(yield* ask(port));
            yield* control.restart("web");
            seen.push(yield* ask(port));
            const { pid: killed } = yield* running(control, "web");
            process.kill(killed!, "SIGKILL");
            yield* until(unit(control, "web"), (now) => now.pid !== killed);
          }
          expect(seen.filter((said) => !/^\d+\n$/.test(said))).toEqual([]);
          expect(new Set(seen).size).toBe(6);
          expect(yield* waiting(control)).toMatchObject({ lastExit: { code: 0 } });
          expect(yield* ask(port)).toMatch(/^\d+\n$/);
        }),
      );
    }));
});
