/** The example of a client in Python, on a master that runs: it sees units, follows what they say and what happens, and applies a config. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { outsider } from "./outsider.ts";
import { freePort, home, until } from "./program.ts";

/** Why it cannot run here; empty when it can. */
const lacks = ((): string => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import grpc, google.protobuf"], { stdio: "pipe" });
    return "";
  } catch {
    return ": /usr/bin/python3 cannot import grpc: Debian's python3-grpcio and python3-protobuf";
  }
})();

const unit = (id: string, script: string) =>
  `  - { id: ${id}, management: { control: { executable: sh, arguments: [-c, ${JSON.stringify(script)}] } } }\n`;

it.skipIf(lacks !== "")(
  `the client in Python lists units, follows logs and events, and applies a config${lacks}`,
  async () => {
    const place = home();
    onTestFinished(place.clean);
    const port = await freePort();
    const config = (...units: ReadonlyArray<string>) =>
      writeFileSync(join(place.folder, "hsu.yaml"), `process_manager: { port: ${port} }\nmanaged_processes:\n${units.join("")}`);
    const web = unit("web", "trap 'echo told' HUP; echo hello; while :; do sleep 600 & wait; done");
    config(web);
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
    const token = (await place.hsu("token", "create", "snake", "--role", "admin")).out.trim();
    const descriptors = join(place.folder, "hsu.binpb");
    execFileSync("node_modules/.bin/buf", ["build", "proto", "-o", descriptors]);
    const python = (given: string, ...argv: ReadonlyArray<string>) => {
      const env = {
        PATH: process.env["PATH"],
        HSU_TEST_MARK: place.folder,
        HSU_TOKEN: given,
        HSU_GRPC: `127.0.0.1:${port}`,
        HSU_DESCRIPTORS: descriptors,
      };
      return outsider("/usr/bin/python3", [resolve("examples/grpc-python/client.py"), ...argv], env, place.folder);
    };
    const listed = await python(token, "list").ended;
    expect(listed).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^web running \d+ units\n$/) });
    const logs = python(token, "logs", "web", "--follow");
    const events = python(token, "events", "--follow");
    await until("the line is there", logs.out, (text) => text === "hello\n");
    await until("the start is there", events.out, (text) => /^\d+ started units\/web /m.test(text));
    expect((await place.hsu("signal", "web", "HUP")).code).toBe(0);
    await until("it is followed", logs.out, (text) => text === "hello\ntold\n");
    config(web, unit("other", "exec sleep 600"));
    expect(await python(token, "apply", "hsu.yaml").ended).toEqual({
      code: 0,
      err: "",
      out: "change group units\nadd unit other\nrevision 2\n",
    });
    await until("it is told", events.out, (text) => /^\d+ started units\/other /m.test(text));
    config(unit("web", "exec sleep 600") + "  - { id: 7 }\n");
    expect(await python(token, "apply", "hsu.yaml").ended).toMatchObject({
      code: 1,
      err: expect.stringMatching(/hsu\.yaml:4:\d+: .* \[HSU-CFG-\d+\].*\[HSU-APL-003\]\n$/),
    });
    expect(await python("hsu_wrong", "list").ended).toMatchObject({ code: 1, err: expect.stringContaining("[HSU-RPC-003]") });
    // What is followed ends with the master, and says so.
    expect((await place.hsu("down")).code).toBe(0);
    expect(await events.ended).toMatchObject({ code: 1, err: "the master does not serve any more [UNAVAILABLE]\n" });
    expect((await logs.ended).code).toBe(1);
    expect(place.left()).toEqual([]);
  },
  90_000,
);
