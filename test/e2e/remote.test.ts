/** Two programs, of which one talks to an actor of the other: examples/remote-actors, over a socket and over TCP, with all that can happen to a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stock } from "../../examples/remote-actors/stock.ts";
import { Remote } from "../../src/actor/index.ts";
import { define, launch } from "../../src/embed/index.ts";
import { Tokens } from "../../src/security/index.ts";
import { freePort, until } from "./program.ts";

let folder: string;
const running: Array<ChildProcess> = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-shop-"));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

const run = (name: string, args: ReadonlyArray<string>, env: object = {}): ChildProcess => {
  const child = spawn(process.execPath, [`examples/remote-actors/${name}.ts`, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  return child;
};
const opened = async (shop: ChildProcess): Promise<string> => {
  const [line] = (await once(createInterface(shop.stdout!), "line")) as [string];
  return line;
};

it("a till sells what the shop has, and says so when the shop is closed", async () => {
  const socket = join(folder, "shop.sock");
  const shop = run("shop", [socket]);
  expect(await opened(shop)).toBe("open");
  const lines = async (): Promise<string> => {
    let out = "";
    const till = run("till", [socket]);
    till.stdout!.on("data", (chunk) => (out += String(chunk)));
    await once(till, "close");
    return out;
  };
  expect(await lines()).toBe(`1 left\n0 left\nno more nuts\n{"nut":10}\n`);
  shop.kill("SIGTERM");
  expect(await once(shop, "exit")).toEqual([0, null]);
  expect(await lines()).toMatch(/^the shop is closed: shop\/stock is down: no connection to shop: cannot reach the master at .*ENOENT/);
});

it("a tree talks to actors of its peers: one that is stopped, killed and started anew is nodedown at once, blocks nobody, and comes back", async () => {
  const [port, state] = [await freePort(), join(folder, "state")];
  const token = await Effect.runPromise(
    new Tokens.TokenFile(join(state, "tokens.json")).create({ name: "t", role: "operator", createdAt: 0 }),
  );
  const env = { PORT: String(port), STATE: state };
  let shop = run("shop", [], env);
  expect(await opened(shop)).toBe(`open at ${port}`);
  const { master } = define(import.meta.filename);
  const peers = [{ name: "east", address: `tcp://127.0.0.1:${port}`, token, heartbeatMillis: 200 }];
  await using west = await launch(master({ children: [], peers }));
  await until(
    "it is a peer",
    async () => (await west.tree()).children.length,
    (count) => count > 0,
  );
  const ref = await until(
    "there is a node",
    async () => Remote.ref(west.peer("east"), "stock", stock),
    () => true,
  );
  const ask = () => Effect.runPromise(Effect.result(ref.call("Left", undefined, { timeout: 5000 })));
  const up = () => until("it answers", ask, ({ _tag }) => _tag === "Success", 20_000);
  await up();
  for (const [what, harm, mend] of [
    ["no sign of life", () => shop.kill("SIGSTOP"), () => shop.kill("SIGCONT")],
    [
      "closed the connection",
      () => shop.kill("SIGKILL"),
      async () => {
        shop = run("shop", [], env);
        await opened(shop);
      },
    ],
  ] as const) {
    harm();
    // Before it is known, and after: none of them waits for anything.
    for (let n = 0; n < 50_000; n++) ref.cast("Deliver", { item: "bolt", count: 1 });
    expect(ref.mailbox.depth).toBeLessThanOrEqual(12_048);
    // Until it is noticed, who calls hears that nothing more fits in.
    const isDown = (seen: Awaited<ReturnType<typeof ask>>): boolean => seen._tag === "Failure" && seen.failure._tag === "ActorDown";
    expect(await until("it is down", ask, isDown)).toMatchObject({
      failure: { code: "HSU-ACT-002", reason: { _tag: "NodeDown", node: "east", why: expect.stringContaining(what) } },
    });
    expect(ref.mailbox.depth).toBe(0);
    expect(ref.mailbox.dropped).toBeGreaterThan(30_000);
    await mend();
    await up();
  }
  const answer = await ask();
  // The shop of now has never seen what was cast to the one before.
  expect(answer).toMatchObject({ success: { nut: 2 } });
}, 60_000);
