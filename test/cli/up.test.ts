/**
 * `hsu up`: what it shows, how it ends, and the way into the background.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Fs from "node:fs";
import * as Path from "node:path";
import { describe, expect, test } from "vitest";
import type { Io, StartMaster } from "../../src/cli/index.ts";
import * as Fake from "../api/fakeControl.ts";
import { folder, hsu, scoped, testIo, until } from "./testIo.ts";

const config = `managed_processes:
  - id: web
    type: standard_managed
    management: { control: { executable: sleep, arguments: ["1"] } }
`;

/** A folder with a config, and a master that is a fake and says when it was started and released. */
const setup = Effect.fnUntraced(function* (more: Parameters<typeof testIo>[1] = {}) {
  const path = yield* folder;
  Fs.writeFileSync(Path.join(path, "hsu.yaml"), config);
  const fake = yield* Fake.make;
  const log: Array<string> = [];
  const startMaster: StartMaster = (spec, options) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        log.push(
          `start ${Path.relative(path, spec.source)} ${Path.relative(path, options.socketPath)} ${Path.relative(path, options.stateDirectory)}`,
        );
        return fake.control;
      }),
      () => Effect.sync(() => void log.push("released")),
    );
  const io = testIo(path, { startMaster, ...more });
  return { path, fake, io, log };
});

const shutdowns = (calls: ReadonlyArray<string>): number => calls.filter((call) => call === "shutdown").length;

describe("in the foreground", () => {
  test("without a terminal: a line for each event, and a clean end after SIGTERM", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io, log } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        yield* Effect.sleep(20);
        yield* fake.happen(Fake.event(3, "restarting", "restarts in 1s"));
        yield* until(() => io.out().includes("restarts in 1s"), "the event");
        expect(shutdowns(fake.calls)).toBe(0);
        io.emit("SIGTERM");
        yield* until(() => shutdowns(fake.calls) === 1, "the shutdown");
        fake.history.push(Fake.event(3, "restarting", "restarts in 1s"), Fake.event(4, "stopped", "stopped"));
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
        expect(io.out()).toBe(
          "2027-01-15T08:00:01.000Z units/front/web  started, pid 4242\n" +
            "2027-01-15T08:00:02.000Z units/front/web  exited with code 1\n" +
            "2027-01-15T08:00:03.000Z units/front/web  restarts in 1s\n" +
            "2027-01-15T08:00:04.000Z units/front/web  stopped\n",
        );
        expect(io.err()).toBe("stopping all units; a second signal kills what is left\n");
        expect(log).toEqual(["start hsu.yaml master.sock state", "released"]);
        expect(io.listening()).toBe(0);
      }),
    ));

  test("`hsu down` ends it with 0, too", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up", "hsu.yaml"));
        yield* until(() => fake.following() === 1, "the view");
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
        expect([shutdowns(fake.calls), io.err()]).toEqual([0, ""]);
      }),
    ));

  test("Ctrl-C is the way to end it: 0 when all stopped in good order", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        io.emit("SIGINT");
        yield* until(() => shutdowns(fake.calls) === 1, "the shutdown");
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
      }),
    ));

  test("a second signal kills what is being stopped, and nothing else, until all has ended: 130", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        fake.units.splice(0, 2, Fake.unit("web"), Fake.unit("slow", { state: "stopping" }));
        io.emit("SIGINT");
        yield* until(() => shutdowns(fake.calls) === 1, "the shutdown");
        yield* Effect.sleep(120);
        expect(fake.calls.filter((call) => call.startsWith("signal"))).toEqual([]);
        yield* Effect.sleep(250);
        io.emit("SIGINT");
        yield* until(() => fake.calls.includes("signal SIGKILL slow"), "the kill");
        expect(fake.calls).not.toContain("signal SIGKILL web");
        fake.units[0] = Fake.unit("web", { state: "stopping" });
        yield* until(() => fake.calls.includes("signal SIGKILL web"), "the next kill");
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(130);
        expect(io.err()).toContain("killing what is left\n");
        expect(shutdowns(fake.calls)).toBe(1);
      }),
    ));

  test("one Ctrl-C that comes twice, by the terminal and by npm, is one", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        fake.units.push(Fake.unit("slow", { state: "stopping" }));
        io.emit("SIGINT");
        io.emit("SIGINT");
        yield* Effect.sleep(150);
        expect(fake.calls).toEqual(["shutdown"]);
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
      }),
    ));

  test("a tree that gives itself up is a failure", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup();
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        fake.history.push(Fake.event(3, "escalated", "more than 3 restarts in 5s", ["units"]));
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(1);
        expect(io.out()).toContain("more than 3 restarts in 5s");
      }),
    ));

  test("nobody reads any more: the units go on", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup({ closed: () => true });
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => fake.following() === 1, "the view");
        yield* fake.happen(Fake.event(3, "started", "started"));
        yield* Effect.sleep(50);
        expect(shutdowns(fake.calls)).toBe(0);
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
      }),
    ));

  test("on a terminal: the tree and the events, redrawn as they happen, the cursor given back", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup({ tty: true, rows: 30, columns: 100 });
        const up = yield* Effect.forkChild(hsu(io, "up", "--no-color"));
        yield* until(() => io.out().includes("exited with code 1"), "the first events");
        expect(io.out()).toContain("\x1b[?25l");
        expect(io.out()).toContain("│   ├── web     running       pid 4242  up 1m05s  2 restarts");
        yield* Effect.sleep(20);
        yield* fake.happen(Fake.event(3, "restarting", "restarts in 1s"));
        yield* until(() => io.out().includes("restarts in 1s"), "the event");
        expect(io.out()).toMatch(/\r\x1b\[\d+Ahsu \/etc/);
        const before = io.out().length;
        yield* until(() => io.out().length > before, "the tick of the clock");
        io.emit("SIGINT");
        yield* until(() => io.out().includes("Ctrl-C again kills"), "the notice");
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
        expect(io.out()).toMatch(/all units have ended\x1b\[K\n\x1b\[J\x1b\[\?2026l\x1b\[\?25h$/);
        expect(io.err()).toBe("");
      }),
    ));

  test("on a terminal: a master that cannot tell its state any more is shown as it was, and stopped at the end", () =>
    scoped(
      Effect.gen(function* () {
        const { fake, io } = yield* setup({ tty: true, rows: 30, columns: 100 });
        const up = yield* Effect.forkChild(hsu(io, "up", "--no-color"));
        yield* until(() => io.out().includes("exited with code 1"), "the first events");
        fake.break();
        yield* fake.happen(Fake.event(3, "stopped", "stopped"));
        yield* until(() => io.out().includes("up 1m05s  2 restarts"), "the picture from before");
        yield* fake.end;
        expect(yield* Fiber.join(up)).toBe(0);
        const picture = io.out().slice(io.out().lastIndexOf("\x1b[?2026h"));
        expect(picture).toContain("│   ├── web     stopped               2 restarts");
        expect(picture).toContain("0 of 2 units running");
      }),
    ));

  test("a config that is not valid starts nothing: 2", () =>
    scoped(
      Effect.gen(function* () {
        const { io, log, path } = yield* setup();
        Fs.writeFileSync(Path.join(path, "hsu.yaml"), "nonsense: 1\n");
        expect(yield* hsu(io, "up")).toBe(2);
        expect(yield* hsu(io, "up", "-d")).toBe(2);
        expect(log).toEqual([]);
        expect(io.out()).toBe("");
        expect(io.err()).toContain("HSU-CFG-005");
      }),
    ));

  test("no config at all: 2, and where it was looked for", () =>
    scoped(
      Effect.gen(function* () {
        const { io, path } = yield* setup();
        Fs.rmSync(Path.join(path, "hsu.yaml"));
        expect(yield* hsu(io, "up")).toBe(2);
        expect(io.err()).toBe(
          `error: no config: there is none of ${path}/hsu.yaml, ${path}/.config/hsu/hsu.yaml, /etc/hsu/hsu.yaml [HSU-CLI-007]\n` +
            "hint: name one: `hsu up FILE`, or set $HSU_CONFIG\n",
        );
      }),
    ));

  test("a master that does not start: its own error, 1", () =>
    scoped(
      Effect.gen(function* () {
        const startMaster: StartMaster = () => Effect.fail({ message: "another master answers", code: "HSU-API-001", hint: "end it" });
        const { io } = yield* setup({ startMaster });
        expect(yield* hsu(io, "up")).toBe(1);
        expect(io.err()).toBe("error: another master answers [HSU-API-001]\nhint: end it\n");
      }),
    ));

  test("a signal while units are still starting ends the start", () =>
    scoped(
      Effect.gen(function* () {
        let released = false;
        const startMaster: StartMaster = () =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.sync(() => void (released = true))),
            Effect.never,
          );
        const { io } = yield* setup({ startMaster });
        const up = yield* Effect.forkChild(hsu(io, "up"));
        yield* until(() => io.listening() === 1, "the start");
        io.emit("SIGINT");
        expect(yield* Fiber.join(up)).toBe(130);
        expect([released, io.listening()]).toEqual([true, 0]);
      }),
    ));
});

describe("in the background", () => {
  const fixture = Path.join(import.meta.dirname, "fixtures", "daemon.ts");
  const kill = (pid: number): void => {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It has ended by itself.
    }
  };
  const background = (mode: string, use: (io: ReturnType<typeof testIo>, path: string) => Effect.Effect<void>): Promise<void> =>
    scoped(
      Effect.gen(function* () {
        const path = yield* folder;
        Fs.writeFileSync(Path.join(path, "hsu.yaml"), config);
        const self: Io["self"] = [process.execPath, fixture, path, mode];
        const io = testIo(path, { self });
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            for (const [, pid] of (io.out() + io.err()).matchAll(/master (\d+) /g)) kill(Number(pid));
          }),
        );
        yield* use(io, path);
      }),
    );

  test("-d returns when the master answers, and the master goes on", () =>
    background("serve", (io, path) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "up", "-d")).toBe(0);
        const pid = Fs.readFileSync(Path.join(path, "pid"), "utf8");
        expect(io.out()).toBe(`master ${pid} runs in the background, its log is ${path}/state/master.log\n`);
        expect(Fs.readFileSync(Path.join(path, "state", "master.log"), "utf8")).toBe(
          `serving up --socket ${path}/master.sock ${path}/hsu.yaml\n`,
        );
        expect(Fs.statSync(Path.join(path, "state", "master.log")).mode & 0o777).toBe(0o600);
        // Its own session and group: a signal to ours does not reach it.
        const stat = Fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
        expect(stat?.slice(2, 4)).toEqual([pid, pid]);
        expect(yield* hsu(io, "up", "-d")).toBe(1);
        expect(io.err()).toContain(`error: another master answers at ${path}/master.sock [HSU-API-001]\n`);
      }),
    ));

  test("-d shows the end of the log of one that ends before it is ready: 1", () =>
    background("fail", (io, path) =>
      Effect.gen(function* () {
        Fs.mkdirSync(Path.join(path, "state"));
        Fs.writeFileSync(Path.join(path, "state", "master.log"), "from an earlier life\n");
        expect(yield* hsu(io, "up", "-d")).toBe(1);
        expect(io.out()).toBe("");
        expect(io.err()).toBe(
          "  cannot serve\n" +
            "error: the master ended before it was ready: exit code 7 [HSU-CLI-006]\n" +
            `hint: its output is in ${path}/state/master.log\n`,
        );
      }),
    ));

  test("-d waits no longer than --timeout: 124", () =>
    background("sleep", (io) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "up", "-d", "--timeout", "300ms")).toBe(124);
        expect(io.err()).toContain("took longer than 0.3s [HSU-CLI-004]");
      }),
    ));
});
