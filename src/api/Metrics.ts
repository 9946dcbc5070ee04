/**
 * What Prometheus scrapes. Pure.
 */
import { bounds, type Histogram, type Timings } from "../master/Timings.ts";
import type { LogTarget } from "../protocol/LogTargets.ts";
import type { MasterStatus, UnitStatus } from "../protocol/MasterRpc.ts";
import type { ResourceReport, UsageSample } from "../protocol/Resources.ts";

type Labels = Readonly<Record<string, string>>;
export type Distribution = readonly [labels: Labels, histogram: Histogram];
export type Sample = readonly [labels: Labels, value: number];

export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
}
interface MasterMetric extends Metric {
  readonly of: (status: MasterStatus, usage: UsageSample | null) => ReadonlyArray<Sample>;
}
interface UnitMetric extends Metric {
  readonly of: (unit: UnitStatus, usage: UsageSample | null) => number | null | undefined;
}

const truth = (is: boolean): number => (is ? 1 : 0);
const seconds = (millis: number | null | undefined): number | null => (millis === null || millis === undefined ? null : millis / 1000);
const only = (value: number | null | undefined): ReadonlyArray<Sample> => (value === null || value === undefined ? [] : [[{}, value]]);

const counted = (units: ReadonlyArray<UnitStatus>): ReadonlyArray<Sample> => {
  const counts = new Map<string, number>();
  for (const { state } of units) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => [{ state }, count]);
};

const master: ReadonlyArray<MasterMetric> = [
  { name: "hsu_build_info", type: "gauge", help: "1, with the master's version.", of: ({ version }) => [[{ version }, 1]] },
  {
    name: "hsu_master_start_time_seconds",
    type: "gauge",
    help: "When the master started, Unix time.",
    of: ({ startedAt }) => only(seconds(startedAt)),
  },
  {
    name: "hsu_master_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the master.",
    of: ({ memory }) => only(memory),
  },
  {
    name: "hsu_master_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the master.",
    of: (_, usage) => only(seconds(usage?.cpuMillis)),
  },
  { name: "hsu_units", type: "gauge", help: "Units by state.", of: ({ units }) => counted(units) },
];

const unit: ReadonlyArray<UnitMetric> = [
  { name: "hsu_unit_running", type: "gauge", help: "1 while the unit is running.", of: ({ state }) => truth(state === "running") },
  { name: "hsu_unit_ready", type: "gauge", help: "1 while the unit can be used.", of: ({ ready }) => truth(ready) },
  {
    name: "hsu_unit_healthy",
    type: "gauge",
    help: "1 while its probes pass, 0 while they fail; absent where none looks or none has said anything yet.",
    of: ({ health }) => (health === "healthy" || health === "unhealthy" ? truth(health === "healthy") : null),
  },
  {
    name: "hsu_unit_failed",
    type: "gauge",
    help: "1 while nobody tries to start it again.",
    of: ({ state }) => truth(state === "failed"),
  },
  {
    name: "hsu_unit_breaker_open",
    type: "gauge",
    help: "1 while its circuit breaker is open; absent without one.",
    of: ({ breaker }) => (breaker === undefined ? null : truth(breaker === "open")),
  },
  { name: "hsu_unit_restarts_total", type: "counter", help: "Automatic restarts.", of: ({ restarts }) => restarts },
  {
    name: "hsu_unit_start_time_seconds",
    type: "gauge",
    help: "When its process started, Unix time.",
    of: ({ startedAt }) => seconds(startedAt),
  },
  {
    name: "hsu_unit_next_start_time_seconds",
    type: "gauge",
    help: "When it is started next, Unix time: in backoff, or by its schedule.",
    of: ({ nextStartAt }) => seconds(nextStartAt),
  },
  {
    name: "hsu_unit_last_exit_code",
    type: "gauge",
    help: "Exit code of its last process that ended by itself; absent after a signal.",
    of: ({ lastExit }) => lastExit?.code,
  },
  {
    name: "hsu_unit_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of its processes.",
    of: ({ memory }, usage) => usage?.rssBytes ?? memory,
  },
  {
    name: "hsu_unit_cpu_seconds_total",
    type: "counter",
    help: "CPU time of its processes.",
    of: (_, usage) => seconds(usage?.cpuMillis),
  },
  { name: "hsu_unit_processes", type: "gauge", help: "Its processes.", of: (_, usage) => usage?.processes },
  { name: "hsu_unit_threads", type: "gauge", help: "Threads of its processes.", of: (_, usage) => usage?.threads },
  { name: "hsu_unit_open_files", type: "gauge", help: "Descriptors that its processes have open.", of: (_, usage) => usage?.files },
  { name: "hsu_unit_read_bytes_total", type: "counter", help: "Bytes read from disks.", of: (_, usage) => usage?.readBytes },
  { name: "hsu_unit_written_bytes_total", type: "counter", help: "Bytes written to disks.", of: (_, usage) => usage?.writeBytes },
  { name: "hsu_unit_oom_kills_total", type: "counter", help: "Kills by the kernel for memory.", of: (_, usage) => usage?.oomKills },
];

const refused: Metric = {
  name: "hsu_rpc_refused_total",
  type: "counter",
  help: "Connections over the network that were turned away, by the code of the error.",
};

interface TargetMetric extends Metric {
  readonly of: (target: LogTarget) => number;
}

/** Each with its target beside its unit. */
const target: ReadonlyArray<TargetMetric> = [
  {
    name: "hsu_log_target_up",
    type: "gauge",
    help: "1 while the target takes the unit's lines.",
    of: ({ awaySince }) => truth(awaySince === null),
  },
  {
    name: "hsu_log_target_lag_bytes",
    type: "gauge",
    help: "Bytes of the log that are still to come to the target.",
    of: ({ lagBytes }) => lagBytes,
  },
  {
    name: "hsu_log_target_delivered_lines_total",
    type: "counter",
    help: "Lines that the target has taken.",
    of: ({ delivered }) => delivered,
  },
  {
    name: "hsu_log_target_lost_lines_total",
    type: "counter",
    help: "Lines that rotation has removed before the target had them.",
    of: ({ lost }) => lost,
  },
  {
    name: "hsu_log_target_rejected_lines_total",
    type: "counter",
    help: "Lines that the target did not want.",
    of: ({ rejected }) => rejected,
  },
];

const commands: Metric = {
  name: "hsu_command_duration_seconds",
  type: "histogram",
  help: "How long commands took until they were answered, well or not.",
};
const starts: Metric = {
  name: "hsu_unit_start_duration_seconds",
  type: "histogram",
  help: "How long units took from the begin of a start until they were up.",
};

const telemetryDropped: Metric = {
  name: "hsu_telemetry_dropped_total",
  type: "counter",
  help: "Spans, events and snapshots that the server of telemetry did not take in time; told by OTLP alone.",
};
export const dropped = (count: number): Collected => ({ metric: telemetryDropped, samples: [[{}, count]] });

/** A metric as the docs have it. */
interface Listed extends Metric {
  readonly unit: string;
  readonly labels: ReadonlyArray<string>;
}

/** What it is counted in, by its name, as Prometheus wants names to be. */
export const unitOf = (name: string): string =>
  /_seconds(_total)?$/.test(name) ? "seconds" : /_bytes(_total)?$/.test(name) ? "bytes" : name.endsWith("_info") ? "" : "1";

const masterLabels: Readonly<Record<string, ReadonlyArray<string>>> = {
  hsu_build_info: ["version"],
  hsu_units: ["state"],
  [refused.name]: ["code"],
  [commands.name]: ["operation"],
};

const listed =
  (labels: ReadonlyArray<string>) =>
  (metric: Metric): Listed => ({
    ...metric,
    unit: unitOf(metric.name),
    labels: masterLabels[metric.name] ?? labels,
  });

/** Each of them, for the docs. */
export const catalogue: ReadonlyArray<Listed> = [
  ...[...master, refused, commands, starts].map(listed([])),
  ...unit.map(listed(["unit", "group"])),
  ...target.map(listed(["unit", "group", "target"])),
  listed([])(telemetryDropped),
];

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

/** As Prometheus has them: each bucket is of all that is not more. */
const rowsOf = ([labels, { counts, sum }]: Distribution): ReadonlyArray<readonly [suffix: string, ...Sample]> => {
  let below = 0;
  const buckets = counts.map((count, at) => ["_bucket", { ...labels, le: String(bounds[at] ?? "+Inf") }, (below += count)] as const);
  return [...buckets, ["_sum", labels, sum], ["_count", labels, below]];
};

const lines = ({ distributions = [], metric: { help, name, type }, samples }: Collected): string => {
  const all = [...samples.map(([labels, value]) => ["", labels, value] as const), ...distributions.flatMap(rowsOf)];
  if (all.length === 0) return "";
  const rows = all.map(([suffix, labels, value]) => {
    const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${suffix}${inside.length === 0 ? "" : `{${inside.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join("")}`;
};

export interface Collected {
  readonly metric: Metric;
  readonly samples: ReadonlyArray<Sample>;
  /** Of a histogram. */
  readonly distributions?: ReadonlyArray<Distribution>;
}

/** Each metric with what is known of it. */
export const collect = (
  status: MasterStatus,
  resources: ResourceReport,
  refusals: ReadonlyMap<string, number> = new Map(),
  timings?: Timings,
): ReadonlyArray<Collected> => {
  const usage = new Map(resources.units.map((of) => [of.unit, of.usage]));
  const ofUnit = (metric: UnitMetric): ReadonlyArray<Sample> =>
    status.units.flatMap((each): ReadonlyArray<Sample> => {
      const value = metric.of(each, usage.get(each.id) ?? null);
      return value === null || value === undefined ? [] : [[{ unit: each.id, group: each.groups.join("/") }, value]];
    });
  const ofTargets = (metric: TargetMetric): ReadonlyArray<Sample> =>
    status.units.flatMap(({ groups, id, logTargets = [] }) =>
      logTargets.map((each): Sample => [{ unit: id, group: groups.join("/"), target: each.target }, metric.of(each)]),
    );
  return [
    ...master.map((metric) => ({ metric, samples: metric.of(status, resources.master) })),
    { metric: commands, samples: [], distributions: Array.from(timings?.commands ?? [], ([operation, taken]) => [{ operation }, taken]) },
    { metric: starts, samples: [], distributions: timings?.starts == null ? [] : [[{}, timings.starts]] },
    { metric: refused, samples: Array.from(refusals, ([code, count]): Sample => [{ code }, count]) },
    ...unit.map((metric) => ({ metric, samples: ofUnit(metric) })),
    ...target.map((metric) => ({ metric, samples: ofTargets(metric) })),
  ];
};

/** The text format, version 0.0.4. */
export const render = (...known: Parameters<typeof collect>): string =>
  collect(...known)
    .map(lines)
    .join("");
