/** The shipped schema in the language server that editors use for YAML, over its own protocol. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}
interface Found {
  readonly message: string;
  readonly severity?: number;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

const require = createRequire(import.meta.url);
const program = join(require.resolve("yaml-language-server/package.json"), "../bin/yaml-language-server");
let server: ChildProcessWithoutNullStreams;
const waiting = new Map<number, (result: unknown) => void>();
const told = new Map<string, (found: ReadonlyArray<Found>) => void>();
let last = 0;

const send = (message: Message): void => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};
const ask = (method: string, params: unknown): Promise<unknown> =>
  new Promise((done) => {
    waiting.set(++last, done);
    send({ id: last, method, params });
  });

const hear = ({ id, method, params, result }: Message): void => {
  if (method === undefined) return waiting.get(id!)?.(result);
  // Of the client it wants settings, which are the default ones.
  if (id !== undefined)
    return send({ id, result: Array.isArray((params as { items?: unknown } | undefined)?.items) ? [{}, {}, {}, {}, {}] : null });
  if (method !== "textDocument/publishDiagnostics") return;
  const { diagnostics, uri } = params as { readonly diagnostics: ReadonlyArray<Found>; readonly uri: string };
  told.get(uri)?.(diagnostics);
};

beforeAll(async () => {
  server = spawn(process.execPath, [program, "--stdio"]);
  let rest = Buffer.alloc(0);
  server.stdout.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(rest.toString("latin1", 0, Math.max(head, 0)))?.[1]);
      if (head === -1 || rest.length < head + 4 + length) return;
      const body = rest.toString("utf8", head + 4, head + 4 + length);
      rest = rest.subarray(head + 4 + length);
      hear(JSON.parse(body) as Message);
    }
  });
  server.stderr.resume();
  const textDocument = { completion: { completionItem: { snippetSupport: false } }, hover: { contentFormat: ["plaintext"] } };
  await ask("initialize", { processId: process.pid, rootUri: null, capabilities: { textDocument } });
  send({ method: "initialized", params: {} });
}, 60_000);
afterAll(
  () =>
    new Promise<void>((done) => {
      server.once("exit", () => done());
      server.kill("SIGKILL");
    }),
);

const schema = pathToFileURL(resolve("docs/reference/hsu.schema.json")).href;
const opened = async (name: string, text: string) => {
  const uri = pathToFileURL(resolve(name)).href;
  const whole = `# yaml-language-server: $schema=${schema}\n${text}`;
  const found = new Promise<ReadonlyArray<Found>>((done) => told.set(uri, done));
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text: whole } } });
  /** Where `|` would be, behind this text. */
  const behind = (part: string) => {
    const before = whole.slice(0, whole.indexOf(part) + part.length).split("\n");
    return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1)!.length } };
  };
  return { found, behind };
};

const config = `managed_processes:
  - id: web
    management:
      control:
        executable: ./web
        shutdown_timeout: 10s
        
      restart_policy:
        strategy: always
`;

it("completes the keys of a block", async () => {
  const { behind } = await opened("complete.yaml", config);
  const result = (await ask("textDocument/completion", behind("10s\n        "))) as {
    readonly items: ReadonlyArray<{ readonly label: string }>;
  };
  const labels = result.items.map(({ label }) => label);
  expect(labels).toEqual(expect.arrayContaining(["arguments", "environment", "listen", "schedule", "stop_signal", "working_directory"]));
  expect(labels).not.toContain("shutdown_timeout");
}, 60_000);

it("says of a key under the cursor what config.md says", async () => {
  const { behind } = await opened("hover.yaml", config);
  const hover = (await ask("textDocument/hover", behind("        shutdown_"))) as { readonly contents: unknown };
  expect(JSON.stringify(hover.contents)).toContain("from the stop signal to SIGKILL. Default: 10s");
}, 60_000);

it("marks a key that there is not, and a value that is none, where they are", async () => {
  const wrong = config.replace("        shutdown_timeout", "        shutdown_timout").replace("strategy: always", "strategy: sometimes");
  const found = await (await opened("wrong.yaml", wrong)).found;
  expect(found.map(({ range }) => range.start)).toEqual([
    { line: 6, character: 8 },
    { line: 9, character: 18 },
  ]);
  expect(found[0]!.message).toMatch(/shutdown_timout/);
  expect(await (await opened("right.yaml", config)).found).toEqual([]);
}, 60_000);

it("is in the package, where a config can name it", () => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly files: ReadonlyArray<string> };
  expect(files).toContain("docs/reference/hsu.schema.json");
});
