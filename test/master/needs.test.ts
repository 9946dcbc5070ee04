import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { eventsOf, running, unit, until, withMaster, withStarting, yamlUnit } from "./support.ts";

/** A unit of a shell script, with keys of its own. */
const shell = (id: string, script: string, keys: ReadonlyArray<string> = [], management: ReadonlyArray<string> = []): string =>
  [
    `  - id: ${id}`,
    ...keys.map((key) => `    ${key}`),
    "    management:",
    ...management.map((line) => `      ${line}`),
    `      control: { executable: sh, arguments: ["-c", ${JSON.stringify(script)}], shutdown_timeout: 2s, start: ${id.startsWith("once") ? "oneshot" : "process"} }`,
    "      restart_policy: { strategy: always, restart_delay: 10ms }",
  ].join("\n");
const config = (...units: ReadonlyArray<string>): string => `managed_processes:\n${units.join("\n")}`;
const stays = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

/** The master's folder is where the config stands, and so where units run. */
const states = (control: Parameters<typeof unit>[0]) =>
  Effect.map(control.status, ({ units }) => Object.fromEntries(units.map(({ id, state }) => [id, state])));

describe("order of units", () => {
  it("who is after a one-shot starts when that is completed, and who is listed first may be last", () => {
    const text = config(
      shell("last", `echo last >> log; ${stays}`, ["after: [middle]"]),
      shell("middle", `echo middle >> log; ${stays}`, ["requires: [once]"]),
      shell("once", "sleep 0.2; echo once >> log"),
    );
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(states(control), ({ last, middle }) => last === "running" && middle === "running");
        const log = yield* until(
          Effect.sync(() => readFileSync(join(directory, "log"), "utf8")),
          (text_) => text_.split("\n").length === 4,
        );
        // Whose shell is quicker writes first; who was started first is the master's to say.
        expect(log.startsWith("once\n")).toBe(true);
        const started = (yield* eventsOf(control)).filter(({ type }) => type === "started").map(({ path }) => path.at(-1));
        expect(started.slice(-2)).toEqual(["middle", "last"]);
      }),
    );
  });

  it("a need that is not ready blocks, and says so; when it is ready the unit starts by itself", () => {
    const text = config(
      shell("web", stays, ["requires: [db]"]),
      shell("db", stays, [], ["probes: { readiness: { exec: { command: test, args: [-e, ready] }, interval: 250ms, timeout: 240ms } }"]),
    );
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* running(control, "db");
        const blocked = yield* until(unit(control, "web"), ({ state }) => state === "blocked");
        expect([blocked.reason, blocked.pid]).toEqual(["waits for db", null]);
        expect((yield* control.describe("web")).requires).toEqual(["db"]);
        writeFileSync(join(directory, "ready"), "");
        yield* running(control, "web");
        const told = (yield* eventsOf(control)).filter(({ path }) => path.at(-1) === "web").map(({ type }) => type);
        expect(told).toEqual(["blocked", "started"]);
      }),
    );
  });

  it("stops in reverse, over the groups", () => {
    const stop = (id: string) => `trap 'echo ${id} >> log; exit 0' TERM; echo up >> ups; while :; do sleep 0.02; done`;
    let log = "";
    const inner = (text: string) =>
      text
        .split("\n")
        .map((line) => `    ${line}`)
        .join("\n");
    const text = config(
      "  - id: front\n    children:\n" +
        inner(shell("web", stop("web"), ["requires: [db]"])) +
        "\n" +
        inner(shell("proxy", stop("proxy"), ["after: [web]"])),
      shell("db", stop("db"), ["after: [disk]"]),
      shell("disk", stop("disk")),
    );
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        const ups = Effect.sync(() => (existsSync(join(directory, "ups")) ? readFileSync(join(directory, "ups"), "utf8") : ""));
        yield* until(ups, (text_) => text_.split("\n").length === 5);
        yield* control.shutdown;
        yield* control.terminated;
        log = readFileSync(join(directory, "log"), "utf8");
      }),
    ).then(() => expect(log).toBe("proxy\nweb\ndb\ndisk\n"));
  });

  it("a stop by hand takes those that need it down first, and they come back with it; a crash does not", () => {
    const text = config(
      yamlUnit("db", ""),
      shell("web", stays, ["requires: [db]"]),
      shell("client", stays, ["requires: [web]"]),
      shell("other", stays, ["after: [db]"]),
    );
    return withMaster(text, ({ control }) =>
      Effect.gen(function* () {
        const all = until(states(control), (seen) => Object.values(seen).every((state) => state === "running"));
        yield* all;
        const pids = Effect.map(control.status, ({ units }) => Object.fromEntries(units.map(({ id, pid }) => [id, pid])));
        const before = yield* pids;
        yield* control.stop("db");
        expect(yield* states(control)).toEqual({ db: "stopped", web: "blocked", client: "blocked", other: "running" });
        expect((yield* unit(control, "client")).reason).toBe("waits for db");
        yield* control.start("db");
        yield* all;
        const after = yield* pids;
        expect(Object.keys(before).filter((id) => before[id] !== after[id])).toEqual(["db", "web", "client"]);
        process.kill(after["db"]!, "SIGKILL");
        yield* until(unit(control, "db"), ({ restarts, state }) => restarts === 1 && state === "running");
        expect((yield* pids)["web"]).toBe(after["web"]);
        yield* control.restart("db");
        yield* all;
        expect((yield* pids)["client"]).not.toBe(after["client"]);
      }),
    );
  });

  it("a start by hand of one that is blocked is one start, also when what it needs comes up meanwhile", () => {
    const text = config(shell("once", "sleep 0.05"), shell("web", stays, ["requires: [once]"]), shell("last", stays, ["after: [web]"]));
    return withMaster(text, ({ control }) =>
      Effect.gen(function* () {
        yield* running(control, "web");
        for (let round = 0; round < 5; round++) {
          yield* control.stop("once");
          expect((yield* unit(control, "web")).state).toBe("blocked");
          expect((yield* control.start("web")).state).toBe("running");
        }
      }),
    );
  });

  it("while its master is still starting, who has not had its turn says whom it waits for, and can be taken out of the start", () => {
    const text = config(
      shell("once", "while [ ! -e go ]; do sleep 0.02; done"),
      shell("web", stays),
      shell("other", stays),
      "  - id: both\n    strategy: one_for_all\n    children:\n" +
        ["a", "b"].map((id) => shell(id, stays).replaceAll(/^/gm, "    ")).join("\n"),
    );
    return withStarting(text, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "once"), ({ state }) => state === "starting");
        const seen = yield* control.status;
        expect(Object.fromEntries(seen.units.map(({ id, reason, state }) => [id, `${state}: ${reason}`]))).toEqual({
          once: "starting: null",
          web: "blocked: waits for once",
          other: "blocked: waits for once",
          a: "blocked: waits for once",
          b: "blocked: waits for once, a",
        });
        expect((yield* control.stop("other")).state).toBe("stopped");
        // It is started in its turn, as it would have been anyway.
        expect((yield* control.start("web")).pid).toBe(null);
        writeFileSync(join(directory, "go"), "");
        yield* until(states(control), ({ a, b, web }) => [a, b, web].every((state) => state === "running"));
        expect(yield* unit(control, "other")).toMatchObject({ state: "stopped", reason: "stopped by hand" });
      }),
    );
  });

  it("a start by hand of one whose need does not start says why, and it waits on", () => {
    const text = config(
      "  - { id: db, enabled: false, management: { control: { executable: ./db } } }",
      shell("web", stays, ["requires: [db]"]),
    );
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "web"), ({ state }) => state === "blocked");
        const error = yield* Effect.flip(control.start("web"));
        expect(error.message).toContain('unit "web" did not start: it needs another: unit "db" did not start: there is no executable');
        expect(yield* states(control)).toEqual({ db: "failed", web: "blocked" });
        writeFileSync(join(directory, "db"), `#!/bin/sh\n${stays}\n`, { mode: 0o755 });
        yield* control.start("db");
        yield* running(control, "web");
      }),
    );
  });

  it("a start by hand starts what it needs; one that is stopped while it is blocked stays down", () => {
    const text = config(yamlUnit("db", "", { enabled: false }), shell("web", stays, ["requires: [db]"]));
    return withMaster(text, ({ control }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "web"), ({ state }) => state === "blocked");
        expect((yield* control.stop("web")).state).toBe("stopped");
        yield* control.start("db");
        expect((yield* unit(control, "web")).state).toBe("stopped");
        yield* control.stop("db");
        expect((yield* control.start("web")).state).toBe("running");
        expect((yield* unit(control, "db")).state).toBe("running");
      }),
    );
  });

  it("after is not need: who is stopped, disabled or has failed is not waited for", () => {
    const text = config(
      yamlUnit("off", "", { enabled: false }),
      yamlUnit("broken", "--crash-after-ms 0", { restart: "{ strategy: never }" }),
      shell("web", stays, ["after: [off, broken]"]),
    );
    return withMaster(text, ({ control }) => Effect.asVoid(running(control, "web")));
  });

  it("one that was blocked and then fails to start is tried again like any other", () => {
    const probe = "probes: { readiness: { exec: { command: test, args: [-e, ready] }, interval: 250ms, timeout: 240ms } }";
    const text = config(shell("db", stays, [], [probe]), shell("once", "[ -e ok ] || exit 3", ["requires: [db]"]));
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "once"), ({ state }) => state === "blocked");
        writeFileSync(join(directory, "ready"), "");
        yield* until(unit(control, "once"), ({ restarts }) => restarts > 1);
        writeFileSync(join(directory, "ok"), "");
        yield* until(unit(control, "once"), ({ state }) => state === "completed");
        expect(existsSync(join(directory, "ok"))).toBe(true);
      }),
    );
  });
});
