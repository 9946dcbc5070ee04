/**
 * Spans, metrics and events in the messages of OTLP. Pure.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as OtlpResource from "effect/observability/OtlpResource";
import * as OtlpSerialization from "effect/observability/OtlpSerialization";
import { bounds } from "../../master/Timings.ts";
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import type { TraceContext } from "../../security/index.ts";
import { type Collected, unitOf } from "../Metrics.ts";
import type { Body } from "./Post.ts";
import type { Settings } from "./Settings.ts";
import type { Span } from "./Spans.ts";

type Wire = OtlpSerialization.OtlpSerialization["Service"];
type Metrics = Parameters<Wire["metrics"]>[0]["resourceMetrics"][number]["scopeMetrics"][number]["metrics"];
type Logs = NonNullable<Parameters<Wire["logs"]>[0]["resourceLogs"][number]["scopeLogs"][number]["logRecords"]>;
type Spans = Parameters<Wire["traces"]>[0]["resourceSpans"][number]["scopeSpans"][number]["spans"];

const nanos = (millis: number): string => `${BigInt(Math.round(millis * 1000)) * 1000n}`;
const attributes = (all: Readonly<Record<string, unknown>>) => OtlpResource.entriesToAttributes(Object.entries(all));

const kinds = { internal: 1, server: 2 } as const;

const spanOf = ({ attributes: all, error, from, kind, name, parentId, spanId, to, traceId }: Span): Spans[number] => ({
  traceId,
  spanId,
  parentSpanId: parentId,
  name,
  kind: kinds[kind],
  startTimeUnixNano: nanos(from),
  endTimeUnixNano: nanos(Math.max(from, to)),
  attributes: attributes(all),
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  status: error === undefined ? { code: 1 } : { code: 2, message: error },
  links: [],
  droppedLinksCount: 0,
});

/** By what the type of an event says. */
const severityOf = (type: string): readonly [number: NonNullable<Logs[number]["severityNumber"]>, text: string] => {
  if (/^(failed|gave_up|crashed|escalated|circuit_open|apply_failed|peer_down)$/.test(type)) return [17, "ERROR"];
  if (/^(restarting|exited|rejected|rolled_back|skipped|unhealthy)$/.test(type)) return [13, "WARN"];
  return [9, "INFO"];
};

/** An event of the master, and the trace that it belongs to. */
export interface Told {
  readonly event: MasterEvent;
  readonly context: TraceContext | undefined;
}

const logOf = ({ context, event: { at, message, path, seq, type } }: Told): Logs[number] => {
  const [severityNumber, severityText] = severityOf(type);
  const isUnit = path.length > 1 && path[0] !== "peers";
  return {
    timeUnixNano: nanos(at),
    observedTimeUnixNano: nanos(at),
    severityNumber,
    severityText,
    body: { stringValue: message },
    attributes: attributes({
      "event.name": `hsu.${type}`,
      "hsu.path": path.join("/"),
      "hsu.seq": seq,
      ...(isUnit ? { "hsu.unit": path.at(-1) } : {}),
    }),
    droppedAttributesCount: 0,
    ...(context === undefined || !context.sampled || context.spanId === "" ? {} : { traceId: context.traceId, spanId: context.spanId }),
  };
};

/** As OpenTelemetry writes them. */
const units: Readonly<Record<string, string>> = { seconds: "s", bytes: "By" };

export interface Snapshot {
  readonly at: number;
  /** Since when what is counted is counted. */
  readonly startedAt: number;
  readonly collected: ReadonlyArray<Collected>;
}

const metricsOf = ({ at, collected, startedAt }: Snapshot): Metrics =>
  collected.flatMap(({ distributions = [], metric: { help, name, type }, samples }): Metrics => {
    if (samples.length + distributions.length === 0) return [];
    const dataPoints = samples.map(([labels, value]) => ({
      attributes: attributes(labels),
      startTimeUnixNano: nanos(startedAt),
      timeUnixNano: nanos(at),
      asDouble: value,
    }));
    const about = { name, description: help, unit: units[unitOf(name)] ?? "1" };
    if (type === "histogram") {
      const points = distributions.map(([labels, { counts, sum }]) => ({
        attributes: attributes(labels),
        startTimeUnixNano: nanos(startedAt),
        timeUnixNano: nanos(at),
        count: counts.reduce((all, one) => all + one, 0),
        sum,
        bucketCounts: [...counts],
        explicitBounds: [...bounds],
      }));
      return [{ ...about, histogram: { aggregationTemporality: 2, dataPoints: points } }];
    }
    return [
      type === "counter"
        ? { ...about, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }
        : { ...about, gauge: { dataPoints } },
    ];
  });

export interface Encoding {
  readonly traces: (spans: ReadonlyArray<Span>) => Body;
  readonly metrics: (snapshot: Snapshot) => Body;
  readonly logs: (events: ReadonlyArray<Told>) => Body;
}

const bodyOf = (body: ReturnType<Wire["traces"]>): Body => {
  if (body._tag !== "Uint8Array") throw new Error("a body of another kind");
  return { bytes: body.body, contentType: body.contentType };
};

export const make = (
  { attributes: own, protocol, serviceName }: Settings,
  about: { readonly version: string; readonly host: string; readonly pid: number },
): Effect.Effect<Encoding> =>
  Effect.gen(function* () {
    const layer = protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf;
    const wire = Context.get(yield* Effect.scoped(Layer.build(layer)), OtlpSerialization.OtlpSerialization);
    const resource = OtlpResource.make({
      serviceName,
      serviceVersion: about.version,
      attributes: { "host.name": about.host, "process.pid": about.pid, ...own },
    });
    const scope = { name: "hsu", version: about.version };
    return {
      traces: (spans) => bodyOf(wire.traces({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map(spanOf) }] }] })),
      metrics: (snapshot) =>
        bodyOf(wire.metrics({ resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: metricsOf(snapshot) }] }] })),
      logs: (events) => bodyOf(wire.logs({ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: events.map(logOf) }] }] })),
    };
  });
