/** Traces, metrics and events of a master, as a server of OpenTelemetry gets them. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import * as Sender from "../../src/api/telemetry/Sender.ts";
import { settingsOf } from "../../src/api/telemetry/Settings.ts";
import { commandFor, isSampled, tracing } from "../../src/api/telemetry/Spans.ts";
import { parseTraceparent } from "../../src/security/index.ts";
import { freePort, home, until } from "../e2e/program.ts";

interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Keeps what it is sent; `answer` says with which status. */
const server = async (
  answer: () => number = () => 200,
): Promise<{ readonly url: string; readonly got: Array<Request>; readonly server: Server }> => {
  const got: Array<Request> = [];
  const made = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const status = answer();
      if (status === 200) got.push({ path: request.url ?? "", headers: request.headers, text });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(made, "listening");
  onTestFinished(() => {
    made.closeAllConnections();
    made.close();
  });
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, got, server: made };
};

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: unknown };
}
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: ReadonlyArray<Attribute>;
}
const spansIn = (got: ReadonlyArray<Request>): ReadonlyArray<WireSpan> =>
  got
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ text }) => (JSON.parse(text) as { resourceSpans: Array<{ scopeSpans: Array<{ spans: Array<WireSpan> }> }> }).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

interface WireLog {
  readonly body: { readonly stringValue: string };
  readonly severityText: string;
  readonly traceId?: string;
  readonly attributes: ReadonlyArray<Attribute>;
}
const logsIn = (got: ReadonlyArray<Request>): ReadonlyArray<WireLog> =>
  got
    .filter(({ path }) => path === "/v1/logs")
    .flatMap(({ text }) => (JSON.parse(text) as { resourceLogs: Array<{ scopeLogs: Array<{ logRecords: Array<WireLog> }> }> }).resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));

it("a command is a span of the caller's trace, and what it does to the unit is below it; metrics and events come as well, with the secret of a file", async () => {
  const { got, url } = await server();
  const one = home();
  onTestFinished(one.clean);
  const http = await freePort();
  writeFileSync(join(one.folder, "key"), "Bearer s3cr3t\n");
  writeFileSync(
    join(one.folder, "hsu.yaml"),
    `process_manager:
  http: { port: ${http} }
  telemetry:
    endpoint: ${url}
    protocol: http/json
    headers: { authorization: { file: key } }
    interval: 200ms
    service_name: east
    attributes: { deployment.environment: test }
managed_processes:
  - id: web
    management: { control: { executable: sleep, arguments: ["1000"] } }
`,
  );
  one.start("up");
  await until("it runs", one.status, ({ phase }) => phase === "running");
  const token = (await one.hsu("token", "create", "ci", "--role", "operator")).out.trim();
  const [traceId, parent] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const restart = (flags: string, unit = "web") =>
    fetch(`http://127.0.0.1:${http}/v1/units/${unit}/restart`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, traceparent: `00-${traceId}-${parent}-${flags}` },
    });
  expect((await restart("01")).status).toBe(200);
  const ofTrace = () => spansIn(got).filter((span) => span.traceId === traceId);
  await until("its spans are there", ofTrace, (spans) => spans.length >= 4);
  const spans = ofTrace();
  const named = (name: string): WireSpan => spans.find((span) => span.name === name)!;
  const above = (span: WireSpan): string | undefined => spans.find(({ spanId }) => spanId === span.parentSpanId)?.name;
  const command = named("Restart");
  expect(command).toMatchObject({ parentSpanId: parent, kind: 2, status: { code: 1 } });
  expect(Object.fromEntries(command.attributes.map(({ key, value }) => [key, value.stringValue]))).toMatchObject({
    "hsu.door": "http",
    "hsu.target": "web",
    "enduser.id": "token ci",
  });
  expect(spans.map((span) => `${span.name} < ${above(span)}`).toSorted()).toEqual([
    "Restart < undefined",
    "spawn web < start web",
    "start web < Restart",
    "stop web < Restart",
  ]);
  for (const { endTimeUnixNano, startTimeUnixNano } of spans)
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
  const [first] = got;
  expect(first?.headers).toMatchObject({ authorization: "Bearer s3cr3t", "content-type": "application/json" });
  expect(first?.text).toContain('"key":"service.name","value":{"stringValue":"east"}');
  expect(first?.text).toContain('"key":"deployment.environment"');

  // An event of the command is of its trace; the start with the master is of another.
  const logs = await until(
    "events",
    () => logsIn(got),
    (all) => all.some(({ traceId: of }) => of === traceId),
  );
  expect(logs.map(({ body }) => body.stringValue).some((text) => text.startsWith("started, pid"))).toBe(true);
  const metrics = () => got.filter(({ path }) => path === "/v1/metrics").map(({ text }) => text);
  const [snapshot = ""] = (
    await until("metrics", metrics, (all) => all.some((text) => text.includes("hsu_unit_restarts_total")))
  ).toReversed();
  expect(snapshot).toContain('"key":"unit","value":{"stringValue":"web"}');
  const durations = await until("durations", metrics, (all) => all.some((text) => text.includes('"stringValue":"Restart"')));
  expect(durations.at(-1)).toMatch(/"name":"hsu_command_duration_seconds".*"bucketCounts":\[.*"explicitBounds":\[0.001,/);

  // What the caller does not keep is not kept here.
  const before = ofTrace().length;
  expect((await restart("00")).status).toBe(200);
  await one.hsu("down");
  expect(ofTrace()).toHaveLength(before);
  // The last of it is sent at the end.
  expect(spansIn(got).map(({ name }) => name)).toContain("Shutdown");
});

describe("a sender", () => {
  const posted = (script: Array<"taken" | "refused" | "away">) => {
    const sent: Array<ReadonlyArray<number>> = [];
    const told: Array<string> = [];
    const made = Sender.make<number>({
      capacity: 10,
      batch: 5,
      delayMillis: 1,
      send: async (items) => {
        const is = script.shift() ?? "taken";
        if (is === "taken") sent.push(items);
        return is === "taken" ? { is } : { is, why: "ECONNREFUSED", afterMillis: 1 };
      },
      tell: (message) => void told.push(message),
    });
    return { made, sent, told };
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

  it("keeps so much while its server is away, drops and counts the rest, and tells so once", async () => {
    const { made, sent, told } = posted(["away", "away", "away"]);
    for (const number of numbers(25)) made.push(number);
    await until(
      "it is sent",
      () => sent.flat().length,
      (count) => count === 10,
    );
    expect(sent.flat()).toEqual(numbers(10));
    expect(made.dropped()).toBe(15);
    expect(told).toEqual([
      "telemetry is not taken: ECONNREFUSED; at most 10 of a kind wait, the rest is dropped",
      "telemetry is taken again; 15 were dropped meanwhile",
    ]);
  });

  it("sends none again that was refused, and at its end what is left", async () => {
    const { made, sent, told } = posted(["refused"]);
    for (const number of numbers(7)) made.push(number);
    await made.end();
    expect(sent).toEqual([[5, 6]]);
    expect(made.dropped()).toBe(5);
    expect(told[0]).toBe("telemetry is refused: ECONNREFUSED");
  });

  it("of a server that is away does not hold up the end", async () => {
    const { made, sent } = posted(Array.from({ length: 100 }, () => "away" as const));
    made.push(1);
    await made.end();
    expect(sent).toEqual([]);
  });
});

describe("a trace", () => {
  const ids = {
    traceId: () => "a".repeat(32),
    spanId: (() =>
      (
        (next) => () =>
          String(next++).padStart(16, "0")
      )(1))(),
    sampled: () => true,
  };
  const event = (at: number, type: string, unit = "web") => ({ seq: at, at, path: ["units", unit], type, message: `${type} it` });

  it("begins by itself where nobody has asked: a crash, and the start after it", () => {
    const { follow } = tracing(ids, () => []);
    const spans = ["restarting", "starting", "started"].flatMap((type, index) => follow(event(10 * index, type)).spans);
    expect(spans.map(({ error, from, name, to }) => [name, from, to, error])).toEqual([
      ["exit web", 0, 0, "restarting it"],
      ["ready web", 10, 20, undefined],
      ["start web", 10, 20, undefined],
    ]);
  });

  it("has the time until a unit is ready, where it has to say so", () => {
    const command = { traceId: "c", spanId: "s", sampled: true, operation: "Start", targets: new Set(["web"]), from: 0, to: undefined };
    const { follow } = tracing(ids, () => [command]);
    const spans = ["starting", "started"].flatMap((type, index) => follow(event(10 * (index + 1), type)).spans);
    expect(spans.map(({ from, name, to, traceId }) => [name, from, to, traceId])).toEqual([
      ["spawn web", 0, 10, "c"],
      ["ready web", 10, 20, "c"],
      ["start web", 0, 20, "c"],
    ]);
    expect(spans.map(({ parentId }) => parentId)).toEqual([spans[2]?.spanId, spans[2]?.spanId, "s"]);
    // Who is found again has not been started.
    expect(follow({ ...event(30, "started"), message: "reattached, pid 1" }).spans).toEqual([]);
  });

  it("a start that fails is an error of it", () => {
    const { follow } = tracing(ids, () => []);
    const spans = ["starting", "failed"].flatMap((type, index) => follow(event(index, type)).spans);
    expect(spans.find(({ name }) => name === "start web")?.error).toBe("failed it");
  });

  it("belongs to the command of its unit, else to one of the whole master, else to the only one", () => {
    const command = (operation: string, from: number, to: number | undefined, ...targets: ReadonlyArray<string>) => ({
      traceId: operation,
      spanId: "",
      sampled: true,
      operation,
      from,
      to,
      targets: targets.length === 0 ? undefined : new Set(targets),
    });
    const [web, all, db] = [command("Restart", 10, 20, "web"), command("Apply", 0, undefined), command("Start", 10, 30, "db")];
    expect(commandFor([web, all, db], "web", 15)).toBe(web);
    expect(commandFor([web, all, db], "web", 25)).toBe(all);
    expect(commandFor([web, db], "cache", 15)).toBeUndefined();
    expect(commandFor([db], "cache", 15)).toBe(db);
    expect(commandFor([db], "cache", 40)).toBeUndefined();
  });

  it("is kept in the share that is asked for", () => {
    const kept = (ratio: number) =>
      Array.from({ length: 4000 }, (_, index) => ((index * 2654435761) % 2 ** 32).toString(16).padStart(8, "0").repeat(4)).filter((id) =>
        isSampled(id, ratio),
      ).length;
    expect(kept(0)).toBe(0);
    expect(kept(1)).toBe(4000);
    expect(Math.abs(kept(0.25) - 1000)).toBeLessThan(100);
  });

  it.each([
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false],
    ["01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more", true],
    ["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", undefined],
    ["00-00000000000000000000000000000000-00f067aa0ba902b7-01", undefined],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", undefined],
    ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", undefined],
    ["", undefined],
  ])("of the header %s", (header, sampled) => {
    expect(parseTraceparent(header)?.sampled).toBe(sampled);
  });
});

describe("what the config does not say, OpenTelemetry's variables do", () => {
  it.each([
    [{}, {}, { urls: { traces: "http://localhost:4318/v1/traces" }, protocol: "http/protobuf", serviceName: "hsu", sampleRatio: 1 }],
    [
      { traces: false },
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1/", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://l:2/in", OTEL_METRICS_EXPORTER: "none" },
      { urls: { logs: "http://l:2/in" } },
    ],
    [
      { endpoint: "https://own:9/x", headers: { b: "2" } },
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1", OTEL_EXPORTER_OTLP_HEADERS: "a=1%202,b=1" },
      { urls: { metrics: "https://own:9/x/v1/metrics" }, headers: { a: "1 2", b: "2" } },
    ],
    [
      { attributes: { x: "3" } },
      {
        OTEL_RESOURCE_ATTRIBUTES: "service.name=r,x=1,y=2",
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.5",
      },
      { serviceName: "r", attributes: { x: "3", y: "2" }, sampleRatio: 0.5 },
    ],
    [
      {},
      { OTEL_SERVICE_NAME: "s", OTEL_METRIC_EXPORT_INTERVAL: "5000", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
      { serviceName: "s", intervalMillis: 5000, protocol: "http/json" },
    ],
  ])("%j with %j", (spec, env, expected) => {
    expect(settingsOf(spec, env)).toMatchObject(expected);
  });

  it("switched off is off", () => {
    expect(settingsOf({ endpoint: "http://c" }, { OTEL_SDK_DISABLED: "true" })).toBeUndefined();
    expect(settingsOf({ traces: false, metrics: false, logs: false }, {})).toBeUndefined();
  });
});
