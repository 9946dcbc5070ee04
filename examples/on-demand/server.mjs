/** An HTTP server that does not open a port: it is handed a socket that listens already (systemd's protocol), from descriptor 3 on. */
import { createServer } from "node:http";

const { LISTEN_FDS, LISTEN_PID } = process.env;
if (LISTEN_PID !== String(process.pid) || LISTEN_FDS !== "1") throw new Error("start me with one socket");

const server = createServer((_, response) => response.end(`hello from ${process.pid}\n`));
server.listen({ fd: 3 });

// What is being answered is answered to its end. Who comes from now on is not refused, but waits for the next process.
process.on("SIGTERM", () => server.close());
