/** Any `process_manager.audit`, `.limits` and `.telemetry`. */
import fc from "fast-check";

type Any = fc.Arbitrary<unknown>;

export const anyOversight = ({
  fields,
  maybe,
  path,
  time,
}: {
  readonly fields: (all: Record<string, Any>) => Any;
  readonly maybe: (one: Any) => Any;
  readonly path: Any;
  readonly time: Any;
}) => ({
  audit: maybe(
    fields({
      enabled: maybe(fc.boolean()),
      path: maybe(path),
      maxBytes: maybe(fc.integer({ min: 4096, max: 2 ** 40 })),
      maxFiles: maybe(fc.integer({ min: 1, max: 99 })),
      onFailure: maybe(fc.constantFrom("refuse", "go_on")),
    }),
  ),
  limits: maybe(
    fields({
      rate: maybe(fc.constantFrom(0, 0.5, 200)),
      burst: maybe(fc.nat(1000)),
      failures: maybe(fc.nat(100)),
      streams: maybe(fc.nat(100)),
      bodyBytes: maybe(fc.integer({ min: 1024, max: 2 ** 20 })),
      deadlineMillis: maybe(time),
    }),
  ),
  telemetry: maybe(
    fields({
      endpoint: maybe(fc.constant("http://127.0.0.1:4318")),
      protocol: maybe(fc.constantFrom("http/json", "http/protobuf")),
      headers: maybe(fc.constantFrom({ "x-team": "a" }, { authorization: { file: "/srv/header" } }, { authorization: { env: "OTLP" } })),
      traces: maybe(fc.boolean()),
      metrics: maybe(fc.boolean()),
      logs: maybe(fc.boolean()),
      sampleRatio: maybe(fc.constantFrom(0, 0.25, 1)),
      intervalMillis: maybe(fc.integer({ min: 100, max: 99_999 })),
      serviceName: maybe(fc.constant("hsu-east")),
      attributes: maybe(fc.constantFrom({}, { "deployment.environment": "test" })),
    }),
  ),
});
