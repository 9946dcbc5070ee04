/** The example of a client in Go, of what protoc's own plugins make of proto/, on a master that runs: upstream's services, health, reflection, and ours. */
import { execFile } from "node:child_process";
import { accessSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { outsider } from "./outsider.ts";
import { freePort, home, until } from "./program.ts";

/** Why it cannot run here; empty when it can. */
const lacks = ((): string => {
  try {
    for (const tool of ["go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc"]) accessSync(`/usr/bin/${tool}`);
    for (const of of ["grpc", "protobuf"]) accessSync(`/usr/share/gocode/src/google.golang.org/${of}`);
    return "";
  } catch (error) {
    return `: no ${(error as NodeJS.ErrnoException).path}: Debian's golang-go, golang-google-grpc-dev, protoc-gen-go and protoc-gen-go-grpc`;
  }
})();

it.skipIf(lacks !== "")(
  `the client in Go asks what upstream's ask, watches health, reads the reflection, and commands and follows units${lacks}`,
  async () => {
    const place = home();
    onTestFinished(place.clean);
    const port = await freePort();
    const unit = (id: string) =>
      `  - { id: ${id}, management: { control: { executable: sh, arguments: [-c, "trap 'echo told' HUP; echo hello; while :; do sleep 600 & wait; done"] } } }\n`;
    const config = (...ids: ReadonlyArray<string>) =>
      writeFileSync(join(place.folder, "hsu.yaml"), `process_manager: { port: ${port} }\nmanaged_processes:\n${ids.map(unit).join("")}`);
    config("web");
    const program = join(place.folder, "hsu-go");
    // Go keeps what it has compiled in the cache of who runs this: but for the first time it takes a second.
    await promisify(execFile)("sh", [resolve("examples/grpc-go/build.sh"), program], { env: { ...process.env, PATH: "/usr/bin:/bin" } });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
    const token = (await place.hsu("token", "create", "gopher", "--role", "admin")).out.trim();
    const go = (given: string, ...argv: ReadonlyArray<string>) => {
      const env = { HSU_TEST_MARK: place.folder, HSU_TOKEN: given, HSU_GRPC: `127.0.0.1:${port}` };
      return outsider(program, argv, env, place.folder);
    };
    const said = async (...argv: ReadonlyArray<string>): Promise<string> => {
      const { code, err, out } = await go(token, ...argv).ended;
      expect({ argv, code, err }).toEqual({ argv, code: 0, err: "" });
      return out;
    };
    expect((await go("", "upstream").ended).out.trim().split("\n")).toEqual([
      "status hsu-master: OK",
      'health "" SERVING OK',
      'health "proto.CoreService" SERVING OK',
      'health "hsu.v1.UnitService" SERVING OK',
      'health "nobody.Knows" UNKNOWN NotFound',
    ]);
    const reflected = (await said("reflect")).trim().split("\n");
    expect(reflected).toEqual(expect.arrayContaining(["grpc.health.v1.Health true", "hsu.v1.UnitService true", "proto.CoreService true"]));
    expect(reflected.filter((line) => !line.endsWith(" true"))).toEqual([]);
    expect(await said("list")).toMatch(/^web running \d+ units\n$/);
    const watch = go("", "watch");
    const logs = go(token, "logs", "web", "--follow");
    await until("the line is there", logs.out, (text) => text === "hello\n");
    await until("it serves", watch.out, (text) => text === "SERVING\n");
    expect((await place.hsu("signal", "web", "HUP")).code).toBe(0);
    await until("it is followed", logs.out, (text) => text === "hello\ntold\n");
    expect(await said("restart", "web")).toBe("web running\n");
    expect(await said("events")).toMatch(/^1 started units\/web /);
    config("web", "other");
    expect(await said("apply", "hsu.yaml")).toBe("change group units\nadd unit other\nrevision 2\n");
    // The code and the hint are in the details that Go reads by itself.
    expect(await go(token, "restart", "wob").ended).toEqual({
      code: 1,
      out: "",
      err: 'no unit "wob" [HSU-UNIT-001]\nhint: did you mean "web"?\n',
    });
    expect(await go("hsu_wrong", "list").ended).toMatchObject({ code: 1, err: expect.stringContaining("[HSU-RPC-003]") });
    expect((await place.hsu("down")).code).toBe(0);
    expect(await watch.ended).toEqual({ code: 0, err: "", out: "SERVING\nNOT_SERVING\n" });
    expect(await logs.ended).toMatchObject({ code: 1, err: "the master does not serve any more [Unavailable]\n" });
    expect(place.left()).toEqual([]);
  },
  300_000,
);
