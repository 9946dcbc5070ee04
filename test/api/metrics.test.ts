import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import * as Timings from "../../src/master/Timings.ts";
import { catalogue, collect, render } from "../../src/api/Metrics.ts";
import type { MasterStatus, UnitStatus } from "../../src/protocol/MasterRpc.ts";

const unit = (id: string, more: Partial<UnitStatus> = {}): UnitStatus => ({
  id,
  kind: "managed",
  groups: ["units", "web"],
  state: "running",
  reason: null,
  pid: 1,
  restarts: 2,
  startedAt: 1500,
  nextStartAt: null,
  lastExit: null,
  memory: 10,
  health: null,
  ready: true,
  ...more,
});
const status = (...units: ReadonlyArray<UnitStatus>): MasterStatus => ({
  pid: 1,
  version: "1.2.3",
  source: "hsu.yaml",
  phase: "running",
  startedAt: 1000,
  now: 2000,
  memory: null,
  units,
});
const nothing = { at: 0, cores: 2, memoryBytes: 1, master: null, units: [] };

it("metrics say what is known, and leave out what is not", () => {
  const text = render(
    status(unit("a"), unit("b", { state: "failed", ready: false, health: "unhealthy", breaker: "open", memory: null })),
    nothing,
  );
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  expect(lines).toContain('hsu_build_info{version="1.2.3"} 1');
  expect(lines).toContain("hsu_master_start_time_seconds 1");
  expect(lines).toContain('hsu_units{state="failed"} 1');
  const of = (id: string) => lines.filter((line) => line.includes(`unit="${id}"`)).map((line) => line.replace(/\{.*\}/, ""));
  expect(of("a")).toEqual([
    "hsu_unit_running 1",
    "hsu_unit_ready 1",
    "hsu_unit_failed 0",
    "hsu_unit_restarts_total 2",
    "hsu_unit_start_time_seconds 1.5",
    "hsu_unit_resident_memory_bytes 10",
  ]);
  expect(of("b")).toContain("hsu_unit_healthy 0");
  expect(of("b")).toContain("hsu_unit_breaker_open 1");
  expect(text).not.toContain("hsu_master_resident_memory_bytes");
});

it("each log target of a unit has its own", () => {
  const away = { target: "loki http://l", awaySince: 5, why: "no", delivered: 7, lost: 1, rejected: 2, lagBytes: 30 };
  const text = render(status(unit("a", { logTargets: [away, { ...away, target: "stdout", awaySince: null }] }), unit("b")), nothing);
  const rows = text.split("\n").filter((line) => line.startsWith("hsu_log_target"));
  const labels = (target: string): string => `{unit="a",group="units/web",target="${target}"}`;
  expect(rows).toContain(`hsu_log_target_up${labels("loki http://l")} 0`);
  expect(rows).toContain(`hsu_log_target_up${labels("stdout")} 1`);
  expect(rows).toContain(`hsu_log_target_lag_bytes${labels("stdout")} 30`);
  expect(rows.length).toBe(10);
});

it("what takes time is counted in buckets, each of all that is not more", async () => {
  let at = 0;
  const timings = Timings.make(() => at);
  const took = (millis: number) =>
    Effect.suspend(() => {
      at += millis;
      return Effect.void;
    });
  for (const millis of [1, 30, 40, 100_000]) await Effect.runPromise(timings.around("Start", took(millis)));
  await Effect.runPromise(Effect.exit(timings.around("Stop", Effect.andThen(took(7), Effect.fail("no")))));
  timings.started(20);
  const text = render(status(unit("a")), nothing, new Map(), timings.read());
  const rows = text.split("\n").filter((line) => line.includes("_duration_seconds"));
  expect(rows).toContain("# TYPE hsu_command_duration_seconds histogram");
  const of = (suffix: string, le: string) => `hsu_command_duration_seconds_${suffix}{operation="Start"${le}}`;
  expect(rows).toContain(`${of("bucket", ',le="0.001"')} 1`);
  expect(rows).toContain(`${of("bucket", ',le="0.025"')} 1`);
  expect(rows).toContain(`${of("bucket", ',le="0.05"')} 3`);
  expect(rows).toContain(`${of("bucket", ',le="60"')} 3`);
  expect(rows).toContain(`${of("bucket", ',le="+Inf"')} 4`);
  expect(rows).toContain(`${of("count", "")} 4`);
  expect(rows).toContain(`${of("sum", "")} 100.071`);
  expect(rows).toContain(`hsu_command_duration_seconds_count{operation="Stop"} 1`);
  expect(rows).toContain(`hsu_unit_start_duration_seconds_bucket{le="0.025"} 1`);
  expect(rows).toContain("hsu_unit_start_duration_seconds_sum 0.02");
  expect(render(status(unit("a")), nothing)).not.toContain("_duration_seconds");
});

it("labels are written so that nobody can write other metrics by them", () => {
  const text = render(status(unit("a", { groups: ['x"} 1\nevil 2\\'] })), nothing);
  expect(text).toContain('hsu_unit_running{unit="a",group="x\\"} 1\\nevil 2\\\\"} 1\n');
});

it("docs/reference/metrics.md is made of the table of metrics: `-u` writes it", async () => {
  const rows = catalogue.map(
    ({ help, labels, name, type, unit: of }) =>
      `| \`${name}\` | ${type} | ${of} | ${labels.map((label) => `\`${label}\``).join(" ")} | ${help} |`,
  );
  await expect(`# Metrics

What \`/metrics\` of the [HTTP API](http.md#metrics) tells Prometheus, and [telemetry](telemetry.md) sends. \`group\` is the way to the unit: \`units/web\`. Where nothing is known there is no
sample. This page is written by test/api/metrics.test.ts.

| name | type | unit | labels | meaning |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`).toMatchFileSnapshot("../../docs/reference/metrics.md");
});

it("each sample has the labels, and each name the form, that the table says", () => {
  const away = { target: "loki http://l", awaySince: 5, why: "no", delivered: 7, lost: 1, rejected: 2, lagBytes: 30 };
  const collected = collect(status(unit("a", { logTargets: [away] })), nothing, new Map([["HSU-RPC-003", 1]]));
  for (const { metric, samples } of collected) {
    const { labels } = catalogue.find(({ name }) => name === metric.name)!;
    for (const [own] of samples) expect(Object.keys(own)).toEqual(labels);
  }
  for (const { name, type } of catalogue) expect(name).toMatch(type === "counter" ? /^hsu_[a-z_]+_total$/ : /^hsu_[a-z_]+(?<!_total)$/);
  expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
});
