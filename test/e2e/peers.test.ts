/** Masters on a network, and the command line that reaches them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { authority, hasOpenssl } from "../certificates.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
let other: Home;
beforeEach(() => {
  place = home();
  other = home();
});
afterEach(() => {
  place.clean();
  other.clean();
});

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

it.skipIf(!hasOpenssl)(
  "the units of another master are seen and commanded as NAME/unit, with mTLS; its end and its silence are found out, and its return (needs openssl)",
  async () => {
    const port = await freePort();
    const { ca, sign } = authority(place.folder);
    const clients = [
      { name: "west", role: "operator" },
      { name: "guest", role: "viewer", group: "front" },
    ];
    const rpc = { listen: `127.0.0.1:${port}`, tls: { ...sign("east"), ca }, clients };
    const talk = {
      id: "talk",
      management: { control: { executable: "sh", arguments: ["-c", "trap 'echo heard' USR1; echo hello; while :; do sleep 0.05; done"] } },
    };
    const write = (at: Home, config: object) => writeFileSync(join(at.folder, "hsu.yaml"), JSON.stringify(config));
    write(other, { process_manager: { rpc }, managed_processes: [sleeper("web"), { id: "front", children: [talk] }] });
    write(place, { managed_processes: [sleeper("own")] });
    expect(await other.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const { hsu } = place;
    const remote = () => place.status().then(({ units }) => units.find(({ id }) => id === "east/web"));
    const address = `tls://127.0.0.1:${port}`;
    const add = (name: string, as: string, ...more: ReadonlyArray<string>) => {
      const { cert, key } = sign(as);
      return hsu("peer", "add", name, address, "--ca", ca, "--cert", cert, "--key", key, "--heartbeat", "200ms", ...more);
    };
    expect(await add("east", "west")).toMatchObject({ code: 0, out: expect.stringMatching(/^east up, hsu \S+, as operator\n$/) });
    expect(await add("east", "west")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-PEER-002") });
    expect((await hsu("status", "-o", "name")).out).toBe("own\neast/web\neast/talk\n");
    expect((await hsu("stop", "all")).out).toBe("own stopped\n");

    // What is done there is done there, and happens here too.
    expect((await hsu("stop", "east/web")).out).toBe("east/web stopped\n");
    expect((await other.status()).units[0]).toMatchObject({ id: "web", state: "stopped" });
    expect((await hsu("start", "own", "east/w*")).out).toMatch(/own running .*\neast\/web running /);
    expect((await hsu("restart", "east/web")).out).toContain("east/web running");
    expect(await hsu("start", "east/web")).toMatchObject({ code: 1, err: expect.stringMatching(/"east\/web".*HSU-UNIT-002/s) });
    expect(await hsu("signal", "east/talk", "USR1")).toMatchObject({ code: 0 });
    await until(
      "it was heard",
      () => hsu("logs", "east/talk"),
      ({ out }) => out.includes("heard"),
    );
    expect((await hsu("describe", "east/talk")).out).toContain("echo hello");
    expect((await hsu("wait", "east/web", "--timeout", "10s")).code).toBe(0);
    expect((await hsu("events")).out).toMatch(/peers\/east {2}connected to .*\n(.*\n)*.*peers\/east\/units\/web {2}/);
    expect((await hsu("tree")).out).toMatch(/peers.*\n.*east.*\n(.*\n)*.*east\/web/);
    expect(await hsu("stop", "east/wep")).toMatchObject({ code: 4, err: expect.stringContaining('did you mean "east/web"') });
    expect(await hsu("stop", "south/web")).toMatchObject({ code: 4 });

    // Rights are those of the certificate, and who sees a group sees that group.
    expect(await add("guest", "guest")).toMatchObject({ code: 0, out: expect.stringContaining("as viewer of front") });
    expect((await hsu("status", "-o", "name")).out).toBe("own\neast/web\neast/talk\nguest/talk\n");
    expect(await hsu("stop", "guest/talk")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-RPC-004") });
    expect(await hsu("peer", "remove", "guest")).toMatchObject({ code: 0 });
    expect(await hsu("peer", "remove", "guest")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-PEER-003") });
    expect(await add("wrong", "nobody")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-RPC-003") });
    await hsu("peer", "remove", "wrong");

    // It hangs: its heart is not heard, and nobody waits for it.
    const { pid } = await other.status();
    process.kill(pid, "SIGSTOP");
    await until("the silence is noticed", place.status, ({ peers }) => peers?.[0]?.state === "down");
    expect(await hsu("stop", "east/web")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-PEER-001") });
    expect(await hsu("describe", "east/web")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no sign of life.*HSU-PEER-001|HSU-PEER-001/s),
    });
    expect(await hsu("status")).toMatchObject({ code: 3, err: expect.stringContaining('the master "east" is not seen') });
    process.kill(pid, "SIGCONT");
    await until("it is back", remote, (unit) => unit?.state === "running");

    // It dies, and its unit goes on.
    const before = (await remote())!.pid;
    await other.killMaster();
    await until("its end is noticed", place.status, ({ peers }) => peers?.[0]?.state === "down");
    expect(await other.hsu("up", "-d")).toMatchObject({ code: 0 });
    expect(await until("it is back", remote, (unit) => unit?.state === "running")).toMatchObject({ pid: before });
    const down = (await hsu("events")).out.match(/peers\/east {2}(no sign of life|it has closed).*/g);
    expect(down?.length).toBe(2);

    // What was added is there after a restart.
    expect(await hsu("down")).toMatchObject({ code: 0 });
    expect(await hsu("up", "-d")).toMatchObject({ code: 0 });
    await until("it is back", remote, (unit) => unit?.state === "running");
    expect(JSON.parse((await hsu("peer", "list", "-o", "json")).out)).toMatchObject([{ name: "east", state: "up", role: "operator" }]);
    expect(await hsu("down")).toMatchObject({ code: 0 });
    expect(await other.hsu("down")).toMatchObject({ code: 0 });
  },
  90_000,
);
