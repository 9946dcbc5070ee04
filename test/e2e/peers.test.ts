/** Masters on a network, and the command line that reaches them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { authority, hasOpenssl } from "../certificates.ts";
import { freePort, type Home, home } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const sleeper = (id: string) => ({ id, management: { control: { executable: "sleep", arguments: ["600"] } } });

it.skipIf(!hasOpenssl)(
  "each verb works against a master elsewhere, as far as the certificate is good for (needs openssl)",
  async () => {
    const port = await freePort();
    const { ca, sign } = authority(place.folder);
    const rpc = {
      listen: `127.0.0.1:${port}`,
      tls: { ...sign("master"), ca },
      clients: [
        { name: "admin", role: "admin" },
        { name: "viewer", role: "viewer" },
      ],
    };
    const config = {
      process_manager: { rpc },
      managed_processes: [sleeper("web"), { id: "talk", management: { control: { executable: "echo", arguments: ["hello"] } } }],
    };
    writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify(config));
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const as = (name: string) => {
      const { cert, key } = sign(name);
      return (...argv: ReadonlyArray<string>) =>
        place.hsu("--host", `tls://127.0.0.1:${port}`, "--ca", ca, "--cert", cert, "--key", key, ...argv);
    };
    const [admin, viewer] = [as("admin"), as("viewer")];
    // The socket of this machine is not what they use.
    writeFileSync(join(place.folder, "other.sock"), "");
    expect((await admin("status", "-o", "name")).out).toBe("web\ntalk\n");
    expect((await admin("stop", "web")).out).toBe("web stopped\n");
    expect((await admin("start", "web")).out).toMatch(/^web running \(pid \d+\)\n$/);
    expect((await admin("logs", "talk")).out).toContain("hello\n");
    expect((await admin("describe", "web", "-o", "json")).out).toContain('"sleep"');
    expect((await admin("events")).out).toContain("units/web");
    expect(await viewer("tree")).toMatchObject({ code: 0, err: "" });
    expect(await viewer("stop", "web")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-RPC-004") });
    expect(await as("nobody")("status")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-RPC-003") });
    expect(await admin("upgrade")).toMatchObject({ code: 2 });
    expect(await place.hsu("--host", `tls://127.0.0.1:${port}`, "status")).toMatchObject({
      code: 1,
      err: expect.stringContaining("HSU-RPC-005"),
    });
    expect(await place.hsu("--host", "tls://127.0.0.1:1", "status")).toMatchObject({
      code: 3,
      err: expect.stringContaining("HSU-RPC-008"),
    });
    expect(await admin("down")).toMatchObject({ code: 0 });
    expect(await admin("status")).toMatchObject({ code: 3 });
  },
  40_000,
);
