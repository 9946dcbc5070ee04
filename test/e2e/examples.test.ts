/** The programs in examples/, each run as its first lines say. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";

const run = (file: string): Promise<string> =>
  new Promise((done, failed) => {
    execFile(process.execPath, [file], { timeout: 50_000 }, (error, stdout, stderr) => {
      if (error === null && stderr === "") done(stdout);
      else failed(new Error(`${file}: ${error?.message ?? ""}\n${stdout}${stderr}`));
    });
  });

it("chat: a room that crashes comes back with its guests", async () => {
  const lines = (await run("examples/chat/chat.ts")).trim().split("\n");
  expect(lines).toContain("ada  in lobby: ada: hello");
  expect(lines).toContain("joe  in lobby: ada: hello");
  expect(lines).toContain("-- chat/rooms/room #1 crashed: Error: nothing said");
  expect(lines.filter((line) => line.includes("joe?"))).toEqual(["ada  in lobby: ada: joe?"]);
  expect(lines.at(-1)).toBe("lobby: 1 guest, 1 line since the restart");
});

it("worker-pool: each job is done or given up, however often its workers crash", async () => {
  const lines = (await run("examples/worker-pool/worker-pool.ts")).trim().split("\n");
  expect(lines.filter((line) => !line.startsWith("--"))).toEqual([
    "10² = 100",
    "11² = 121",
    "12² = 144",
    "13: given up after 8 tries",
    "14² = 196",
    "15² = 225",
    "and nobody had to look after it",
  ]);
  expect(lines[0]).toBe("-- CircuitOpen");
});

it("http-service: answers over a crash, loses no figure, and stops in good order", async () => {
  const child = spawn(process.execPath, ["examples/http-service/http-service.ts"], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const errors: Array<string> = [];
    createInterface(child.stderr).on("line", (line) => errors.push(line));
    const lines = createInterface(child.stdout);
    const [first] = (await once(lines, "line")) as [string];
    const base = first.replace("listening on ", "");
    const ask = async (method: string, path: string): Promise<unknown> => {
      const response = await fetch(base + path, { method });
      return [response.status, await response.json()];
    };
    expect(await ask("POST", "/visit/home")).toEqual([200, { page: "home", visits: 1 }]);
    expect(await ask("POST", "/crash")).toEqual([202, {}]);
    expect(await ask("POST", "/visit/home")).toEqual([200, { page: "home", visits: 2 }]);
    expect(await ask("GET", "/health")).toEqual([200, { journal: { state: "up", restarts: 0 }, counter: { state: "up", restarts: 1 } }]);
    expect(await ask("GET", "/nowhere")).toEqual([404, { error: "no such page" }]);
    const stopped = once(lines, "line");
    const closed = once(child, "close");
    child.kill("SIGTERM");
    expect(await stopped).toEqual(["stopped"]);
    expect(await closed).toEqual([0, null]);
    expect(errors).toEqual(["service/counter #1 crashed: Error: asked to crash"]);
  } finally {
    child.kill("SIGKILL");
  }
});
