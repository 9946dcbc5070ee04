import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { unitsOf } from "../../src/unit/index.ts";
import { findings, unit } from "./support.ts";

const load = (text: string) => {
  const { spec } = Result.getOrThrow(parse(text, "hsu.yaml"));
  return { spec, limits: unitsOf(spec.root)[0]?.limits };
};

const nested = (limits: string, context = "{}"): string =>
  `managed_processes:\n- { id: web, management: { standard_managed: { control: { execution: { executable_path: web }, context_aware_restart: ${context}, limits: ${limits} } } } }\n`;

it("the flat block has three limits, and may say more as the nested one does", () => {
  const { limits } = load(unit("  resource_limits: { max_memory_mb: 64, max_cpu_percent: 150, max_file_descriptors: 100 }"));
  expect(limits).toEqual({
    limits: [
      { name: "memory.max_rss", bound: 64 << 20, policy: "restart" },
      { name: "cpu.max_percent", bound: 150, policy: "throttle" },
      { name: "process.max_file_descriptors", bound: 100, policy: "throttle" },
    ],
    graceMillis: 0,
    sustainedMillis: 0,
    spikeMillis: 0,
  });
  const both = load(
    unit("  resource_limits: { max_memory_mb: 64, max_cpu_percent: 150 }", "  limits: { memory: { max_rss: 7, policy: log } }"),
  );
  expect(both.limits?.limits).toEqual([
    { name: "cpu.max_percent", bound: 150, policy: "throttle" },
    { name: "memory.max_rss", bound: 7, policy: "log" },
  ]);
  expect(load(unit()).limits).toBeUndefined();
  const children = load(unit("  limits: { process: { max_child_processes: 2 }, cpu: { max_time: 1h } }"));
  expect(children.limits?.limits.map(({ policy }) => policy)).toEqual(["restart", "log"]);
});

it("all of the nested block is read, with its thresholds, policies and times", () => {
  const text = nested(
    "{ priority: -5, cpu_shares: 512, memory: { max_rss: 100, max_virtual: 200, max_swap: 0, warning_threshold: 80, policy: alert }, " +
      "cpu: { max_cores: 1.5, max_percent: 50, max_time: 1h, policy: restart_adjusted }, io: { weight: 50, max_read_bps: 1, max_write_bps: 2, max_read_ops: 3, max_write_ops: 4 }, " +
      "process: { max_processes: 9, max_child_processes: 8, policy: none }, monitoring: { enabled: true, interval: 5s, history_retention: 1h, alerting_enabled: false } }",
    "{ startup_grace_period: 2m, sustained_violation_time: 30s, spike_tolerance_time: 10s }",
  );
  expect(load(text).limits).toEqual({
    priority: -5,
    cpuShares: 512,
    ioWeight: 50,
    monitoring: { enabled: true, intervalMillis: 5000, retentionMillis: 3_600_000 },
    graceMillis: 120_000,
    sustainedMillis: 30_000,
    spikeMillis: 10_000,
    limits: [
      // Nobody is to be alerted, and 0 is no limit.
      { name: "memory.max_rss", bound: 100, policy: "log", warningPercent: 80 },
      { name: "memory.max_virtual", bound: 200, policy: "log", warningPercent: 80 },
      { name: "cpu.max_cores", bound: 1.5, policy: "restart_adjusted" },
      { name: "cpu.max_percent", bound: 50, policy: "restart_adjusted" },
      { name: "cpu.max_time", bound: 3_600_000, policy: "restart_adjusted" },
      { name: "io.max_read_bps", bound: 1, policy: "throttle" },
      { name: "io.max_write_bps", bound: 2, policy: "throttle" },
      { name: "io.max_read_ops", bound: 3, policy: "throttle" },
      { name: "io.max_write_ops", bound: 4, policy: "throttle" },
      { name: "process.max_processes", bound: 9, policy: "none" },
      { name: "process.max_child_processes", bound: 8, policy: "none" },
    ],
  });
  expect(findings(text)).toBe("\n\n");
  expect(load(nested("{ memory: { limit_mb: 2 } }")).limits?.limits).toEqual([
    { name: "memory.max_rss", bound: 2 << 20, policy: "restart" },
  ]);
});

it("the master is told how often to look, what to use, and how much is too much", () => {
  const text = (resources: string) => `process_manager: { resources: ${resources} }\nmanaged_processes: []\n`;
  expect(load(text("{ interval: 5s, history_retention: 1h, overcommit_threshold: 90, controllers: [cpu] }")).spec).toMatchObject({
    sampling: { intervalMillis: 5000, retentionMillis: 3_600_000 },
    overcommitPercent: 90,
    controllers: ["cpu"],
  });
  expect(findings(text("{ interval: 10ms }"))).toContain("HSU-CFG-010");
  expect(findings(nested("{ priority: 20 }"))).toContain("a nice value: a whole number from -20 to 19");
  expect(findings(nested("{ memory: { policy: retsart } }"))).toContain('did you mean "restart"?');
});
