/** Targets that are away while a unit writes, and a master that is killed meanwhile: what was promised is there. */
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { home, until } from "./program.ts";

/** Servers that can go and come back at the same port. Their numbers are those of the lines, as they came. */
interface Place {
  readonly port: number;
  readonly got: ReadonlyArray<number>;
  readonly leave: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
}

const place = async (make: (got: Array<number>, sockets: Set<Socket>) => Server): Promise<Place> => {
  const got: Array<number> = [];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const comeBack = async (): Promise<void> => {
    const next = make(got, sockets);
    server = next;
    await new Promise<void>((done) => next.listen(port, "127.0.0.1", done));
    port = (next.address() as AddressInfo).port;
  };
  const leave = async (): Promise<void> => {
    for (const socket of sockets) socket.resetAndDestroy();
    await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
    server = undefined;
  };
  await comeBack();
  onTestFinished(leave);
  return { port, got, leave, comeBack };
};

const numberOf = (text: string): number => Number(/line (\d+)$/.exec(text)?.[1]);

/** As Loki: what has the time and the text of a line that is there is there already. */
const loki = () => {
  const known = new Set<string>();
  return place((got, sockets) =>
    createHttpServer((request, response) => {
      const chunks: Array<Buffer> = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { streams } = JSON.parse(String(Buffer.concat(chunks))) as { streams: [{ values: ReadonlyArray<[string, string]> }] };
        for (const [time, text] of streams[0].values) {
          if (known.has(`${time} ${text}`)) continue;
          known.add(`${time} ${text}`);
          got.push(numberOf(text));
        }
        response.writeHead(204).end();
      });
    }).on("connection", (socket) => sockets.add(socket)),
  );
};

const syslog = () =>
  place((got, sockets) =>
    createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      let held = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        held = Buffer.concat([held, chunk]);
        for (;;) {
          const space = held.indexOf(" ");
          const length = Number(held.toString("latin1", 0, Math.max(0, space)));
          if (space === -1 || held.length < space + 1 + length) return;
          got.push(numberOf(held.toString("utf8", space + 1, space + 1 + length)));
          held = held.subarray(space + 1 + length);
        }
      });
      socket.on("end", () => socket.end());
    }),
  );

const count = 10_000;

it("10,000 lines, a target that is away and a master that is killed in between: each is there, in order, and once where that is promised", async () => {
  const [far, near] = [await loki(), await syslog()];
  const one = home();
  onTestFinished(one.clean);
  writeFileSync(
    join(one.folder, "hsu.yaml"),
    `managed_processes:
  - id: writer
    management:
      control: { executable: node, arguments: [writer.mjs] }
      restart_policy: never
      log_collection:
        rotation: { max_size: 100KB, max_files: 100 }
        outputs:
          separate:
            stdout:
              - { type: loki, config: { url: "http://127.0.0.1:${far.port}", batch_interval: 20ms, max_retry_delay: 300ms } }
              - { type: syslog, config: { address: "tcp://127.0.0.1:${near.port}", batch_interval: 20ms, max_retry_delay: 300ms } }
`,
  );
  writeFileSync(
    join(one.folder, "writer.mjs"),
    `import { existsSync, writeSync } from "node:fs";
let number = 0;
const write = (to) => { while (number < to) writeSync(1, "line " + ++number + "\\n"); };
const timer = setInterval(() => {
  write(Math.min(${count}, number + 25));
  if (number === ${count} && existsSync("end")) clearInterval(timer);
}, 5);
`,
  );
  const up = () => one.start("up");
  up();
  const first = await until("it writes", one.status, ({ units }) => units[0]?.state === "running");
  await until(
    "both have lines",
    () => Math.min(far.got.length, near.got.length),
    (least) => least > 300,
  );
  await Promise.all([far.leave(), near.leave()]);
  const targets = async () => (await one.status()).units[0]?.logTargets ?? [];
  await until("both are away", targets, (all) => all.length === 2 && all.every(({ awaySince }) => awaySince !== null));
  await one.killMaster();
  up();
  const second = await until("another master", one.status, ({ pid, units }) => pid !== 0 && units[0]?.state === "running");
  expect(second.units[0]!.pid).toBe(first.units[0]!.pid);
  await Promise.all([far.comeBack(), near.comeBack()]);
  await until(
    "some more",
    () => far.got.length,
    (length) => length > 2000,
  );
  // While they take lines.
  await one.killMaster();
  up();
  await until(
    "the last line",
    () => [far.got.at(-1), near.got.at(-1)],
    (last) => last.every((number) => number === count),
    30_000,
  );
  const all = Array.from({ length: count }, (_, at) => at + 1);
  expect(far.got).toEqual(all);
  // At least once: a batch whose answer was not heard comes again, and in order then as well.
  expect(new Set(near.got).size).toBe(count);
  const seen = new Set<number>();
  expect(near.got.filter((number) => !seen.has(number) && seen.add(number))).toEqual(all);
  await until("nothing is left", targets, (states) =>
    states.every(({ awaySince, lagBytes, lost }) => awaySince === null && lagBytes === 0 && lost === 0),
  );
  const described = await one.hsu("describe", "writer");
  expect(described.out).toContain(`loki http://127.0.0.1:${far.port}: connected`);
  writeFileSync(join(one.folder, "end"), "");
  await one.hsu("down");
}, 60_000);
