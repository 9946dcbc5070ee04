// An HTTP server on a socket that it was handed, which drains when it is asked to end: it takes nobody more, and each connection ends with its next answer.
// Node's own `close` would cut off who is connected and asks nothing just then: that client's next request may be on its way already.
// Its arguments: the word that it answers with, and a file that it makes when it can be used.
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "node:net";

const [word, ready] = process.argv.slice(2);
let isEnding = false;
const server = createServer({ keepAliveTimeout: 0 }, (_, answer) => {
  // Work that takes its time, so that somebody is always being answered.
  setTimeout(() => {
    if (isEnding) answer.setHeader("Connection", "close");
    answer.end(`${word} ${process.pid}`);
  }, 1);
});
server.listen({ fd: 3 }, () => writeFileSync(ready, ""));
process.on("SIGTERM", () => {
  isEnding = true;
  rmSync(ready, { force: true });
  Server.prototype.close.call(server, () => process.exit(0));
});
