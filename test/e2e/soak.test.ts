/**
 * Fifty units under a master, while all of them, and the master, are killed and commanded at random. Bounded: 15 seconds, or $HSU_SOAK_SECONDS; the seed
 * is printed, and $HSU_SOAK_SEED runs the same choices again.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect } from "../../src/cli/Client.ts";
import type { MasterStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

const seconds = Number(process.env["HSU_SOAK_SECONDS"] ?? 15);
const seed = Number(process.env["HSU_SOAK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const count = 50;

/** Mulberry32: the same choices for the same seed. */
const randomFrom = (start: number) => {
  let state = start;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const ids = Array.from({ length: count }, (_, n) => `u${n}`);

/** What each life of a unit has written: its pid and a number that grows by one. */
const livesOf = (id: string): ReadonlyMap<string, ReadonlyArray<number>> => {
  const lives = new Map<string, Array<number>>();
  const text = readFileSync(join(place.folder, "state/logs", id, "stdout.log"), "utf8");
  // Who is killed in the middle of a line has not finished it.
  for (const line of text.split("\n").slice(0, -1)) {
    const [pid = "", n = ""] = line.split(" ").slice(-2);
    if (!lives.has(pid)) lives.set(pid, []);
    lives.get(pid)!.push(Number(n));
  }
  return lives;
};

it(
  `whatever is killed and commanded, nobody is orphaned, doubled or lost, and no line of output either (seed ${seed})`,
  async () => {
    process.stdout.write(`soak: ${seconds} s, HSU_SOAK_SEED=${seed}\n`);
    const random = randomFrom(seed);
    const script = join(place.folder, "unit.sh");
    writeFileSync(script, "n=0; while :; do n=$((n+1)); echo $$ $n; sleep 0.2; done\n");
    writeFileSync(
      join(place.folder, "hsu.yaml"),
      JSON.stringify({
        managed_processes: ids.map((id) => ({
          id,
          management: {
            control: { executable: "sh", arguments: [script], shutdown_timeout: "2s" },
            restart_policy: { strategy: "always", restart_delay: "20ms", max_delay: "200ms" },
          },
        })),
      }),
    );
    const ask = <A, E>(use: (call: Effect.Success<ReturnType<typeof connect>>["call"]) => Effect.Effect<A, E>): Promise<A | undefined> =>
      Effect.runPromise(
        connect(join(place.folder, "run/master.sock")).pipe(
          Effect.flatMap(({ call }) => use(call)),
          Effect.scoped,
          Effect.timeout(20_000),
          // A refusal is an answer, and the master may be killed under it.
          Effect.exit,
          Effect.map((exit) => (exit._tag === "Success" ? exit.value : undefined)),
        ),
      );
    const status = (): Promise<MasterStatus | undefined> => ask((call) => call.Status(undefined));
    const up = async (): Promise<number> => {
      const { code, err } = await place.hsu("up", "-d");
      expect({ code, err }).toEqual({ code: 0, err: "" });
      return (await status())!.pid;
    };

    let master = await up();
    /** Whom a command has told to be down. */
    const down = new Set<string>();
    const done = { kills: 0, commands: 0, masters: 0 };
    const pending: Array<Promise<unknown>> = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const dice = random(100);
      const id = ids[random(count)]!;
      const signal = random(2) === 0 ? "SIGKILL" : "SIGTERM";
      if (dice < 2) {
        process.kill(master, "SIGKILL");
        // A command that was on its way may have been obeyed or not.
        await Promise.all(pending.splice(0));
        await until("the master is gone", status, (seen) => seen === undefined);
        done.masters++;
        master = await up();
      } else if (dice < 60) {
        const pid = (await status())?.units.find((unit) => unit.id === id)?.pid ?? null;
        if (pid !== null) {
          try {
            process.kill(pid, signal);
            done.kills++;
          } catch {
            // It was being stopped.
          }
        }
      } else {
        const command = (["Start", "Stop", "Restart"] as const)[random(3)]!;
        done.commands++;
        pending.push(ask((call) => call[command]({ unit: id }) as Effect.Effect<unknown, unknown>));
      }
      await new Promise((wait) => setTimeout(wait, random(30)));
    }
    await Promise.all(pending);

    // What somebody wants is said once more, as an answer may have been lost with a master.
    for (const id of ids) {
      const isDown = random(4) === 0;
      if (isDown) down.add(id);
      await ask((call) => (isDown ? call.Stop({ unit: id }) : call.Start({ unit: id })) as Effect.Effect<unknown, unknown>);
    }
    const settled = await until(
      "all are as they were told to be",
      async () => (await status())!.units,
      (units) =>
        units.every(({ id, pid, state }) => (down.has(id) ? state === "stopped" && pid === null : state === "running" && pid !== null)),
    );
    // Nobody else runs than these, the masters' children with a `sleep` each, and the one master.
    const expected = new Set(settled.flatMap(({ pid }) => (pid === null ? [] : [pid])));
    const parentOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")[1]);
    await until(
      "nobody else is left",
      () =>
        place.left().filter((pid) => {
          try {
            return pid !== master && !expected.has(pid) && !expected.has(parentOf(pid));
          } catch {
            return false;
          }
        }),
      (others) => others.length === 0,
    );
    expect(readdirSync(join(place.folder, "state/pids")).sort()).toEqual(
      ids
        .filter((id) => !down.has(id))
        .map((id) => `${id}.pid`)
        .sort(),
    );
    let lives = 0;
    let restarts = 0;
    for (const unit of settled) {
      const seen = livesOf(unit.id);
      lives += seen.size;
      restarts += unit.restarts;
      // No line is lost, none is doubled: each life counts from one, without a gap.
      for (const numbers of seen.values()) expect(numbers).toEqual(numbers.map((_, n) => n + 1));
      // An automatic restart is a life of its own; it may have been too short to say so.
      if (unit.pid !== null) expect(seen.size).toBeGreaterThan(0);
    }
    process.stdout.write(`soak: ${JSON.stringify({ ...done, lives, restarts })}\n`);
    // Each restart and each first start is a life, and so are starts by hand and those after an end that nobody saw; a life may end before its first line.
    expect(lives).toBeLessThanOrEqual(count + restarts + done.commands + done.kills + count * done.masters);
    expect(restarts).toBeLessThanOrEqual(done.kills);
    await place.hsu("down");
    expect(place.left()).toEqual([]);
  },
  (seconds + 90) * 1000,
);
