/** What ends a unit at a limit that the kernel holds, and what is said of it. */
import * as Effect from "effect/Effect";
import { expect, it } from "@effect/vitest";
import type { Task } from "../../src/driver/index.ts";
import { type Caps, type Hold, notHeld, noUsage } from "../../src/platform/index.ts";
import { Limits } from "../../src/resources/index.ts";
import { sampleOf } from "../../src/resources/Sampler.ts";
import { begin } from "../../src/unit/Limiting.ts";
import type { Monitor } from "../../src/unit/Monitor.ts";
import { type LimitExceeded, outOfMemoryText } from "../../src/unit/ResourceErrors.ts";
import { emptySlot } from "../../src/unit/Run.ts";
import type { UnitSpec } from "../../src/unit/UnitSpec.ts";

const killed = { code: null, signal: "SIGKILL" };

const limited = (policy: Limits.Policy, refused: ReturnType<Monitor["admit"]> = null, by: Hold["by"] = "cgroup v2") =>
  Effect.gen(function* () {
    const limits: Limits.LimitsSpec = {
      limits: [
        { name: "memory.max_rss", bound: 100 << 20, policy },
        { name: "cpu.max_time", bound: 5000, policy },
      ],
      graceMillis: 0,
      sustainedMillis: 0,
      spikeMillis: 0,
    };
    const slot = { ...emptySlot(), startedAt: 0 };
    const told: Array<string> = [];
    const violations: Array<LimitExceeded> = [];
    const left: Array<string> = [];
    const monitor: Monitor = {
      watch: () => () => {},
      hurry: () => {},
      controllers: undefined,
      admit: () => refused,
      leave: (unit) => void left.push(unit),
    };
    let oomKills = 0;
    const made = yield* begin({
      spec: { id: "web", limits } as UnitSpec & { readonly limits: Limits.LimitsSpec },
      slot,
      monitor,
      notice: (type, message) => told.push(`${type}: ${message}`),
      violated: (error) => violations.push(error),
    });
    const asked: Array<Caps> = [];
    const task = {
      held: {
        holds: { memoryBytes: { by } },
        memoryFolder: "/sys/fs/cgroup/above/hsu-1/web",
        oomKills: () => oomKills,
        reprioritise: () => {},
      },
      recap: ({ caps }) => Effect.sync(() => (asked.push(caps), { ...notHeld, refused: ["nice", "files"] })),
    } as Partial<Task> as Task;
    made.attach(task);
    const look = (rssBytes: number) => made.onSample(sampleOf({ ...noUsage, rssBytes, oomKills }, 1000, null, 0));
    return { asked, limits, made, slot, task, told, violations, left, look, kill: () => void oomKills++ };
  });

it.effect("a kill for want of memory is known from the kernel's own count, and by nothing else", () =>
  Effect.gen(function* () {
    const { kill, made } = yield* limited("restart");
    expect(made.endedBy(killed)).toBeNull();
    kill();
    expect(made.endedBy({ code: 1, signal: null })).toBeNull();
    // The machine had none left for anybody.
    for (const group of [null, "/above"]) expect(made.endedBy({ ...killed, because: outOfMemoryText({ group }) })).toBeNull();
    expect(made.endedBy(killed)).toMatchObject({
      message: "killed by the kernel for want of memory, at its memory.max_rss of 100 MiB",
      failureContext: "resources",
      final: false,
    });
  }),
);

it.effect("a child that was killed is told, and is not taken for the end of the unit; a shell's word for it is", () =>
  Effect.gen(function* () {
    const { kill, look, made, told } = yield* limited("graceful_shutdown");
    kill();
    look(1);
    look(1);
    expect(told).toEqual(["oom_kill: the kernel has killed 1 of its processes for want of memory"]);
    expect(made.endedBy(killed)).toBeNull();
    kill();
    expect(made.endedBy({ code: 137, signal: null })).toMatchObject({ limit: "memory.max_rss", final: true });
  }),
);

it.effect("a kill that a look has counted before its end was heard is known from the kernel's log", () =>
  Effect.gen(function* () {
    const { kill, look, made } = yield* limited("restart");
    kill();
    look(1);
    expect(made.endedBy({ ...killed, because: outOfMemoryText({ group: "/above/hsu-1/web" }) })).toMatchObject({ limit: "memory.max_rss" });
  }),
);

it.effect("SIGXCPU is the end of its CPU time", () =>
  Effect.map(limited("immediate_kill"), ({ made }) =>
    expect(made.endedBy({ code: null, signal: "SIGXCPU" })).toMatchObject({ limit: "cpu.max_time", final: true }),
  ),
);

it.effect("restart_adjusted raises a limit once for one end, whoever asks how often", () =>
  Effect.gen(function* () {
    const { kill, made, slot } = yield* limited("restart_adjusted");
    kill();
    for (let asked = 0; asked < 3; asked++) made.endedBy(killed);
    expect(slot.raised).toEqual({ "memory.max_rss": 1.25 });
  }),
);

it.effect("a broken limit is told, and ends the unit once", () =>
  Effect.gen(function* () {
    const { look, made, told, violations } = yield* limited("restart", null, "nobody");
    for (let looks = 0; looks < 3; looks++) look(120 << 20);
    expect(told).toEqual(["limit_exceeded: memory.max_rss: 120 MiB, over its limit of 100 MiB (critical): restart"]);
    expect(violations).toHaveLength(1);
    expect(made.endedBy({ code: 0, signal: null })).toBe(violations[0]);
  }),
);

it.effect("what processes share is counted by the kernel once: where it holds memory, no sum over them is a broken limit", () =>
  Effect.gen(function* () {
    const { look, made, told, violations } = yield* limited("restart");
    look(300 << 20);
    expect([told, violations, made.endedBy(killed)]).toEqual([[], [], null]);
  }),
);

it.effect("a change keeps what is known of the limits that stay, and tells which of them wait for another process", () =>
  Effect.gen(function* () {
    const { asked, limits, look, made, slot, task, told } = yield* limited("restart_adjusted");
    slot.raised = { "memory.max_rss": 1.25, "cpu.max_time": 1.5 };
    const next = limits.limits.map((limit) => (limit.name === "cpu.max_time" ? { ...limit, bound: 9000 } : limit));
    expect(yield* made.change(task, { ...limits, limits: next, priority: 3 })).toEqual(["priority", "process.max_file_descriptors"]);
    expect(asked).toEqual([{ memoryBytes: 125 << 20, cpuSeconds: 9, nice: 3 }]);
    expect(slot.raised).toEqual({ "memory.max_rss": 1.25 });
    look(110 << 20);
    expect(told.filter((text) => text.startsWith("limit_exceeded"))).toEqual([]);
  }),
);

it.effect("who is refused holds nothing of what the machine can give", () =>
  Effect.gen(function* () {
    const refused = { wanted: 3 << 30, given: 1 << 30, allowed: 2 << 30, percent: 50, memoryBytes: 2 ** 32 };
    const error = yield* Effect.flip(limited("restart", refused));
    expect(error).toMatchObject({ _tag: "Overcommitted", code: "HSU-RES-003" });
    const { left } = yield* Effect.scoped(limited("restart"));
    expect(left).toEqual(["web"]);
  }),
);
