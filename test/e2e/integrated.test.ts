/** Integrated units under the `hsu` program. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    process.kill((await place.status()).pid, "SIGKILL");
    await until(
      "nobody answers",
      () => place.hsu("status"),
      ({ code }) => code === 3,
    );
    expect(readFileSync(portFile("a"), "latin1")).toBe(`${before.port}\n`);
    await up();
    const { pid, port } = await unit("a");
    expect({ pid, port }).toEqual({ pid: before.pid, port: before.port });
    process.kill(before.pid!, "SIGKILL");
    const after = await until(
      "it is back",
      () => unit("a"),
      (now) => now.state === "running" && now.pid !== before.pid,
    );
    expect(readFileSync(portFile("a"), "latin1")).toBe(`${after.port}\n`);
    expect((await place.hsu("logs", "a")).out.split("\n")[1]).toBe(`--quiet --port ${after.port}`);
  }, 60_000);
});
