/** Integrated units under the `hsu` program. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const integrated = (id: string, executable: string, args: ReadonlyArray<string>) => ({
  id,
  type: "integrated_managed",
  management: {
    control: { executable, arguments: args, shutdown_timeout: "5s" },
    restart_policy: { strategy: "always", restart_delay: "10ms" },
  },
});
/** Says its arguments and stays. */
const teller = (id: string) => integrated(id, "sh", ["-c", 'echo "$@"; exec sleep 600', "unit", "--quiet"]);

const write = (config: object): void => writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify(config));
const up = async (): Promise<void> => expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
const unit = async (id: string): Promise<UnitStatus> => (await place.status()).units.find((each) => each.id === id)!;
const portFile = (id: string): string => join(place.folder, `state/pids/${id}.port`);

describe("the port of an integrated unit", () => {
  it("integrated unit gets its own --port and .port file", async () => {
    write({ managed_processes: [teller("a"), teller("b")] });
    await up();
    const [a, b] = [await unit("a"), await unit("b")];
    expect(a.port).not.toBe(b.port);
    for (const { id, port } of [a, b]) {
      expect(readFileSync(portFile(id), "latin1")).toBe(`${port}\n`);
      expect((await place.hsu("logs", id)).out).toBe(`--quiet --port ${port}\n`);
    }
    expect((await place.hsu("status")).out).toMatch(new RegExp(`^a +running .* port ${a.port}$`, "m"));
    await place.hsu("stop", "a");
    expect(existsSync(portFile("a"))).toBe(false);
    expect((await place.hsu("down")).code).toBe(0);
    expect(existsSync(portFile("b"))).toBe(false);
  }, 60_000);

  it("a unit that outlives its master keeps its port, and a new start gets another", async () => {
    write({ managed_processes: [teller("a")] });
    await up();
    const before = await unit("a");
    await place.killMaster();
    expect(readFileSync(portFile("a"), "latin1")).toBe(`${before.port}\n`);
    await up();
    const { pid, port } = await unit("a");
    expect({ pid, port }).toEqual({ pid: before.pid, port: before.port });
    process.kill(before.pid!, "SIGKILL");
    const after = await until(
      "it is back",
      () => unit("a"),
      (now) => now.state === "running" && now.pid !== null && now.pid !== before.pid,
    );
    expect(readFileSync(portFile("a"), "latin1")).toBe(`${after.port}\n`);
    expect((await place.hsu("logs", "a")).out.split("\n")[1]).toBe(`--quiet --port ${after.port}`);
  }, 60_000);
});

/** The unit itself, with its sources beside it where it wants them. */
const exampleConfig = (folder: string): object => {
  const yaml = readFileSync(`examples/${folder}/hsu.yaml`, "utf8");
  const file = /arguments: \[(.*)\]/.exec(yaml)![1]!;
  const executable = /executable: (.*)/.exec(yaml)![1]!;
  return {
    managed_processes: [integrated("echo", executable === "node" ? process.execPath : executable, [resolve(`examples/${folder}`, file)])],
  };
};

/** Why the example in Python cannot run here; empty when it can. */
const pythonLacks = (): string => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import grpc, google.protobuf"], { stdio: "pipe" });
    return "";
  } catch {
    return "/usr/bin/python3 cannot import grpc: Debian's python3-grpcio and python3-protobuf";
  }
};

describe("a unit's own services", () => {
  const echoes = async (): Promise<void> => {
    const answer = await place.hsu("call", "echo", "proto.EchoService/Echo", '{"message":"hi"}');
    expect(answer).toEqual({ code: 0, out: '{"message":"hi"}\n', err: "" });
    const listed = await place.hsu("call", "echo");
    expect(listed.out).toContain("proto.EchoService/Echo (proto.EchoRequest) returns (proto.EchoResponse)\n");
    expect(await place.hsu("call", "echo", "proto.CoreService/Ping")).toMatchObject({ code: 0, out: "{}\n" });
  };

  it("the example in TypeScript is called by name, and what is wrong with a call is said", async () => {
    write(exampleConfig("integrated-typescript"));
    await up();
    await echoes();
    const wrong = async (...argv: ReadonlyArray<string>) => {
      const { code, err, out } = await place.hsu("call", ...argv);
      return { code, out, error: err.split("\n")[0] };
    };
    expect(await wrong("ecco")).toEqual({ code: 4, out: "", error: 'error: no unit "ecco" [HSU-UNIT-001]' });
    expect(await wrong("echo", "proto.EchoService/Eco")).toMatchObject({ code: 1, error: expect.stringContaining("[HSU-CALL-005]") });
    expect(await wrong("echo", "proto.EchoService/Echo", '{"message":1}')).toEqual({
      code: 1,
      out: "",
      error: 'error: the request does not fit "proto.EchoService/Echo": $.message: it is 1 [HSU-CALL-007]',
    });
    expect(await wrong("echo", "hsu.unit.v1.UnitService/SetLogLevel", "{}")).toEqual({
      code: 1,
      out: "",
      error: "error: UNIMPLEMENTED: this unit has no log level [HSU-CALL-008]",
    });
    expect(await wrong("echo", "grpc.health.v1.Health/Watch", "{}", "--timeout", "300ms")).toMatchObject({
      code: 124,
      out: '{"status":"SERVING"}\n',
    });
    const described = (await place.hsu("describe", "echo")).out;
    expect(described).toMatch(/^says +running: 1 answered$/m);
    expect(described).toMatch(/^version +1\.0\.0$/m);
    await place.hsu("stop", "echo");
    expect(await wrong("echo", "proto.EchoService/Echo")).toMatchObject({
      code: 1,
      error: 'error: unit "echo" cannot be called: it is stopped [HSU-CALL-001]',
    });
    expect((await place.hsu("logs", "echo")).out).toMatch(/^listening on \d+\nends after 1 calls: stopped by its master\n$/);
    expect((await place.hsu("down")).code).toBe(0);
    expect(place.left()).toEqual([]);
  }, 60_000);

  const lacks = pythonLacks();
  it.skipIf(lacks !== "")(
    `the example in Python is called by name${lacks === "" ? "" : `: ${lacks}`}`,
    async () => {
      write(exampleConfig("integrated-python"));
      await up();
      await echoes();
      expect((await place.hsu("down")).code).toBe(0);
      expect(readFileSync(join(place.folder, "state/logs/echo/stdout.log"), "utf8")).toMatch(/^listening on \d+\nends after 1 calls\n$/);
      expect(place.left()).toEqual([]);
    },
    60_000,
  );
});

describe("the health of an integrated unit", () => {
  const probed = (file: string) => {
    const config = integrated("a", process.execPath, [resolve(`test/integrated/fixtures/${file}`)]);
    const options = { interval: "200ms", timeout: "150ms", initial_delay: "50ms" };
    return { ...config, management: { ...config.management, health_check_run_options: options } };
  };

  it("UNIMPLEMENTED on Ping is alive", async () => {
    write({ managed_processes: [probed("bare.ts")] });
    await up();
    const first = await until(
      "it was asked",
      () => unit("a"),
      ({ health }) => health === "healthy",
    );
    expect(await place.hsu("call", "a")).toMatchObject({ code: 1, err: expect.stringContaining("it serves no reflection [HSU-CALL-004]") });
    expect(await unit("a")).toMatchObject({ health: "healthy", restarts: 0, pid: first.pid });
  }, 60_000);

  it("a unit that takes connections and answers nobody is restarted", async () => {
    const deaf = probed("reluctant.ts");
    deaf.management.control.arguments = [...deaf.management.control.arguments, "--deaf"];
    write({ managed_processes: [deaf] });
    await up();
    const seen = await until(
      "it was restarted",
      () => unit("a"),
      ({ restarts }) => restarts > 0,
    );
    expect(seen.lastExit?.because).toContain("liveness");
  }, 60_000);
});

const get = (socketPath: string, path: string): Promise<string> =>
  new Promise((done, fail) => {
    request({ socketPath, path, agent: false }, (response) => void text(response).then(done, fail))
      .on("error", fail)
      .end();
  });

describe("the service registry", () => {
  const publisher = resolve("test/integrated/fixtures/publisher.ts");
  const socket = (): string => join(place.folder, "registry.sock");
  const told = async (id: string, lines: number): Promise<RegExpExecArray> => {
    const all = await until(
      "it has published",
      async () => (await place.hsu("logs", id)).out.trim().split("\n"),
      (seen) => seen.length >= lines && seen.at(-1) !== "",
    );
    return /told (\d+), published (\d+): 200/.exec(all.at(-1)!)!;
  };

  it("unit that ignores --port and publishes to the registry", async () => {
    write({
      process_manager: { registry: { unix: "registry.sock" } },
      managed_processes: [integrated("stray", process.execPath, [publisher, "--registry", socket()])],
    });
    await up();
    const [, said, published] = await told("stray", 1);
    expect(published).not.toBe(said);
    expect(await unit("stray")).toMatchObject({ state: "running", restarts: 0, port: Number(published) });
    expect(readFileSync(portFile("stray"), "latin1")).toBe(`${published}\n`);
    expect(await place.hsu("call", "stray", "proto.CoreService/Ping")).toEqual({ code: 0, out: "{}\n", err: "" });
    expect((await place.hsu("events")).out).toContain(`listens on port ${published}, as it has published`);

    // It publishes once: what it has said holds under the next master as well.
    await place.killMaster();
    await up();
    expect(await unit("stray")).toMatchObject({ restarts: 0, port: Number(published) });
    expect(await place.hsu("call", "stray", "proto.CoreService/Ping")).toMatchObject({ code: 0, out: "{}\n" });
    const discovered = await get(socket(), "/api/v1/discover/somebody");
    expect(JSON.parse(discovered)).toMatchObject({ moduleID: "somebody", apis: [{ serverPort: Number(published) }] });

    process.kill((await unit("stray")).pid!, "SIGKILL");
    const [, , next] = await told("stray", 2);
    await until(
      "the new process has its own",
      () => unit("stray"),
      ({ port }) => port === Number(next),
    );
    expect((await place.hsu("down")).code).toBe(0);
    expect(place.left()).toEqual([]);
    expect(existsSync(socket())).toBe(false);
  }, 60_000);

  it("a unit behind a wrapper is known by its name", async () => {
    write({
      process_manager: { registry: { unix: "registry.sock" } },
      managed_processes: [
        integrated("stray", "sh", [
          "-c",
          `"$0" "$@" & wait`,
          process.execPath,
          publisher,
          "--registry",
          socket(),
          "--name",
          "stray",
          "--pid",
          "1",
        ]),
      ],
    });
    await up();
    const [, , published] = await told("stray", 1);
    expect(await unit("stray")).toMatchObject({ port: Number(published) });
  }, 60_000);

  it("a master whose registry cannot be opened does not start, and says why", async () => {
    write({ process_manager: { registry: { unix: "hsu.yaml" } }, managed_processes: [teller("a")] });
    const { code, err } = await place.hsu("up");
    expect(code).toBe(1);
    expect(err).toContain(`the service registry cannot listen at ${join(place.folder, "hsu.yaml")}: there is a file of that name`);
    expect(err).toContain("[HSU-API-005]");
    expect(place.left()).toEqual([]);
  }, 60_000);
});
