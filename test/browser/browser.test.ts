/** `hsu` in a browser: what it costs, that it needs nothing of Node, and that a tree runs there. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { expect, it } from "vitest";
import { bundle } from "./bundle.ts";
import { sizes, table } from "./sizes.ts";

it("all of it imports nothing of Node, and is within its budget", async () => {
  const all = await sizes();
  const foreign = all.flatMap(({ imports }) => imports.filter((name) => !/^effect\/\w+$/.test(name)));
  expect(foreign).toEqual([]);
  expect(table(all)).not.toContain("EXCEEDED");
  // With effect in it nothing is left to import.
  expect(all[0]!.imports).toEqual([]);
});

it("a size above its budget would be found", () => {
  const size = { what: "all", raw: 9000, gzip: 3000, brotli: 2000, imports: [] };
  expect(table([{ ...size, budget: 2999 }])).toContain("EXCEEDED");
  expect(table([{ ...size, budget: 3000 }])).not.toContain("EXCEEDED");
});

it("an import of Node would be found", async () => {
  const { imports } = await bundle("test/browser/bundle.ts", [/^rolldown$/]);
  expect(imports.toSorted()).toEqual(["node:module", "node:url", "node:zlib", "rolldown"]);
});

const lived = [
  "app/a #1",
  "app/b #1",
  "app/b is down: Error: boom",
  "app/b ended: Error",
  "app/b #2",
  "b doubles: 42",
  "CallTimeout",
  "first: app/a",
];

/** What browsers have and JavaScript alone has not, as far as `effect` and `hsu` touch it; timers are numbers there. */
const browserGlobals = (report: (lines: ReadonlyArray<string>) => void) => ({
  report,
  queueMicrotask,
  setTimeout: (run: () => void, millis: number) => Number(setTimeout(run, millis)),
  clearTimeout,
  setInterval: (run: () => void, millis: number) => Number(setInterval(run, millis)),
  clearInterval,
  structuredClone,
  performance: { now: () => performance.now(), timeOrigin: performance.timeOrigin },
  MessageChannel,
  TextEncoder,
  TextDecoder,
  URL,
  AbortController,
  AbortSignal,
  console,
});

it("a tree runs where there is nothing but what browsers have", async () => {
  const { code } = await bundle("test/browser/fixtures/tree.ts");
  const lines = await new Promise<ReadonlyArray<string>>((resolve) => {
    const context = createContext(browserGlobals(resolve));
    expect(runInContext("[typeof process, typeof setImmediate, typeof Buffer, typeof require].join()", context)).toBe(
      "undefined,undefined,undefined,undefined",
    );
    runInContext(code, context);
  });
  expect(lines).toEqual(lived);
});

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

const page = `<!doctype html><script>
globalThis.workerUrl = "/thread.js";
globalThis.report = (lines) => fetch("/report", { method: "POST", body: JSON.stringify(lines) });
addEventListener("error", (event) => report([String(event.message)]));
</script><script type="module" src="/tree.js"></script>`;

/** Serves the page and its scripts until the page has reported. */
const inChromium = async (path: string): Promise<ReadonlyArray<string>> => {
  const scripts = { "/tree.js": bundle("test/browser/fixtures/tree.ts"), "/thread.js": bundle("test/browser/fixtures/thread.ts") };
  const reported = Promise.withResolvers<ReadonlyArray<string>>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const script = scripts[request.url as keyof typeof scripts];
    if (request.url === "/report") {
      const body = await request.toArray();
      reported.resolve(JSON.parse(Buffer.concat(body).toString()) as ReadonlyArray<string>);
      response.end();
    } else if (script === undefined) response.setHeader("content-type", "text/html").end(page);
    else response.setHeader("content-type", "text/javascript").end((await script).code);
  };
  const server = createServer((request, response) => void answer(request, response).catch(reported.reject));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const directory = mkdtempSync(join(tmpdir(), "hsu-chromium-"));
  // A group of its own: its many processes are ended together.
  const child = spawn(path, [...flags, `--user-data-dir=${directory}`, "--remote-debugging-port=0", `http://127.0.0.1:${port}/`], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const errors: Array<string> = [];
  child.stderr.on("data", (text: Buffer) => void errors.push(text.toString()));
  const exited = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  void exited.then(() => reported.reject(new Error(`Chromium ended: ${errors.join("")}`)));
  try {
    return await reported.promise;
  } finally {
    process.kill(-child.pid!, "SIGKILL");
    await exited;
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
  }
};

it("a tree runs in Chromium, with a tree on a worker thread below it", { timeout: 60_000 }, async (context) => {
  if (chromium === undefined) return context.skip("no Chromium is installed");
  const lines = await inChromium(chromium);
  expect(lines.filter((line) => !line.startsWith("worker:"))).toEqual([...lived, "threads/place ended: Killed"]);
  expect(lines.filter((line) => line.startsWith("worker:"))).toEqual([
    "worker: 100 answers, the last 198",
    "worker: threads/place/flaky is down: Error: boom",
    "worker: 8 by #2",
    "worker: 10 by #3 of thread 2",
  ]);
});
