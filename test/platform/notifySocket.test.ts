import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sender } from "../../src/platform/index.ts";
import { openNotifySocket } from "../../src/platform/linux/NotifySocket.ts";
import { python } from "../programs/python.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-notify-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));

/** Runs python with `sock` and `address` at hand, to its end. Never synchronously: a sender waits for who reads. */
const send = (socket: string, ...lines: ReadonlyArray<string>): Effect.Effect<void> => {
  const code = [
    "import array, os, socket",
    "sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
    `address = ${JSON.stringify(socket)}`,
    "address = '\\0' + address[1:] if address[0] == '@' else address",
    ...lines,
  ].join("\n");
  return Effect.promise(
    () =>
      new Promise<void>((done, fail) => {
        execFile(python!, ["-c", code], { timeout: 30_000 }, (error) => (error === null ? done() : fail(error)));
      }),
  );
};
const until = (isSo: () => boolean): Effect.Effect<void> => {
  const deadline = performance.now() + 5_000;
  const look: Effect.Effect<void> = Effect.suspend(() => {
    if (isSo()) return Effect.void;
    return performance.now() > deadline ? Effect.die(new Error("not so in time")) : Effect.delay(look, 5);
  });
  return look;
};
const descriptors = (): number => readdirSync("/proc/self/fd").length;

describe.skipIf(python === null || process.platform !== "linux")("a notification socket (needs python3)", () => {
  it("hears each datagram whole and in order, and who has sent it; it is gone with its scope", async () => {
    const path = join(folder, "deep", "web.sock");
    const heard: Array<readonly [string, number, number]> = [];
    await run(
      Effect.gen(function* () {
        const { name } = yield* openNotifySocket(path, (text, { pid, uid }) => heard.push([text, pid, uid]));
        expect(name).toBe(path);
        yield* send(name, "for n in range(5): sock.sendto(f'STATUS={n} é\\nREADY=1'.encode(), address)");
        yield* until(() => heard.length === 5);
        expect(heard.map(([text]) => text)).toEqual([0, 1, 2, 3, 4].map((n) => `STATUS=${n} é\nREADY=1`));
        expect(new Set(heard.map(([, pid]) => pid)).size).toBe(1);
        expect(heard[0]![2]).toBe(process.getuid!());
      }),
    );
    expect(existsSync(path)).toBe(false);
  });

  it("takes the place of one that a killed master has left, and a path that is too long for the system gets a name", async () => {
    const heard: Array<string> = [];
    const hear = (text: string): void => void heard.push(text);
    const path = join(folder, "x".repeat(150));
    await run(
      Effect.gen(function* () {
        yield* send(join(folder, "left.sock"), "sock.bind(address)");
        yield* send((yield* openNotifySocket(join(folder, "left.sock"), hear)).name, "sock.sendto(b'one', address)");
        const { name } = yield* openNotifySocket(path, hear);
        expect(name).toMatch(/^@hsu-notify-[\da-f]{32}$/);
        yield* send(name, "sock.sendto(b'two', address)");
        yield* until(() => heard.length === 2);
        expect(heard).toEqual(["one", "two"]);
      }),
    );
  });

  it("keeps no descriptor that somebody sends along, and drops what is too long", async () => {
    const heard: Array<string> = [];
    await run(
      Effect.gen(function* () {
        const { name } = yield* openNotifySocket(join(folder, "web.sock"), (text) => void heard.push(text));
        const before = descriptors();
        yield* send(
          name,
          "r, w = os.pipe()",
          "for n in range(20): sock.sendmsg([b'FDSTORE=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [r, w]))], 0, address)",
          "sock.sendto(b'x' * 70000, address)",
          "sock.sendto(b'end', address)",
        );
        yield* until(() => heard.at(-1) === "end");
        expect(heard).toEqual([...Array.from({ length: 20 }, () => "FDSTORE=1"), "end"]);
        expect(descriptors()).toBe(before);
      }),
    );
  });

  it("a flood keeps nobody from the loop", async () => {
    let heard = 0;
    await run(
      Effect.gen(function* () {
        const { name } = yield* openNotifySocket(join(folder, "web.sock"), () => void heard++);
        const code = `import socket\ns=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nwhile True: s.sendto(b'WATCHDOG=1', ${JSON.stringify(name)})`;
        const child = spawn(python!, ["-c", code]);
        yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")));
        yield* until(() => heard > 5_000);
      }),
    );
    expect(heard).toBeGreaterThan(5_000);
  });

  it("knows a sender by its group or its environment, and one that has ended by nothing", async () => {
    const senders: Array<Sender> = [];
    await run(
      Effect.gen(function* () {
        const { name } = yield* openNotifySocket(join(folder, "web.sock"), (_, sender) => void senders.push(sender));
        const code = `import socket, time\nsocket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', ${JSON.stringify(name)})\ntime.sleep(60)`;
        const child = spawn(python!, ["-c", code], { detached: true, env: { ...process.env, HSU_UNIT: "web" } });
        yield* until(() => senders.length === 1);
        const [sender] = senders;
        expect(sender!.isOf(child.pid!, "HSU_UNIT=other")).toBe(true);
        expect(sender!.isOf(1, "HSU_UNIT=web")).toBe(true);
        expect(sender!.isOf(1, "HSU_UNIT=we")).toBe(false);
        child.kill("SIGKILL");
        yield* Effect.promise(() => new Promise((done) => child.once("exit", done)));
        expect(sender!.isOf(child.pid!, "HSU_UNIT=web")).toBe(null);
      }),
    );
  });

  it("is not what keeps a program alive", () => {
    const code = `import * as Effect from "effect/Effect"; import * as Scope from "effect/Scope"; import { openNotifySocket } from "./src/platform/linux/NotifySocket.ts";
      await Effect.runPromise(Effect.provideService(openNotifySocket(${JSON.stringify(join(folder, "web.sock"))}, () => {}), Scope.Scope, Scope.makeUnsafe()));`;
    const { signal, status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      timeout: 30_000,
      encoding: "utf8",
    });
    expect({ signal, status, stderr }).toEqual({ signal: null, status: 0, stderr: "" });
  });
});
