/** A master that sees another one through a wire that can be cut and held: `Control`s without masters behind them, real sockets. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import * as Net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CrashReport, Supervisor } from "../../src/actor/index.ts";
import { listen } from "../../src/api/NetworkListen.ts";
import { Control } from "../../src/master/Control.ts";
import { make as peering } from "../../src/peer/Peering.ts";
import type { Reach } from "../../src/peer/Reach.ts";
import type { PeerSpec } from "../../src/protocol/Peers.ts";
import { Tokens } from "../../src/security/index.ts";
import * as Fake from "../api/fakeControl.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-peer-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sleep(5).pipe(Effect.repeat({ until: () => condition() }), Effect.asVoid, Effect.timeout(15_000), Effect.orDie);

/** A wire to a port: it can be led elsewhere, cut, and held, so that nothing goes through and nothing ends. */
const wire = Effect.fnUntraced(function* (first: number) {
  let port = first;
  const ends = new Set<Net.Socket>();
  let held = false;
  const server = Net.createServer((near) => {
    const far = Net.connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on("data", (chunk) => held || to.write(chunk));
      from.on("error", () => {});
      from.on("close", () => {
        ends.delete(from);
        if (!held) to.destroy();
      });
    }
  });
  yield* Effect.promise(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done())));
  const cut = () => {
    for (const end of ends) end.destroy();
  };
  yield* Effect.addFinalizer(() => Effect.sync(() => (cut(), server.close())));
  return {
    port: (server.address() as Net.AddressInfo).port,
    lead: (to: number) => void (port = to),
    hold: (is: boolean) => void (held = is),
    cut,
  };
});

/** A master that serves; another one each time. */
const east = Effect.fnUntraced(function* (more: Partial<Control["Service"]> = {}) {
  const fake = yield* Fake.make;
  const place = { address: "127.0.0.1", port: 0, clients: [] };
  const control = { ...fake.control, ...more };
  const port = yield* Effect.provideService(listen(place, { tokens: join(folder, "tokens.json"), version: "test" }), Control, control);
  return { ...fake, port };
});

const token = (role: Tokens.Role) => new Tokens.TokenFile(join(folder, "tokens.json")).create({ name: role, role, createdAt: 0 });

/** A master that looks. */
const west = Effect.fnUntraced(
  function* (peers: ReadonlyArray<PeerSpec>) {
    const fake = yield* Fake.make;
    const root = yield* Supervisor.start({ id: "west", intensity: "infinity", children: [] });
    const told: Array<string> = [];
    const publish = (path: ReadonlyArray<string>, type: string, message: string) => void told.push(`${path.join("/")} ${type}: ${message}`);
    const parts = peering({ control: fake.control, within: { root, publish }, stateDirectory: folder, version: "test", peers });
    yield* parts.begin;
    const reach = (): Reach => parts.reach();
    const state = (is: string) =>
      Effect.sleep(5).pipe(
        Effect.andThen(reach().peers),
        Effect.repeat({ until: (all) => all.every(({ state: now }) => now === is) }),
        Effect.timeout(15_000),
        Effect.orDie,
      );
    return { ...fake, told, reach, state };
  },
  Effect.provideService(CrashReport.Reporter, () => Effect.void),
);

const at = (port: number, more: Partial<PeerSpec> = {}): PeerSpec => ({
  name: "east",
  address: `tcp://127.0.0.1:${port}`,
  heartbeatMillis: 200,
  ...more,
});

it("a command whose connection ends under way is sent again over the next one, and carried out once", () =>
  scoped(
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      let begun = 0;
      const restart = () => Effect.suspend(() => (begun++, Effect.as(Deferred.await(gate), Fake.unit("web"))));
      const { port } = yield* east({ restart });
      const line = yield* wire(port);
      const { reach, state, told } = yield* west([at(line.port, { token: yield* token("operator") })]);
      yield* state("up");
      const restarting = yield* Effect.forkChild(reach().restart("east/web"));
      yield* until(() => begun === 1);
      line.cut();
      yield* until(() => told.filter((each) => each.includes("peer_up")).length === 2);
      expect(restarting.pollUnsafe()).toBeUndefined();
      yield* Deferred.succeed(gate, undefined);
      expect(yield* Fiber.join(restarting)).toMatchObject({ id: "east/web", groups: ["peers", "east", "units", "front"] });
      expect(begun).toBe(1);
    }),
  ));

it("nobody says how a command went whose master is another one after the connection was lost", () =>
  scoped(
    Effect.gen(function* () {
      let begun = 0;
      const restart = () => Effect.suspend(() => (begun++, Effect.never));
      const [first, second] = [yield* east({ restart }), yield* east({ restart })];
      const line = yield* wire(first.port);
      const { reach, state } = yield* west([at(line.port, { token: yield* token("operator") })]);
      yield* state("up");
      const restarting = yield* Effect.forkChild(Effect.flip(reach().restart("east/web")));
      yield* until(() => begun === 1);
      line.lead(second.port);
      line.cut();
      expect(yield* Fiber.join(restarting)).toMatchObject({ code: "HSU-PEER-005", why: "it has been started anew since" });
      expect(begun).toBe(1);
    }),
  ));

it("a master that hangs is down after its heartbeats, is answered for at once, and comes back with all that has happened", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* east();
      const line = yield* wire(server.port);
      const { reach, state, told } = yield* west([at(line.port, { token: yield* token("operator") })]);
      yield* state("up");
      yield* until(() => server.following() === 1);
      yield* Effect.sleep(20);
      server.history.push(Fake.event(3, "restarting", "restarts in 1s"));
      yield* server.happen(server.history[2]!);
      yield* until(() => told.includes("peers/east/units/front/web restarting: restarts in 1s"));
      const lines = yield* Effect.forkChild(Effect.flip(Stream.runDrain(reach().logs({ unit: "east/web", follow: true, lines: 1 }))));
      yield* until(() => server.following() === 2);

      line.hold(true);
      yield* state("down");
      expect(yield* Fiber.join(lines)).toMatchObject({ code: "HSU-PEER-001" });
      expect(told.at(-1)).toBe("peers/east peer_down: no sign of life for 0.4 s");
      for (const refused of [reach().stop("east/web"), reach().signal("east/web", "SIGHUP"), reach().describe("east/web")]) {
        const error = yield* Effect.flip<unknown, unknown, never>(refused);
        expect(error).toMatchObject({ code: "HSU-PEER-001", peer: "east", why: expect.stringMatching(/no sign of life|no answer/) });
      }
      const seen = yield* reach().status;
      expect(seen.units.map(({ id }) => id)).toEqual(["web", "broken"]);
      expect(seen.peers).toMatchObject([{ name: "east", state: "down", code: "HSU-PEER-006" }]);
      server.history.push(Fake.event(4, "started", "meanwhile"));

      line.hold(false);
      line.cut();
      yield* state("up");
      yield* until(() => told.includes("peers/east/units/front/web started: meanwhile"));
      expect(told.filter((each) => each.includes("restarts in 1s"))).toHaveLength(1);
      expect((yield* reach().status).units.map(({ id }) => id)).toEqual(["web", "broken", "east/web", "east/broken"]);
      expect(server.calls).toEqual([]);
    }),
  ));

it("a master that is not known to hang yet holds up the status of the others for a moment only", () =>
  scoped(
    Effect.gen(function* () {
      const [one, two] = [yield* east(), yield* east()];
      const line = yield* wire(one.port);
      const secret = yield* token("viewer");
      const { reach, state } = yield* west([
        at(line.port, { token: secret, heartbeatMillis: 60_000 }),
        at(two.port, { name: "north", token: secret }),
      ]);
      yield* state("up");
      line.hold(true);
      const { peers, units } = yield* reach().status;
      expect(units.map(({ id }) => id)).toEqual(["web", "broken", "north/web", "north/broken"]);
      expect(peers).toMatchObject([
        { state: "up", reason: "it does not answer in time" },
        { state: "up", reason: null },
      ]);
    }),
  ));

it("errors and rights are those of the other master, about the unit as it is called here", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* east();
      const { reach, state } = yield* west([
        at(server.port, { token: yield* token("operator") }),
        at(server.port, { name: "seen", token: yield* token("viewer") }),
      ]);
      yield* state("up");
      const why = (command: Effect.Effect<unknown, unknown>) => Effect.flip(command);
      expect(yield* why(reach().stop("east/wep"))).toMatchObject({ _tag: "UnitNotFound", unit: "east/wep", nearest: "east/web" });
      expect(yield* why(reach().stop("east/broken"))).toMatchObject({ _tag: "InvalidTransition", unit: "east/broken", legal: ["start"] });
      expect(yield* why(reach().start("east/broken"))).toMatchObject({ message: 'unit "east/broken" did not start: ENOENT' });
      expect(yield* why(reach().stop("seen/web"))).toMatchObject({ _tag: "Forbidden", code: "HSU-RPC-004" });
      expect(yield* why(reach().stop("nobody/web"))).toMatchObject({ _tag: "UnitNotFound", unit: "nobody/web" });
      expect(yield* Stream.runCollect(reach().logs({ unit: "east/web", follow: false, lines: 1 }))).toMatchObject([
        { unit: "east/web" },
        {},
      ]);
      const rolled = yield* Stream.runCollect(reach().roll(["web", "east/web"]));
      expect(rolled.map(({ id }) => id)).toEqual(["web", "east/web"]);
      expect((yield* reach().describe("east/web")).status.id).toBe("east/web");
      const { units } = yield* reach().resources({ unit: "east/web", history: false, detail: false });
      expect(units).toMatchObject([{ unit: "east/web" }]);
      expect(server.calls).toEqual(["stop wep", "stop broken", "start broken", "roll web"]);
    }),
  ));

it("masters that see each other pass on what is their own and nothing else", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* east();
      server.history.push(Fake.event(3, "started", "of a third one", ["peers", "third", "units", "web"]));
      server.history.push(Fake.event(4, "peer_up", "connected", ["peers", "third"]));
      const secret = yield* token("viewer");
      const { reach, state, told } = yield* west([at(server.port, { token: secret })]);
      yield* state("up");
      yield* until(() => server.following() === 1);
      yield* Effect.sleep(20);
      yield* server.happen(server.history[2]!);
      yield* server.happen(server.history[3]!);
      yield* until(() => told.includes("peers/east/peers/third peer_up: connected"));
      expect(told.join("\n")).not.toContain("of a third one");
      expect((yield* reach().status).peers).toHaveLength(1);
    }),
  ));

it("a peer is added, kept where nobody else can read it, and removed; one of the config is not", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* east();
      const secret = yield* token("viewer");
      const file = join(folder, "peers.json");
      const inner = yield* Scope.make();
      const first = yield* Scope.provide(west([]), inner);
      expect((yield* first.reach().status).peers).toBeUndefined();
      expect(yield* Effect.flip(first.reach().removePeer("east"))).toMatchObject({ code: "HSU-PEER-003" });
      expect(yield* first.reach().addPeer(at(server.port, { token: secret }))).toMatchObject({ state: "up", role: "viewer" });
      expect(yield* Effect.flip(first.reach().addPeer(at(server.port)))).toMatchObject({ code: "HSU-PEER-002" });
      expect(yield* Effect.flip(first.reach().addPeer(at(1, { name: "a/b" })))).toMatchObject({ code: "HSU-PEER-004" });
      expect(yield* Effect.flip(first.reach().addPeer({ name: "a", address: "tcp://10.0.0.1:1" }))).toMatchObject({ code: "HSU-RPC-009" });
      expect(yield* first.reach().addPeer(at(1, { name: "nobody" }))).toMatchObject({ state: "down", code: "HSU-RPC-008" });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      yield* first.reach().removePeer("nobody");
      yield* Scope.close(inner, Exit.void);

      const again = yield* west([at(server.port, { name: "fixed", token: secret })]);
      yield* again.state("up");
      expect((yield* again.reach().peers).map(({ configured, name }) => [name, configured])).toEqual([
        ["fixed", true],
        ["east", false],
      ]);
      expect(yield* Effect.flip(again.reach().removePeer("fixed"))).toMatchObject({ code: "HSU-PEER-004" });
      yield* again.reach().removePeer("east");
      expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ peers: [] });
      expect(existsSync(file)).toBe(true);
    }),
  ));
