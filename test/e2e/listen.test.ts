/** Units whose sockets the master holds, as their users have them: the example, a killed master, an upgrade. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { python } from "../programs/python.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
let port: number;
beforeEach(async () => {
  place = home(resolve("examples/on-demand"));
  port = await freePort();
});
afterEach(() => place.clean());

/** The example, on a port of its own, with a greeter that soon has nothing to do. */
const write = (change: (yaml: string) => string = (yaml) => yaml): void => {
  const file = join(place.folder, "hsu.yaml");
  const yaml = readFileSync(file, "utf8")
    .replace("127.0.0.1:8080, name", `127.0.0.1:${port}, name`)
    .replace("executable: node", `executable: ${process.execPath}`)
    .replace("executable: python3", `executable: ${python ?? "python3"}\n        environment: { IDLE_SECONDS: 0.3 }`);
  writeFileSync(file, change(yaml));
};
/** The pid of who answers; the code of the error where nobody does. */
const ask = (to: { readonly port: number } | { readonly socketPath: string }): Promise<number | string> =>
  new Promise((done) => {
    const asked = request({ host: "127.0.0.1", agent: false, ...to }, (response) => {
      let said = "";
      response.on("data", (chunk) => (said += String(chunk)));
      response.on("end", () => done(Number(/^hello from (\d+)\n$/.exec(said)?.[1])));
    });
    asked.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    asked.end();
  });
const unit = async (id: string): Promise<UnitStatus | undefined> => (await place.status()).units.find((one) => one.id === id);
const reaches = (id: string, state: string) =>
  until(
    `${id} is ${state}`,
    () => unit(id),
    (seen) => seen?.state === state,
  );

describe.skipIf(python === null)("units on demand (needs python3)", () => {
  it("the example: each is started by who comes first, the greeter ends when it has nothing to do, and both close with the master", async () => {
    write();
    await place.hsu("up", "-d");
    const socketPath = join(place.folder, "greeter.sock");
    await reaches("greeter", "waiting");
    expect(await unit("web")).toMatchObject({ state: "waiting", reason: `listens on 127.0.0.1:${port}`, pid: null });
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    expect(await ask({ port })).toBe((await unit("web"))?.pid);
    const first = await ask({ socketPath });
    expect(first).toBeGreaterThan(0);
    expect(await reaches("greeter", "waiting")).toMatchObject({ lastExit: { code: 0 }, restarts: 0 });
    expect(await ask({ socketPath })).not.toBe(first);
    await reaches("greeter", "waiting");
    expect(await place.hsu("status")).toMatchObject({ code: 0, out: expect.stringMatching(/greeter +waiting .*listens on /) });
    expect((await place.hsu("down")).code).toBe(0);
    expect([await ask({ port }), await ask({ socketPath })]).toEqual(["ECONNREFUSED", "ENOENT"]);
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("a killed master's sockets are the next one's, who waits is answered, and a unit that waited is started as before", async () => {
    write((yaml) => yaml.replace("on_demand: { idle_timeout: 5m }", "shutdown_timeout: 5s"));
    await place.hsu("up", "-d");
    const { pid } = (await reaches("web", "running"))!;
    await reaches("greeter", "waiting");
    await place.killMaster();
    expect(await ask({ port })).toBe(pid);
    await place.hsu("up", "-d");
    expect(await reaches("web", "running")).toMatchObject({ pid });
    process.kill(pid!, "SIGKILL");
    // Its default backoff is a second: who comes meanwhile waits.
    await reaches("web", "backoff");
    const next = await ask({ port });
    expect(next).toBeGreaterThan(0);
    expect(next).not.toBe(pid);
    await reaches("greeter", "waiting");
    expect(await ask({ socketPath: join(place.folder, "greeter.sock") })).toBeGreaterThan(0);
  }, 60_000);

  it("a unit that connections are passed on to keeps who comes while there is no master waiting for the next one", async () => {
    const script = `require("node:http").createServer((_, answer) => answer.end("hello from " + process.pid + "\\n"))
      .listen(Number(process.env.PORT), "127.0.0.1");`;
    const control = { executable: process.execPath, arguments: ["-e", script], listen: [{ tcp: port }], proxy: true };
    writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [{ id: "web", management: { control } }] }));
    await place.hsu("up", "-d");
    const { pid } = (await reaches("web", "running"))!;
    expect(await ask({ port })).toBe(pid);
    await place.killMaster();
    const waits = ask({ port });
    await place.hsu("up", "-d");
    expect(await waits).toBe(pid);
    expect(await reaches("web", "running")).toMatchObject({ pid });
    expect((await place.hsu("down")).code).toBe(0);
    expect(await ask({ port })).toBe("ECONNREFUSED");
  }, 60_000);

  it("sockets that cannot be had from a unit that goes on are made anew when it has ended", async () => {
    // Who has it is neither the unit's process nor one of its group, as where the system forbids the copy.
    const script = "setsid sleep 600 & exec 3<&-; while [ ! -e go ]; do sleep 0.02; done; rm go";
    const control = { executable: "sh", arguments: ["-c", script], listen: [{ tcp: port }], on_demand: true };
    writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [{ id: "web", management: { control } }] }));
    await place.hsu("up", "-d");
    await reaches("web", "waiting");
    const first = ask({ port });
    const { pid } = (await reaches("web", "running"))!;
    await place.killMaster();
    await place.hsu("up", "-d");
    expect(await reaches("web", "running")).toMatchObject({ pid });
    expect((await place.hsu("events")).out).toContain("the process that listens there cannot be asked for the socket");
    writeFileSync(join(place.folder, "go"), "");
    await until(
      "web listens",
      () => unit("web"),
      (seen) => seen?.state === "waiting" && seen.reason === `listens on [::]:${port}`,
    );
    expect(await first).toBe("ECONNRESET");
    const second = ask({ port });
    await reaches("web", "running");
    writeFileSync(join(place.folder, "go"), "");
    await place.hsu("down");
    expect(typeof (await second)).toBe("string");
  }, 60_000);

  it("an upgrade refuses nobody, neither of a unit that runs nor of one that waits", async () => {
    // Fails until it may not, and is not tried again for long.
    const sulky = `[sh, -c, "[ -e may ] || exit 1; exec ${python} server.py"]`;
    write((yaml) =>
      yaml
        .replace(/executable: \S+\n( +environment: .*\n +)arguments: \[server.py\]/, `executable: env\n$1arguments: ${sulky}`)
        .concat("      restart_policy: { strategy: on_failure, restart_delay: 10m, max_delay: 10m }\n"),
    );
    await place.hsu("up", "-d");
    const socketPath = join(place.folder, "greeter.sock");
    await reaches("greeter", "waiting");
    const waits = ask({ socketPath });
    await reaches("greeter", "backoff");
    const { ino } = statSync(socketPath);
    const pid = await ask({ port });
    const answers = new Set<number | string>();
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) answers.add(await ask({ port }));
    })();
    const { code, err } = await place.hsu("upgrade");
    over.abort();
    await asking;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect([...answers]).toEqual([pid]);
    expect(await unit("greeter")).toMatchObject({ state: "backoff", restarts: 1 });
    expect(statSync(socketPath).ino).toBe(ino);
    writeFileSync(join(place.folder, "may"), "");
    expect((await place.hsu("start", "greeter")).code).toBe(0);
    expect(await waits).toBeGreaterThan(0);
    expect(await ask({ port })).toBe(pid);
  }, 60_000);
});
