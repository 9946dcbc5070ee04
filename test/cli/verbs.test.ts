/**
 * Verbs against a fake master behind a real socket: what they print, what they ask, and their exit codes.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import * as Fs from "node:fs";
import * as Net from "node:net";
import * as Path from "node:path";
import { describe, expect, test } from "vitest";
import { find } from "../../src/cli/ConfigFile.ts";
import type { Io } from "../../src/cli/index.ts";
import { event, unit } from "../api/fakeControl.ts";
import { folder, hsu, master, scoped, testIo, until } from "./testIo.ts";

type Running = Effect.Success<ReturnType<typeof setup>>;
const setup = Effect.fnUntraced(function* (more?: Partial<Io> & { readonly tty?: boolean; readonly closed?: () => boolean }) {
  const path = yield* folder;
  return { path, server: yield* master(path), io: testIo(path, more) };
});

const withMaster =
  (use: (running: Running) => Effect.Effect<void, never, Scope.Scope>, more?: Parameters<typeof setup>[0]) => (): Promise<void> =>
    scoped(Effect.flatMap(setup(more), use));

describe("status", () => {
  test(
    "the table; exit code 3 while a unit that should run does not",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "status")).toBe(3);
        expect(io.err()).toBe("");
        expect(io.out()).toBe(
          [
            "UNIT    STATE     PID  UPTIME  RESTARTS   MEMORY  GROUP        NOTE",
            "web     running  4242   1m05s         0  12.0MiB  units/front",
            "broken  failed      -       -         0  12.0MiB  units/front  gave up after 3 restarts",
            "",
          ].join("\n"),
        );
        server.units.pop();
        expect(yield* hsu(io, "status")).toBe(0);
      }),
    ),
  );

  test(
    "of units that are named: their table, and their exit code",
    withMaster(({ io }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "status", "-o", "name", "web")).toBe(0);
        expect(yield* hsu(io, "status", "-o", "name", "b*")).toBe(3);
        expect(yield* hsu(io, "status", "-o", "name", "front")).toBe(3);
        expect(io.out()).toBe("web\nbroken\nweb\nbroken\n");
        expect(io.err()).toBe("");
        expect(yield* hsu(io, "status", "-o", "name", "web", "wep")).toBe(4);
        expect(yield* hsu(io, "status", "wep")).toBe(4);
        expect(yield* hsu(io, "status", "--watch", "wep")).toBe(4);
        expect(io.out()).toBe("web\nbroken\nweb\nbroken\nweb\n");
        expect(io.err()).toBe('error: no unit "wep" [HSU-UNIT-001]\nhint: did you mean "web"?\n'.repeat(3));
      }),
    ),
  );

  test(
    "a terminal gets the master's line and colours",
    withMaster(
      ({ io }) =>
        Effect.gen(function* () {
          yield* hsu(io, "ps");
          expect(io.out().split("\n")[0]).toBe("\x1b[1mhsu\x1b[22m /etc/hsu/hsu.yaml · pid 99 · up 1h00m · 1 of 2 units running · 60.0MiB");
          const before = io.out().length;
          yield* hsu(io, "ps", "--no-color");
          expect(io.out().slice(before)).not.toContain("\x1b");
        }),
      { tty: true },
    ),
  );

  test(
    "watched: each unit once, then what has changed, as a line each",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        const lines = () =>
          io
            .out()
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as { id: string; state?: string; gone?: boolean });
        const watching = yield* Effect.forkChild(hsu(io, "status", "--watch", "-o", "json"));
        yield* until(() => lines().length === 2 && server.following() === 1, "the first look");
        server.units[0] = { ...server.units[0]!, memory: 1 };
        yield* server.happen(event(3, "noise", "nothing"));
        server.units[0] = { ...server.units[0], state: "stopped", pid: null };
        server.units.pop();
        yield* server.happen(event(4, "stopped", "stopped"));
        yield* until(() => lines().length === 4, "the change");
        expect(lines().map(({ gone, id, state }) => [id, state ?? gone])).toEqual([
          ["web", "running"],
          ["broken", "failed"],
          ["broken", true],
          ["web", "stopped"],
        ]);
        yield* Fiber.interrupt(watching);
      }),
    ),
  );

  test(
    "JSON and YAML carry all there is",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "status", "-o", "json")).toBe(3);
        expect(JSON.parse(io.out())).toMatchObject({ pid: 99, units: server.units });
        const before = io.out().length;
        yield* hsu(io, "status", "--output=yaml");
        expect(io.out().slice(before)).toContain("pid: 99\nversion: 0.1.0\nsource: /etc/hsu/hsu.yaml\n");
      }),
    ),
  );
});

test(
  "tree",
  withMaster(({ io }) =>
    Effect.gen(function* () {
      expect(yield* hsu(io, "tree")).toBe(0);
      expect(io.out().split("\n").slice(0, 2)).toEqual(["master              one_for_one", "├── api             running"]);
      const before = io.out().length;
      yield* hsu(io, "tree", "-o", "json");
      expect(JSON.parse(io.out().slice(before))).toMatchObject({ id: "master", children: [{ id: "api" }, { id: "units" }] });
    }),
  ),
);

describe("commands", () => {
  test(
    "go to each unit in order and print its state",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        server.units.push(unit("client", { pid: 7 }));
        expect(yield* hsu(io, "start", "web", "client")).toBe(0);
        expect(yield* hsu(io, "stop", "web")).toBe(0);
        expect(yield* hsu(io, "restart", "client")).toBe(0);
        expect(yield* hsu(io, "signal", "web", "hup")).toBe(0);
        expect(io.out()).toBe("web running (pid 4242)\nclient running (pid 7)\nweb stopped\nclient running (pid 7)\n");
        expect(io.err()).toBe("");
        expect(server.calls).toEqual(["start web", "start client", "stop web", "restart client", "signal SIGHUP web"]);
      }),
    ),
  );

  test(
    "one that fails does not stop the others; the first failure is the exit code",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "start", "wep", "broken", "web")).toBe(4);
        expect(io.out()).toBe("web running (pid 4242)\n");
        expect(io.err()).toBe(
          'error: no unit "wep" [HSU-UNIT-001]\nhint: did you mean "web"?\n' +
            'error: unit "broken" did not start: ENOENT [HSU-UNIT-003]\nhint: `hsu logs broken` has what it said, `hsu describe broken` what was executed\n',
        );
        expect(yield* hsu(io, "stop", "broken")).toBe(1);
        expect(yield* hsu(io, "signal", "nobody", "TERM")).toBe(4);
        expect(server.calls).toEqual(["start broken", "start web", "stop broken", "signal SIGTERM nobody"]);
      }),
    ),
  );
});

describe("streams", () => {
  test(
    "logs prints both streams to stdout, as they are",
    withMaster(({ io }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "logs", "web")).toBe(0);
        expect(io.out()).toBe("listening\nwarning: 1\n");
        expect(yield* hsu(io, "logs", "-n", "0", "web")).toBe(0);
        expect(io.out()).toBe("listening\nwarning: 1\n");
        expect(yield* hsu(io, "logs", "w*")).toBe(0);
        expect(io.out()).toBe("listening\nwarning: 1\n".repeat(2));
        expect(yield* hsu(io, "logs", "nobody")).toBe(4);
        expect(io.err()).toBe('error: no unit "nobody" [HSU-UNIT-001]\nhint: `hsu status` lists the units\n');
      }),
    ),
  );

  test(
    "logs -f goes on, and the end of the master is no failure",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        const following = yield* Effect.forkChild(hsu(io, "logs", "-f", "--reconnect", "0", "web"));
        yield* until(() => io.out() === "listening\nwarning: 1\n", "the history");
        yield* Effect.sleep(20);
        yield* server.write({ unit: "web", stream: "stdout", text: "\x1b[32mmore\x1b[39m" });
        yield* until(() => io.out().endsWith("\x1b[32mmore\x1b[39m\n"), "the new line");
        yield* server.stop;
        expect(yield* Fiber.join(following)).toBe(0);
        expect(io.err()).toBe("the master has ended\n");
      }),
    ),
  );

  test(
    "events for people and for programs",
    withMaster(({ io }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "events")).toBe(0);
        expect(io.out()).toMatch(
          /^\d\d:\d\d:\d\d units\/front\/web  started, pid 4242\n\d\d:\d\d:\d\d units\/front\/web  exited with code 1\n$/,
        );
        const before = io.out().length;
        yield* hsu(io, "events", "-o", "json", "--since", "2");
        const lines = io.out().slice(before).trimEnd().split("\n");
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([event(2, "exited", "exited with code 1")]);
      }),
    ),
  );

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends one that follows: %i", (signal, code) =>
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        const following = yield* Effect.forkChild(hsu(io, "events", "-f"));
        yield* until(() => server.following() === 1, "the follower");
        io.emit(signal);
        expect(yield* Fiber.join(following)).toBe(code);
        yield* until(() => server.following() === 0, "the end of the stream");
        expect(io.listening()).toBe(0);
        expect(io.err()).toBe("");
      }),
    )(),
  );

  test("a reader that has gone ends it quietly", () => {
    let closed = false;
    return withMaster(
      ({ io, server }) =>
        Effect.gen(function* () {
          const following = yield* Effect.forkChild(hsu(io, "events", "-f"));
          yield* until(() => server.following() === 1, "the follower");
          yield* Effect.sleep(20);
          closed = true;
          yield* server.happen(event(3, "started", "started"));
          expect(yield* Fiber.join(following)).toBe(0);
          expect(io.err()).toBe("");
        }),
      { closed: () => closed },
    )();
  });
});

describe("down", () => {
  test(
    "waits for the end of the master, not only for its answer",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        const going = yield* Effect.forkChild(hsu(io, "down"));
        yield* until(() => server.calls.includes("shutdown"), "the command");
        yield* Effect.sleep(100);
        expect(io.out()).toBe("");
        yield* server.stop;
        expect(yield* Fiber.join(going)).toBe(0);
        expect([io.out(), io.err()]).toEqual(["master 99 has ended\n", "stopping 1 unit of master 99\n"]);
      }),
    ),
  );

  test(
    "gives up waiting at the deadline: 124",
    withMaster(({ io }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "down", "--timeout", "100ms")).toBe(124);
        expect(io.err()).toBe(
          "stopping 1 unit of master 99\n" +
            "error: the shutdown took longer than 0.1s [HSU-CLI-004]\n" +
            "hint: it goes on: `hsu status` shows what is left, `hsu down` waits again\n",
        );
      }),
    ),
  );
});

describe("down without a wait", () => {
  test(
    "has asked for the shutdown before it gives up waiting",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "down", "--timeout", "0")).toBe(124);
        expect(server.calls).toContain("shutdown");
        expect(io.err()).toContain("error: the shutdown took longer than 0s [HSU-CLI-004]");
      }),
    ),
  );
});

describe("no master", () => {
  test.each([["status"], ["tree"], ["start", "web"], ["signal", "web", "TERM"], ["logs", "web"], ["events"], ["down"]])(
    "%s: 3",
    (...argv) =>
      scoped(
        Effect.gen(function* () {
          const path = yield* folder;
          const io = testIo(path);
          expect(yield* hsu(io, ...argv)).toBe(3);
          expect(io.out()).toBe("");
          expect(io.err()).toBe(
            `error: no master is running at ${path}/master.sock [HSU-CLI-002]\n` +
              "hint: start one with `hsu up FILE`, or name its socket with --socket PATH or $HSU_SOCKET\n",
          );
          expect(Fs.readdirSync(path)).toEqual([]);
        }),
      ),
  );

  test("a socket that was left behind is no master; a file is not one either", () =>
    scoped(
      Effect.gen(function* () {
        const path = yield* folder;
        const io = testIo(path);
        const dead = Net.createServer();
        yield* Effect.promise(() => new Promise<void>((resolve) => void dead.listen(Path.join(path, "x"), resolve)));
        Fs.linkSync(Path.join(path, "x"), Path.join(path, "master.sock"));
        yield* Effect.promise(() => new Promise((resolve) => dead.close(resolve)));
        expect(yield* hsu(io, "status")).toBe(3);
        Fs.writeFileSync(Path.join(path, "file"), "");
        expect(yield* hsu(io, "--socket", "file/x", "status")).toBe(3);
      }),
    ));

  test("a master that dies during a call: 1, and it says so", () =>
    scoped(
      Effect.gen(function* () {
        const path = yield* folder;
        const io = testIo(path);
        const dying = Net.createServer((socket) => void socket.once("data", () => socket.destroy()));
        yield* Effect.promise(() => new Promise<void>((resolve) => void dying.listen(Path.join(path, "master.sock"), resolve)));
        expect(yield* hsu(io, "status")).toBe(1);
        expect(io.err()).toBe(
          "error: the master does not answer any more: it closed the connection [HSU-CLI-003]\nhint: `hsu status` tells whether it still runs\n",
        );
        yield* Effect.promise(() => new Promise((resolve) => dying.close(resolve)));
      }),
    ));
});

describe("the config", () => {
  const at = (given: string | undefined, env: Record<string, string>, ...there: ReadonlyArray<string>) =>
    Effect.runPromise(find(given, { HOME: "/home/u", ...env }, "/w", (path) => there.includes(path)));

  test("FILE, $HSU_CONFIG, ./hsu.yaml, $XDG_CONFIG_HOME, /etc", async () => {
    expect(await at("a.yaml", { HSU_CONFIG: "b.yaml" })).toBe("/w/a.yaml");
    expect(await at(undefined, { HSU_CONFIG: "/b.yaml" }, "/w/hsu.yaml")).toBe("/b.yaml");
    expect(await at(undefined, { HSU_CONFIG: "" }, "/w/hsu.yaml", "/etc/hsu/hsu.yaml")).toBe("/w/hsu.yaml");
    expect(await at(undefined, { XDG_CONFIG_HOME: "/x" }, "/x/hsu/hsu.yaml", "/etc/hsu/hsu.yaml")).toBe("/x/hsu/hsu.yaml");
    expect(await at(undefined, { XDG_CONFIG_HOME: "relative" }, "/home/u/.config/hsu/hsu.yaml")).toBe("/home/u/.config/hsu/hsu.yaml");
    expect(await at(undefined, {}, "/etc/hsu/hsu.yaml")).toBe("/etc/hsu/hsu.yaml");
    await expect(at(undefined, {})).rejects.toMatchObject({ _tag: "NoConfig", code: "HSU-CLI-007" });
  });

  const valid = "managed_processes: []\nunits:\n";
  const validate = (text: string, ...argv: ReadonlyArray<string>) =>
    scoped(
      Effect.gen(function* () {
        const path = yield* folder;
        Fs.writeFileSync(Path.join(path, "hsu.yaml"), text);
        const io = testIo(path);
        return { code: yield* hsu(io, "validate", ...argv), out: io.out().replaceAll(path, "~"), err: io.err().replaceAll(path, "~") };
      }),
    );

  test("validate: all errors on stderr, exit code 2, stdout empty", async () => {
    const { code, err, out } = await validate(`${valid}nonsense: 1\n`);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("~/hsu.yaml:2:1: error HSU-CFG-005");
    expect(err).toContain("~/hsu.yaml:3:1: error HSU-CFG-005");
    expect((await validate("", "nowhere.yaml")).err).toContain("~/nowhere.yaml:1:1: error HSU-CFG-001");
  });

  test("validate: a valid one", async () => {
    const { code, out } = await validate("managed_processes: []\n");
    expect([code, out]).toEqual([0, "~/hsu.yaml: valid, 0 units in 1 group\n"]);
    expect(JSON.parse((await validate("managed_processes: []\n", "-o", "json")).out)).toMatchObject({ root: { _tag: "Group" } });
  });
});

describe("wait", () => {
  test(
    "until units are ready; at once where they are, and not for ever where they will not be",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        expect(yield* hsu(io, "wait", "web")).toBe(0);
        expect(io.out()).toBe("web running\n");
        expect(yield* hsu(io, "wait", "broken")).toBe(1);
        expect(io.err()).toContain('unit "broken" will not be ready: gave up after 3 restarts [HSU-CLI-008]');
        expect(yield* hsu(io, "wait", "wbe")).toBe(4);
        server.units[0] = unit("web", { ready: false });
        expect(yield* hsu(io, "wait", "--timeout", "20ms", "web")).toBe(124);
      }),
    ),
  );

  test(
    "goes on with an event; an exit has its exit code, and that of a signal",
    withMaster(({ io, server }) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(hsu(io, "wait", "--for", "exit", "web"), { startImmediately: true });
        // It has looked, and waits for what happens.
        yield* Effect.sleep(100);
        server.units[0] = unit("web", { lastExit: { code: null, signal: "SIGKILL", at: 7 } });
        yield* server.happen(event(1, "exited", "killed by SIGKILL"));
        expect(yield* Fiber.join(waiting)).toBe(137);
        expect(io.out()).toBe("web killed by SIGKILL\n");
      }),
    ),
  );
});
