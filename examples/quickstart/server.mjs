// An HTTP server. It prints each request, and finishes the ones under way when it is asked to stop.
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 27315);
let served = 0;

const server = createServer((request, response) => {
  served += 1;
  console.log(`${request.method} ${request.url} (request ${served})`);
  response.end(`hello from process ${process.pid}, request ${served}\n`);
});

server.on("error", (error) => {
  console.error(
    error.code === "EADDRINUSE"
      ? `port ${port} is taken by another program: set PORT of the server and SERVER of the client in hsu.yaml`
      : error.message,
  );
  process.exit(1);
});

server.listen(port, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${port}`));

process.on("SIGTERM", () => {
  console.log(`stopping after ${served} requests`);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
