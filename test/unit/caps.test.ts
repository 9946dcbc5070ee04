import { expect, it } from "vitest";
import { Limits } from "../../src/resources/index.ts";
import { adjusted, capsOf, heldLimits, raise, unheld } from "../../src/unit/Caps.ts";

const spec = (limits: ReadonlyArray<Limits.Limit>, more: Partial<Limits.LimitsSpec> = {}): Limits.LimitsSpec => ({
  limits,
  graceMillis: 0,
  sustainedMillis: 0,
  spikeMillis: 0,
  ...more,
});

const all = (policy: Limits.Policy, bound = 1000) => Limits.limitNames.map((name): Limits.Limit => ({ name, bound, policy }));

it("the kernel is asked to hold what is to be held, and what it can hold without making the policy void", () => {
  for (const policy of ["none", "log", "alert"] as const) expect(capsOf(spec(all(policy)))).toEqual({});
  expect(capsOf(spec(all("throttle")))).toEqual({
    memoryHighBytes: 1000,
    swapBytes: 1000,
    cores: 10,
    readBps: 1000,
    writeBps: 1000,
    readOps: 1000,
    writeOps: 1000,
    tasks: 1000,
    files: 1000,
  });
  for (const policy of ["restart", "restart_adjusted", "graceful_shutdown", "immediate_kill"] as const) {
    expect(capsOf(spec(all(policy)))).toEqual({
      memoryBytes: 1000,
      addressBytes: 1000,
      swapBytes: 1000,
      cpuSeconds: 1,
      tasks: 1000,
      files: 1000,
    });
  }
  expect(capsOf(spec([], { priority: 5, cpuShares: 512, ioWeight: 50 }))).toEqual({ nice: 5, cpuShares: 512, ioWeight: 50 });
});

it("who holds a limit: the kernel, else the monitor, else nobody, which is said", () => {
  const why = "there is no cpu controller";
  const limits = spec([
    { name: "memory.max_rss", bound: 100, policy: "restart" },
    { name: "memory.max_virtual", bound: 100, policy: "restart" },
    { name: "cpu.max_cores", bound: 2, policy: "throttle" },
    { name: "io.max_read_bps", bound: 10, policy: "throttle" },
    { name: "process.max_child_processes", bound: 3, policy: "log" },
    { name: "cpu.max_time", bound: 3, policy: "none" },
  ]);
  const held = heldLimits(
    { ...limits, cpuShares: 2048 },
    {
      memoryBytes: { by: "cgroup v2" },
      addressBytes: { by: "rlimit" },
      cores: { by: "nobody", why },
      cpuShares: { by: "cgroup v1" },
    },
  );
  expect(held.map(({ by, limit }) => `${limit}: ${by}`)).toEqual([
    "memory.max_rss: cgroup v2",
    "memory.max_virtual: rlimit",
    "cpu.max_cores: monitor",
    "io.max_read_bps: nobody",
    "process.max_child_processes: monitor",
    "cpu.max_time: nobody",
    "cpu_shares: cgroup v1",
  ]);
  expect(unheld(held)).toEqual(["io.max_read_bps is not held: nothing slows it down"]);
  const blind = heldLimits({ ...limits, monitoring: { enabled: false } }, {});
  expect(unheld(blind)).toContain("memory.max_rss is not held: monitoring is off");
});

it("restart_adjusted raises the limit that was broken, a quarter each time, up to twice of it", () => {
  let raised = {};
  const bounds = Array.from({ length: 5 }, () => {
    raised = raise(raised, "memory.max_rss");
    return adjusted(spec(all("restart_adjusted", 100)), raised)
      .limits.slice(0, 2)
      .map(({ bound }) => Math.round(bound));
  });
  expect(bounds).toEqual([
    [125, 100],
    [156, 100],
    [195, 100],
    [200, 100],
    [200, 100],
  ]);
});
