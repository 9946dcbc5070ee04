/** Masters on a network, and the command line that reaches them. */
import { execFileSync } from "node:child_process";
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
    expect((await admin("status", "-o", "name")).out).toBe("web\ntalk\n");
    expect((await admin("stop", "web")).out).toBe("web stopped\n");
    expect((await admin("start", "web")).out).toMatch(/^web running \(pid \d+\)\n$/);
    expect((await admin("logs", "talk")).out).toContain("hello\n");
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
    const clients = [{ name: "west", role: "operator" }];
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
      return hsu("peer", "add", name, address, "--ca", ca, "--cert", cert, "--key", key, "--heartbeat", "500ms", ...more);
    };
    expect(await add("east", "west")).toMatchObject({ code: 0, out: expect.stringMatching(/^east up, hsu \S+, as operator\n$/) });
    // A machine that is busy may have let two heartbeats pass: it is back at once.
    await until(
      "its units are seen",
      () => hsu("status", "-o", "name"),
      ({ out }) => out === "own\neast/web\neast/talk\n",
    );
    expect((await hsu("stop", "all")).out).toBe("own stopped\n");

    // What is done there is done there, and happens here too.
    expect((await hsu("stop", "east/web")).out).toBe("east/web stopped\n");
    expect((await other.status()).units[0]).toMatchObject({ id: "web", state: "stopped" });
    expect((await hsu("start", "own", "east/w*")).out).toMatch(/own running .*\neast\/web running /);
    expect(await hsu("signal", "east/talk", "USR1")).toMatchObject({ code: 0 });
    await until(
      "it was heard",
      () => hsu("logs", "east/talk"),
      ({ out }) => out.includes("heard"),
    );
    expect((await hsu("describe", "east/talk")).out).toContain("echo hello");
    expect((await hsu("events")).out).toMatch(/peers\/east {2}connected to .*\n(.*\n)*.*peers\/east\/units\/web {2}/);
    expect((await hsu("tree")).out).toMatch(/peers.*\n.*east.*\n(.*\n)*.*east\/web/);
    expect(await hsu("stop", "east/wep")).toMatchObject({ code: 4, err: expect.stringContaining('did you mean "east/web"') });

    // It hangs: its heart is not heard, and nobody waits for it.
    const { pid } = await other.status();
    process.kill(pid, "SIGSTOP");
    await until("the silence is noticed", place.status, ({ peers }) => peers?.[0]?.state === "down");
    expect(await hsu("stop", "east/web")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-PEER-001") });
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

/** Why there can be no namespaces here; undefined: there can. */
const noNamespaces = ((): string | undefined => {
  if (process.getuid?.() !== 0) return "needs root";
  const name = `hsu-try-${process.pid}`;
  try {
    execFileSync("ip", ["netns", "add", name], { stdio: "ignore" });
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs iproute2, and a kernel that lets it make network namespaces";
  }
})();

it.skipIf(!hasOpenssl || noNamespaces !== undefined)(
  `two masters in two network namespaces are cut apart and find each other again (${noNamespaces ?? "as root"}, openssl)`,
  async () => {
    const ip = (...args: ReadonlyArray<string>) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
    const [one, two] = [`hsu-a-${process.pid}`, `hsu-b-${process.pid}`];
    const { ca, sign } = authority(place.folder);
    const homes = [
      { at: place, namespace: one, link: "a0", address: "10.231.77.1", far: "10.231.77.2", name: "a", peer: "b" },
      { at: other, namespace: two, link: "b0", address: "10.231.77.2", far: "10.231.77.1", name: "b", peer: "a" },
    ];
    try {
      for (const { namespace } of homes) ip("netns", "add", namespace);
      ip("link", "add", "a0", "netns", one, "type", "veth", "peer", "name", "b0", "netns", two);
      for (const { address, at, far, link, name, namespace, peer } of homes) {
        ip("-n", namespace, "addr", "add", `${address}/24`, "dev", link);
        ip("-n", namespace, "link", "set", link, "up");
        const pair = sign(name, { places: `IP:${address}` });
        const rpc = { listen: `${address}:50057`, tls: { ...pair, ca }, clients: [{ name: peer, role: "operator" }] };
        const peers = [{ name: peer, address: `tls://${far}:50057`, ca, ...pair, heartbeat: "200ms" }];
        const config = { process_manager: { rpc, peers }, managed_processes: [sleeper(`of-${name}`)] };
        writeFileSync(join(at.folder, "hsu.yaml"), JSON.stringify(config));
      }
      for (const { at, namespace } of homes) {
        expect(await at.through("ip", "netns", "exec", namespace).hsu("up", "-d")).toMatchObject({ code: 0 });
      }
      const states = () => Promise.all(homes.map(({ at }) => at.status().then(({ peers }) => peers?.[0]?.state)));
      const both = (what: string, state: string) => until(what, states, (all) => all.every((each) => each === state), 30_000);
      await both("they see each other", "up");
      expect((await place.status()).units.map(({ id }) => id)).toEqual(["of-a", "b/of-b"]);
      expect((await other.status()).units.map(({ id }) => id)).toEqual(["of-b", "a/of-a"]);
      // Nobody is told of the cut: packets do not come through any more.
      ip("-n", two, "link", "set", "b0", "down");
      await both("they have noticed", "down");
      expect(await place.hsu("stop", "b/of-b")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-PEER-001") });
      expect((await other.status()).units).toMatchObject([{ id: "of-b", state: "running" }]);
      ip("-n", two, "link", "set", "b0", "up");
      await both("they have found each other", "up");
      expect(await place.hsu("stop", "b/of-b")).toMatchObject({ code: 0, out: "b/of-b stopped\n" });
      expect((await other.status()).units[0]).toMatchObject({ id: "of-b", state: "stopped" });
      for (const { at } of homes) expect(await at.hsu("down")).toMatchObject({ code: 0 });
    } finally {
      for (const { namespace } of homes) {
        try {
          ip("netns", "del", namespace);
        } catch {
          // It was not made.
        }
      }
    }
  },
  90_000,
);
