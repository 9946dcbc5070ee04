/**
 * A tree of programs in an Express service, mounted below /hsu behind the service's own login.
 *
 *     node examples/embedding/express.ts
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { launch } from "../../src/embed/index.ts";

const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());

await using tree = await launch(
  { yaml: 'managed_processes: [{ id: worker, management: { control: { executable: sleep, arguments: ["600"] } } }]' },
  { signal: ending.signal },
);

const app = express();
app.use(express.json());
/** What stands for a login: a session of the service says who asks. */
app.use((request, _response, next) => {
  const user = request.get("x-user");
  if (user !== undefined) Object.assign(request, { user });
  next();
});
const hsu = await tree.handler({
  identify: (request) => {
    const { user } = request as { readonly user?: string };
    return user === undefined ? null : { name: user, role: user === "ada" ? "operator" : "viewer" };
  },
});
// Express takes the path off itself.
app.use("/hsu", hsu);
app.get("/", (_request, response) => void response.send("the service itself"));

const server = app.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
await tree.ended;
server.closeAllConnections();
server.close();
