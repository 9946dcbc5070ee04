#!/usr/bin/env node
/**
 * Accepts from the sockets that it is handed, and says its pid to each who connects, and `pid TEXT` to each who says TEXT and a newline.
 *
 *   --exit-at-once N   ends with this code and accepts nobody
 *   --answer N         ends with success after so many connections
 *   --crash-on WORD    exits 1 when it is told so
 *   --start-ms N       accepts only after N ms
 *
 * SIGTERM closes its sockets; it ends when nobody is connected any more.
 */
import { createServer } from "node:net";
import { parseArgs } from "node:util";

const text = { type: "string" };
const { values } = parseArgs({ options: { "exit-at-once": text, answer: text, "crash-on": text, "start-ms": { ...text, default: "0" } } });
if (values["exit-at-once"] !== undefined) process.exit(Number(values["exit-at-once"]));

const { LISTEN_FDS, LISTEN_PID } = process.env;
if (LISTEN_PID !== String(process.pid)) throw new Error("not told of its sockets");

const servers = [];
let left = values.answer === undefined ? Infinity : Number(values.answer);
const close = () => servers.forEach((server) => server.close());
const accept = (connection) => {
  connection.on("error", () => {});
  connection.write(`${process.pid}\n`);
  connection.on("data", (chunk) => {
    const said = String(chunk).trim();
    if (said === values["crash-on"]) process.exit(1);
    connection.write(`${process.pid} ${said}\n`);
  });
  if (--left === 0) close();
};
setTimeout(() => {
  for (let n = 0; n < Number(LISTEN_FDS); n++) servers.push(createServer(accept).listen({ fd: 3 + n }));
}, Number(values["start-ms"]));
process.on("SIGTERM", close);
