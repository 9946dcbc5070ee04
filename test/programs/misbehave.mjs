#!/usr/bin/env node
/**
 * One program for the tests that does what they ask. Without flags it runs until SIGTERM and exits 0.
 *
 *   --run-ms N            ends by itself after N ms
 *   --exit-code N         with this code (0); also after SIGTERM
 *   --crash-after-ms N    throws after N ms: a trace on stderr, exit code 1
 *   --ignore-term         SIGTERM does nothing but print `term ignored`
 *   --on-hup N            SIGHUP ends it with this code
 *   --stop-delay-ms N     SIGTERM is obeyed N ms later
 *   --grandchild          starts a child in the same group that stays when this program ends; it ignores SIGTERM when this one does
 *   --spew-lines N        prints `line 1` … `line N` at once, or at the rate below
 *   --lines-per-second N  prints that many lines a second, without an end unless --spew-lines gives one
 *   --line-bytes N        pads each line to N bytes, without its newline
 *   --stderr              lines go to stderr
 *   --pid-file FILE       writes its own pid there; with --grandchild also FILE.grandchild
 *   --health-port N       serves HTTP on 127.0.0.1:N: 200 `well`, or as the next flags say (0: any port, written to --port-file)
 *   --port-file FILE      takes its health port there
 *   --health-after-ms N   listens only after N ms
 *   --fail-health-after N answers 503 to each request after the first N
 *   --fail-health-for N   answers 503 to the first N requests
 *   --hang-health         takes requests and answers none
 *   --health-log FILE     appends a line for each request
 *   --memory-mb N         takes N MB of memory, 8 MB each 10 ms, and keeps them
 *   --files N             opens N files and keeps them
 *   --forks N             starts N children that sleep, as far as it is let, and prints `forked N`
 *   --announce FILE       appends `PID UNIX_MS` when it starts
 *
 * It prints `ready` as soon as its signal handlers are set, before anything else.
 */
import { spawn } from "node:child_process";
import { appendFileSync, openSync, writeFileSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";

const text = { type: "string" };
const flag = { type: "boolean", default: false };
const { values } = parseArgs({
  options: {
    "run-ms": text,
    "exit-code": { ...text, default: "0" },
    "crash-after-ms": text,
    "ignore-term": flag,
    "on-hup": text,
    "stop-delay-ms": { ...text, default: "0" },
    grandchild: flag,
    "spew-lines": text,
    "lines-per-second": text,
    "line-bytes": { ...text, default: "0" },
    stderr: flag,
    "pid-file": text,
    announce: text,
    "memory-mb": text,
    files: text,
    forks: text,
    "health-port": text,
    "port-file": text,
    "health-after-ms": { ...text, default: "0" },
    "fail-health-after": text,
    "fail-health-for": { ...text, default: "0" },
    "hang-health": flag,
    "health-log": text,
  },
});
const number = (name) => (values[name] === undefined ? undefined : Number(values[name]));

/** Writes all of it, waiting for a slow reader as a plain C program would. */
const print = (data, descriptor = values.stderr ? 2 : 1) => {
  let rest = Buffer.from(data);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
};

const end = () => process.exit(number("exit-code"));

process.on("SIGTERM", () => {
  if (values["ignore-term"]) print("term ignored\n", 1);
  else setTimeout(end, number("stop-delay-ms"));
});

if (values["on-hup"] !== undefined) process.on("SIGHUP", () => process.exit(number("on-hup")));

if (values.announce !== undefined) appendFileSync(values.announce, `${process.pid} ${Date.now()}\n`);
if (values.grandchild) {
  // A signal that is ignored stays ignored through exec, so that `sleep` ignores it as well.
  const script = values["ignore-term"] ? 'trap "" TERM; exec sleep 300' : "exec sleep 300";
  const child = spawn("sh", ["-c", script], { stdio: "ignore" });
  child.unref();
  if (values["pid-file"] !== undefined) writeFileSync(`${String(values["pid-file"])}.grandchild`, `${child.pid}\n`);
}
if (values["pid-file"] !== undefined) writeFileSync(values["pid-file"], `${process.pid}\n`);
print("ready\n", 1);

if (values["health-port"] !== undefined) {
  const { createServer } = await import("node:http");
  let asked = 0;
  const server = createServer((request, answer) => {
    asked++;
    if (values["health-log"] !== undefined) appendFileSync(values["health-log"], `${process.pid} ${request.method} ${request.url}\n`);
    if (values["hang-health"]) return;
    const isWell = asked > number("fail-health-for") && asked <= (number("fail-health-after") ?? Infinity);
    answer.writeHead(isWell ? 200 : 503).end(isWell ? "well\n" : "unwell\n");
  });
  setTimeout(() => {
    server.listen(number("health-port"), "127.0.0.1", () => {
      if (values["port-file"] !== undefined) writeFileSync(values["port-file"], `${server.address().port}\n`);
    });
  }, number("health-after-ms"));
}

const held = [];
if (values["memory-mb"] !== undefined) {
  const growing = setInterval(() => {
    if (held.length * 8 >= number("memory-mb")) return clearInterval(growing);
    held.push(Buffer.alloc(8 << 20, held.length + 1));
  }, 10);
}
for (let opened = 0; opened < number("files"); opened++) openSync("/dev/null", "r");

let forked = 0;
for (let tried = 0; tried < number("forks"); tried++) {
  const child = spawn("sleep", ["300"], { stdio: "ignore" }).on("error", () => {});
  if (child.pid !== undefined) forked++;
}
if (values.forks !== undefined) print(`forked ${forked}\n`);

const line = (index) => `${`line ${index}`.padEnd(number("line-bytes"), ".")}\n`;
const total = number("spew-lines") ?? Infinity;
const rate = number("lines-per-second");
let printed = 0;
if (rate !== undefined) {
  const timer = setInterval(() => {
    print(line(++printed));
    if (printed >= total) clearInterval(timer);
  }, 1000 / rate);
} else if (values["spew-lines"] !== undefined) {
  while (printed < total) {
    let batch = "";
    while (printed < total && batch.length < 65536) batch += line(++printed);
    print(batch);
  }
}

if (values["crash-after-ms"] !== undefined) {
  setTimeout(() => {
    throw new Error("crashed as asked");
  }, number("crash-after-ms"));
}
if (values["run-ms"] !== undefined) setTimeout(end, number("run-ms"));
setInterval(() => {}, 1 << 30);
