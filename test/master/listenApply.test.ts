/** What a change of the config means for units whose sockets the master holds. */
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { freePort } from "../e2e/program.ts";
import { type Running, running, until, unit, withMaster } from "./support.ts";

const program = resolve("test/programs/listener.mjs");
interface Web {
  readonly id?: string;
  readonly port: number;
  readonly flags?: ReadonlyArray<string>;
  readonly onDemand?: boolean;
}
const config = (...units: ReadonlyArray<Web>): string =>
  JSON.stringify({
    managed_processes: units.map(({ flags = [], id = "web", onDemand = true, port }) => ({
      id,
      management: {
        control: {
          executable: process.execPath,
          arguments: [program, ...flags],
          listen: [{ tcp: `127.0.0.1:${port}` }],
          on_demand: onDemand,
        },
        restart_policy: { strategy: "on_failure", restart_delay: "20ms" },
      },
    })),
  });
const apply = ({ control, directory }: Running, text: string) =>
  control.apply(Result.getOrThrow(parse(text, join(directory, "hsu.yaml"))).spec, "apply");
/** The pid of who answers, or the code of the error. */
const ask = (port: number): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let said = "";
    const client = connect({ host: "127.0.0.1", port });
    client.on("data", (chunk) => {
      said += String(chunk);
      client.end();
    });
    client.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)));
    client.on("close", () => resume(Effect.succeed(said.trim())));
  });
const waiting = ({ control }: Running, id = "web") => until(unit(control, id), ({ state }) => state === "waiting");

it("one that waits goes on waiting, and the next connection starts what the config says by then; one that comes anew waits as well", async () => {
  const [port, other] = [await freePort(), await freePort()];
  await withMaster(config({ port }), (master) =>
    Effect.gen(function* () {
      yield* waiting(master);
      yield* apply(master, config({ port, flags: ["--answer", "1"] }, { id: "late", port: other }));
      expect(yield* waiting(master)).toMatchObject({ pid: null });
      expect(yield* waiting(master, "late")).toMatchObject({ pid: null });
      expect(yield* ask(port)).toMatch(/^\d+$/);
      expect(yield* waiting(master)).toMatchObject({ lastExit: { code: 0 } });
      expect(yield* ask(other)).toMatch(/^\d+$/);
      // Away it goes, and its port with it.
      yield* apply(master, config({ port }));
      expect(yield* ask(other)).toBe("ECONNREFUSED");
    }),
  );
});

it("one that runs refuses nobody while it becomes another process", async () => {
  const port = await freePort();
  await withMaster(config({ port, onDemand: false }), (master) =>
    Effect.gen(function* () {
      yield* running(master.control, "web");
      const seen: Array<string> = [];
      for (let round = 0; round < 3; round++) {
        const change = apply(master, config({ port, onDemand: false, flags: ["--start-ms", String(50 + round)] }));
        const [, ...answers] = yield* Effect.all([change, ask(port), ask(port)], { concurrency: "unbounded" });
        seen.push(...(answers as ReadonlyArray<string>), yield* ask(port));
      }
      expect(seen.filter((said) => !/^\d+$/.test(said))).toEqual([]);
      expect(new Set(seen).size).toBeGreaterThanOrEqual(3);
    }),
  );
});

it("a change whose port is taken is taken back, and what listened goes on", async () => {
  const [port, taken] = [await freePort(), await freePort()];
  const server = createServer();
  await new Promise<void>((done) => server.listen(taken, "127.0.0.1", done));
  await withMaster(config({ port }), (master) =>
    Effect.gen(function* () {
      yield* waiting(master);
      expect(yield* Effect.flip(apply(master, config({ port }, { id: "late", port: taken })))).toMatchObject({
        _tag: "ApplyFailed",
        reason: expect.stringContaining("it is in use"),
        left: [],
      });
      expect((yield* master.control.status).units).toMatchObject([{ id: "web", state: "waiting" }]);
      expect(yield* ask(port)).toMatch(/^\d+$/);
    }),
  );
  await new Promise<void>((done) => void server.close(() => done()));
});
