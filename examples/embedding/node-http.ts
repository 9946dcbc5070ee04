/**
 * A service in Node's own http that has a tree of programs in it, and shows it below /hsu to who has a token.
 *
 *     node examples/embedding/node-http.ts
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { define, launch } from "../../src/embed/index.ts";

const { master, unit } = define(import.meta.filename);
const spec = master({ children: [unit({ id: "clock", executable: "sh", args: ["-c", "while :; do date; sleep 1; done"] })] });

// What the service does when it is to end is its own affair: the tree goes with this signal.
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());

await using tree = await launch(spec, { signal: ending.signal });
const hsu = await tree.handler({
  prefix: "/hsu",
  // Who may: here one who knows a word. A service has sessions, or tokens of its own.
  identify: ({ headers }) => (headers.authorization === `Bearer ${process.env["WORD"]}` ? { name: "ops", role: "operator" } : null),
});

const server = createServer((request, response) => {
  if (request.url?.startsWith("/hsu/") === true) return hsu(request, response);
  response.end("the service itself\n");
});
await new Promise<void>((listening) => server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", listening));
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);

for await (const { message, path, type } of tree.events()) console.log(`${join(...path, type)}: ${message}`);
server.closeAllConnections();
server.close();
