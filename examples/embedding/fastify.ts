/**
 * A tree of programs in a Fastify service, mounted below /hsu.
 *
 *     node examples/embedding/fastify.ts
 */
import { fastify } from "fastify";
import { launch } from "../../src/embed/index.ts";

const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());

await using tree = await launch(
  { yaml: 'managed_processes: [{ id: worker, management: { control: { executable: sleep, arguments: ["600"] } } }]' },
  { signal: ending.signal },
);
const hsu = await tree.handler({
  prefix: "/hsu",
  identify: ({ headers }) => (headers["x-user"] === "ada" ? { name: "ada", role: "operator" } : null),
});

const app = fastify({ forceCloseConnections: true });
app.get("/", () => "the service itself");
// Ahead of Fastify's own routes, which read bodies.
app.addHook("onRequest", (request, reply, done) => {
  if (!request.url.startsWith("/hsu/")) return done();
  reply.hijack();
  hsu(request.raw, reply.raw);
});
console.log(`listening on ${await app.listen({ port: Number(process.env["PORT"] ?? 8080), host: "127.0.0.1" })}`);
await tree.ended;
await app.close();
