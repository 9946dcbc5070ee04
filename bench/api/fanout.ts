/**
 * Many who follow what happens, each with a connection of his own: `node fanout.ts SOCKET SUBSCRIBERS TIMES`. A line of JSON: milliseconds, at the median,
 * from a cause until all of them know; and what they are told in a second when causes follow each other without a pause.
 */
import * as Net from "node:net";

const [socketPath = "", subscribers = "1000", times = "30"] = process.argv.slice(2);
const many = Number(subscribers);
const burst = 100;

const ack = `{"_tag":"Ack","requestId":1}\n`;
const ask = (id: number, tag: string, payload: unknown): string =>
  `${JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] })}\n`;

let told = 0;
let wanted = Infinity;
let reached = (): void => {};

const countIn = (text: string, part: string): number => text.split(part).length - 1;

const connect = (onData: (socket: Net.Socket, text: string) => void): Promise<Net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = Net.connect(socketPath, () => resolve(socket));
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (text: string) => onData(socket, text));
  });

/** An event and the chunk that it comes in may come in pieces: what is looked for is short, and a rest of that length is kept. */
const subscribe = async (): Promise<void> => {
  let rest = "";
  const [event, end] = [`"type":"signal"`, "}\n"];
  let here = (): void => {};
  const answered = new Promise<void>((resolve) => (here = resolve));
  const socket = await connect((own, text) => {
    here();
    const all = rest + text;
    told += countIn(all, event) - countIn(rest, event);
    const chunks = countIn(all, end) - countIn(rest, end);
    if (chunks > 0) own.write(ack.repeat(chunks));
    rest = all.slice(-event.length);
    if (told >= wanted) reached();
  });
  // What has happened before is of no interest.
  socket.write(ask(1, "Events", { follow: true, since: 1_000_000_000 }));
  // Nobody is kept waiting to be let in.
  socket.write(`{"_tag":"Ping"}\n`);
  await answered;
};

const all = (count: number): Promise<void> =>
  new Promise((resolve) => {
    wanted = told + count;
    reached = () => {
      wanted = Infinity;
      resolve();
    };
  });

let answers = 0;
const control = await connect((_, text) => void (answers += countIn(text, `"Exit"`)));
let id = 1;
const cause = (): void => void control.write(ask(++id, "Signal", { unit: "unit-0", signal: "SIGCONT" }));

for (let n = 0; n < many; n += 50) await Promise.all(Array.from({ length: Math.min(50, many - n) }, subscribe));
// The first of them come while others are not there yet.
const settled = async (): Promise<void> => {
  for (;;) {
    const before = told;
    cause();
    await new Promise((done) => setTimeout(done, 500));
    if (told - before === many) return;
  }
};
await settled();

const taken: Array<number> = [];
for (let n = 0; n < Number(times); n++) {
  const done = all(many);
  const at = performance.now();
  cause();
  await done;
  taken.push(performance.now() - at);
}
taken.sort((a, b) => a - b);
const before = told;
const done = all(burst * many);
const at = performance.now();
for (let n = 0; n < burst; n++) cause();
await done;
const millis = performance.now() - at;
console.log(JSON.stringify({ millis: taken[taken.length >> 1], perSecond: (told - before) / (millis / 1000), answers }));
process.exit(0);
