import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import type { UnitSpec } from "../../src/unit/UnitSpec.ts";
import { findings, unit } from "./support.ts";

const specOf = (text: string): UnitSpec => {
  const { spec, warnings } = Result.getOrThrow(parse(text, "/srv/hsu.yaml"));
  expect(warnings).toEqual([]);
  return spec.root.children[0] as UnitSpec;
};
const probes = (block: string) => specOf(unit(`  probes: ${block}`)).probes;
const check = (block: string) => specOf(unit(`  health_check: ${block}`)).probes;

describe("probes", () => {
  it("none at all is none", () => {
    expect(specOf(unit())).not.toHaveProperty("probes");
    expect(probes("{}")).toBeUndefined();
    expect(probes("{liveness: {enabled: false, tcp: {port: 1}}}")).toBeUndefined();
  });

  it("have the defaults of their kind", () => {
    expect(probes("{startup: {tcp: {port: 80}}, readiness: {tcp: {port: 81}}, liveness: {process: {}}}")).toEqual({
      startup: {
        check: { kind: "tcp", address: "127.0.0.1", port: 80 },
        intervalMillis: 2_000,
        timeoutMillis: 1_000,
        initialDelayMillis: 0,
        failureThreshold: 30,
        successThreshold: 1,
        jitter: 0.1,
      },
      readiness: {
        check: { kind: "tcp", address: "127.0.0.1", port: 81 },
        intervalMillis: 10_000,
        timeoutMillis: 1_000,
        initialDelayMillis: 0,
        failureThreshold: 3,
        successThreshold: 1,
        jitter: 0.1,
      },
      liveness: {
        check: { kind: "process" },
        intervalMillis: 10_000,
        timeoutMillis: 1_000,
        initialDelayMillis: 0,
        failureThreshold: 3,
        successThreshold: 1,
        jitter: 0.1,
      },
    });
  });

  it("take all their keys", () => {
    const all = "interval: 5s, timeout: 2s, initial_delay: 1m, failure_threshold: 7, success_threshold: 2, jitter: 0";
    expect(probes(`{readiness: {${all}, exec: {command: ./bin/ok, args: ["-q", "1.10"]}}}`)?.readiness).toEqual({
      check: { kind: "exec", command: "/srv/bin/ok", args: ["-q", "1.10"] },
      intervalMillis: 5_000,
      timeoutMillis: 2_000,
      initialDelayMillis: 60_000,
      failureThreshold: 7,
      successThreshold: 2,
      jitter: 0,
    });
    // A timeout that is not given is never longer than half of the interval.
    expect(probes("{liveness: {interval: 300ms, tcp: {port: 1}}}")?.liveness?.timeoutMillis).toBe(150);
  });

  it.each([
    ["'http://h:1/x'", { url: "http://h:1/x", method: "GET", status: [[200, 299]] }],
    ["{url: 'http://h:1/x'}", { url: "http://h:1/x", status: [[200, 299]] }],
    ["{port: 8080, path: /health}", { url: "http://127.0.0.1:8080/health" }],
    ["{port: 8080, path: health}", { url: "http://127.0.0.1:8080/health" }],
    ["{port: 8080}", { url: "http://127.0.0.1:8080/" }],
    ["{port: 1, status: 200-399}", { status: [[200, 399]] }],
    [
      "{port: 1, status: '200, 3xx,404'}",
      {
        status: [
          [200, 200],
          [300, 399],
          [404, 404],
        ],
      },
    ],
    ["{port: 1, status: 204}", { status: [[204, 204]] }],
    ["{port: 1, method: HEAD, headers: {X-A: 1, X-B: yes}}", { method: "HEAD", headers: { "X-A": "1", "X-B": "yes" } }],
    [
      "{url: 'https://h/', insecure_skip_verify: true, ca_file: tls/ca.pem, body: ok}",
      { insecureSkipVerify: true, caFile: "/srv/tls/ca.pem", body: "ok" },
    ],
  ])("http %s", (block, expected) => {
    expect(probes(`{liveness: {http: ${block}}}`)?.liveness?.check).toMatchObject({ kind: "http", ...expected });
  });

  it.each([
    ["{port: 9}", { address: "127.0.0.1", port: 9, method: "check", service: "" }],
    ["{address: 'h:9', service: a.B, watch: true}", { address: "h", port: 9, method: "watch", service: "a.B" }],
    ["{address: '[::1]:9'}", { address: "::1", port: 9 }],
    ["{address: 'h', port: 9}", { address: "h", port: 9 }],
    ["{port: 9, tls: true}", { tls: {} }],
    [
      "{port: 9, tls: {ca_file: ca.pem, server_name: h, cert_file: /c.pem, key_file: k.pem, insecure_skip_verify: false}}",
      { tls: { caFile: "/srv/ca.pem", serverName: "h", certFile: "/c.pem", keyFile: "/srv/k.pem", insecureSkipVerify: false } },
    ],
  ])("grpc %s", (block, expected) => {
    expect(probes(`{liveness: {grpc: ${block}}}`)?.liveness?.check).toMatchObject({ kind: "grpc", ...expected });
  });

  it("a start may take as long as its startup probe may, unless the file says otherwise", () => {
    const slow = "probes: {startup: {tcp: {port: 1}, interval: 10s, failure_threshold: 60, jitter: 0}}";
    expect(specOf(unit(`  ${slow}`)).startTimeoutMillis).toBe(611_000);
    expect(specOf(unit("    startup_timeout: 5s", `  ${slow}`)).startTimeoutMillis).toBe(5_000);
    expect(specOf(unit("  probes: {startup: {tcp: {port: 1}, interval: 1s, failure_threshold: 3}}")).startTimeoutMillis).toBe(60_000);
  });
});

describe("health_check", () => {
  const timing = {
    intervalMillis: 30_000,
    timeoutMillis: 5_000,
    initialDelayMillis: 0,
    failureThreshold: 3,
    successThreshold: 1,
    jitter: 0.1,
  };

  it("is one probe for liveness and readiness", () => {
    expect(check("{http_endpoint: 'http://localhost:8080/health'}")).toEqual({
      liveness: {
        check: { kind: "http", url: "http://localhost:8080/health", method: "GET", headers: {}, status: [[200, 299]] },
        ...timing,
      },
      livenessIsReadiness: true,
    });
  });

  it.each([
    ["{}", { kind: "process" }],
    ["{type: process}", { kind: "process" }],
    [
      "{type: http, http: {url: 'http://h/', method: HEAD, headers: {A: b}}}",
      { kind: "http", url: "http://h/", method: "HEAD", headers: { A: "b" } },
    ],
    ["{http: 'http://h/'}", { kind: "http", url: "http://h/", method: "GET" }],
    ["{type: http, http: 'http://h/'}", { kind: "http", url: "http://h/", method: "GET" }],
    ["{http: {method: HEAD}, http_endpoint: 'http://h/'}", { kind: "http", url: "http://h/", method: "HEAD" }],
    ["{type: tcp, tcp: {address: localhost, port: 5}}", { kind: "tcp", address: "localhost", port: 5 }],
    ["{tcp: {address: 'localhost:5'}}", { kind: "tcp", address: "localhost", port: 5 }],
    ["{type: exec, exec: {command: test, args: ['-e', x]}}", { kind: "exec", command: "test", args: ["-e", "x"] }],
    ["{type: grpc, grpc: {address: 'h:5'}}", { kind: "grpc", address: "h", port: 5, method: "check", service: "" }],
    ["{grpc: {address: 'h:5', service: grpc.health.v1.Health, method: Check}}", { method: "check", service: "" }],
    ["{grpc: {address: 'h:5', service: a.B, method: Watch}}", { method: "watch", service: "a.B" }],
    ["{grpc: {address: 'h:5', service: proto.CoreService, method: Ping}}", { method: "ping" }],
    ["{grpc: {address: 'h:5', service: proto.CoreService}}", { method: "ping" }],
    ["{grpc_service: a.B, grpc: {address: 'h:5'}}", { method: "check", service: "a.B" }],
  ])("%s", (block, expected) => {
    expect(check(block)?.liveness?.check).toMatchObject(expected);
  });

  it.each([
    ["{retries: 5}", { failureThreshold: 5 }],
    ["{retries: 0}", { failureThreshold: 1 }],
    ["{failure_threshold: 4}", { failureThreshold: 4 }],
    [
      "{interval: 10s, timeout: 2s, run_options: {interval: 20s, initial_delay: 3s, retries: 2}}",
      { intervalMillis: 20_000, timeoutMillis: 2_000, initialDelayMillis: 3_000, failureThreshold: 2 },
    ],
  ])("retries, thresholds and times of %s", (block, expected) => {
    expect(check(block)?.liveness).toMatchObject(expected);
  });

  it("is off where it, or its run_options, say so", () => {
    expect(check("{enabled: false, http_endpoint: 'http://h/'}")).toBeUndefined();
    expect(check("{type: tcp, tcp: {port: 1}, run_options: {enabled: false}}")).toBeUndefined();
  });

  it("takes what it does not say from health_check_run_options", () => {
    const text = unit("  health_check: {type: process, interval: 9s}", "  health_check_run_options: {interval: 8s, timeout: 3s}");
    expect(specOf(text).probes?.liveness).toMatchObject({ intervalMillis: 9_000, timeoutMillis: 3_000 });
  });

  it("of an integrated unit asks at its own port", () => {
    const integrated = (block: string) =>
      specOf(unit(`  ${block}`).replace("  management:", "  type: integrated_managed\n  management:")).probes;
    expect(integrated("health_check_run_options: {interval: 8s}")?.liveness).toMatchObject({
      check: { kind: "grpc", port: null, method: "own", address: "127.0.0.1" },
      intervalMillis: 8_000,
    });
    expect(integrated("health_check: {grpc_service: a.B}")?.liveness?.check).toMatchObject({ port: null, method: "check", service: "a.B" });
    expect(integrated("health_check: {grpc_health_check: true}")?.liveness?.check).toMatchObject({
      port: null,
      method: "check",
      service: "",
    });
    expect(integrated("probes: {readiness: {grpc: {}}}")?.readiness?.check).toMatchObject({ port: null, method: "check" });
  });

  it("is read in the nested dialect as well", () => {
    const nested = [
      "managed_processes:",
      "- id: web",
      "  type: standard_managed",
      "  management:",
      "    standard_managed:",
      "      control: {execution: {executable_path: x}}",
      "      health_check: {type: tcp, tcp: {address: h, port: 1}, run_options: {enabled: true, interval: 10s, timeout: 5s, retries: 2}}",
    ].join("\n");
    expect(specOf(nested).probes?.liveness).toMatchObject({ check: { kind: "tcp", address: "h", port: 1 }, failureThreshold: 2 });
  });
});

it("startup_grace_period of context_aware_restart is the grace of a liveness probe, whichever block it stands in", () => {
  const text = [
    "managed_processes:",
    "  - id: web",
    "    management:",
    "      standard_managed:",
    "        health_check: {type: process}",
    "        control:",
    "          execution: {executable_path: ./web}",
    "          context_aware_restart: {startup_grace_period: 90s}",
    "",
  ].join("\n");
  expect(specOf(text).probes?.liveness?.graceMillis).toBe(90_000);
});

describe("what cannot work is an error with its place", () => {
  it.each([
    ["probes: {liveness: {tcp: {port: 1}, interval: 5s, timeout: »5s}}", "a timeout of 5s is not shorter than the interval of 5s"],
    [
      "probes: {liveness: {tcp: {port: 1}, timeout: »10s}}",
      "a timeout of 10s is not shorter than the interval, which is 10s where it is not given",
    ],
    [
      "probes: {startup: {tcp: {port: 1}, timeout: »2s}}",
      "a timeout of 2s is not shorter than the interval, which is 2s where it is not given",
    ],
    ["probes: {liveness: {tcp: {port: 1}, interval: »0}}", "a probe without an interval would never rest"],
    ["probes: {liveness: {tcp: {port: 1}, timeout: »0}}", "nothing answers within a timeout of 0"],
    [
      "health_check: {type: process, timeout: »30s}",
      "a timeout of 30s is not shorter than the interval, which is 30s where it is not given",
    ],
    ["health_check: {type: process, run_options: {interval: 1s, timeout: »1s}}", "a timeout of 1s is not shorter than the interval of 1s"],
    ["probes: {»liveness: {interval: 5s}}", "the liveness probe asks nothing"],
    ["probes: {liveness: {tcp: {port: 1}, »process: {}}}", "the liveness probe asks two things: tcp, process"],
    ["probes: {liveness: {»http: {path: /}}}", "an http probe lacks its address"],
    ["probes: {liveness: {http: {url: 'http://h/', »port: 1}}}", "url says it already"],
    ["probes: {liveness: {http: »'ftp://h/'}}", '"http" cannot be the text "ftp://h/"'],
    ["probes: {liveness: {http: {url: »'ftp://h/'}}}", '"url" cannot be the text "ftp://h/"'],
    ["probes: {liveness: {http: {url: »localhost:8080}}}", '"url" cannot be the text "localhost:8080"'],
    ["probes: {liveness: {http: {port: 1, status: »200-}}}", '"status" cannot be the text "200-"'],
    ["probes: {liveness: {http: {port: 1, status: »399-200}}}", '"status" cannot be the text "399-200"'],
    ["probes: {liveness: {http: {port: 1, status: »99}}}", '"status" cannot be the number 99'],
    ["probes: {liveness: {»tcp: {address: h}}}", "a tcp probe lacks a port"],
    ["probes: {liveness: {»grpc: {}}}", "a grpc probe lacks a port"],
    ["probes: {liveness: {grpc: {port: 1, tls: {»cert_file: c}}}}", "cert_file is of no use without key_file"],
    ["probes: {liveness: {grpc: {port: 1, tls: {»key_file: c}}}}", "key_file is of no use without cert_file"],
    ["probes: {liveness: {»exec: {args: [a]}}}", "an exec probe lacks its command"],
    ["health_check: {type: »http}", 'type is "http", and there is no block "http"'],
    ["health_check: {type: http, »http: {method: GET}}", "an http check lacks its url"],
    ["health_check: {type: »grpc}", 'type is "grpc", and there is no block "grpc"'],
    ["health_check: {type: »tcp}", 'type is "tcp", and there is no block "tcp"'],
    ["health_check: {type: »exec}", 'type is "exec", and there is no block "exec"'],
    ["health_check: {»exec: {}}", "an exec check lacks its command"],
    ["health_check: {»grpc_service: a.B}", "a grpc check lacks a port"],
    ["health_check: {»grpc: {address: h}}", "a grpc check lacks a port"],
    ["health_check: {grpc: {address: 'h:1', method: »Frob}}", 'no probe can call "Frob"'],
    ["health_check: {http_endpoint: »/health}", '"http_endpoint" cannot be the text "/health"'],
  ])("%s", (marked, message) => {
    const line = marked.replace("»", "");
    expect(findings(unit(`  ${line}`)).split("\n")[1]).toBe(`hsu.yaml:6:${5 + marked.indexOf("»")}: error HSU-CFG-018: ${message}`);
  });

  it("health_check beside a liveness or readiness probe; a startup probe may stand beside it", () => {
    const with_ = (kind: string) => unit("  health_check: {type: process}", `  probes: {${kind}: {tcp: {port: 1}}}`);
    expect(findings(with_("liveness"))).toContain(
      "hsu.yaml:7:14: error HSU-CFG-018: health_check and the liveness probe both say how the unit is",
    );
    expect(findings(with_("readiness"))).toContain("health_check and the readiness probe both say how the unit is");
    expect(Object.keys(specOf(with_("startup")).probes ?? {}).sort()).toEqual(["liveness", "livenessIsReadiness", "startup"]);
  });

  it("a one-shot has no probes; run options without a check ask nothing, which is a warning", () => {
    expect(findings(unit("    start: oneshot", "  probes: {liveness: {process: {}}}"))).toContain(
      "error HSU-CFG-018: a one-shot is not probed",
    );
    expect(findings(unit("  health_check_run_options: {interval: 5s}"))).toContain(
      'warning HSU-CFG-101: unit "web": "health_check_run_options" without "health_check" asks nothing',
    );
  });
});
