import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { parseSize } from "../../src/config/Sizes.ts";
import { unitsOf } from "../../src/unit/index.ts";
import { findings } from "./support.ts";

const inOneLine = (text: string): string => text.replaceAll(/\n\s*/g, " ");

const file = (common: string, own = ""): string => `
managed_processes:
  - id: web
    type: standard_managed
    management:
      standard_managed:
        control:
          execution: { executable_path: /bin/x }
          ${own === "" ? "" : `log_collection: ${inOneLine(own)}`}
  - id: worker
    management: { control: { executable: x }, log_collection: { enabled: false, format: json } }
${common === "" ? "" : `log_collection: ${inOneLine(common)}`}
`;

const logsOf = (text: string) => {
  const { spec } = Result.getOrThrow(parse(text, "/etc/hsu/hsu.yaml"));
  return unitsOf(spec.root).map(({ capture, logs }) => ({ capture, logs }));
};

describe("log_collection", () => {
  it("is nothing where nobody speaks of it, and where it is off", () => {
    const both = { capture: { stdout: true, stderr: true }, logs: undefined };
    expect(logsOf(file(""))).toEqual([both, both]);
    expect(logsOf(file("{ enabled: false, default: { format: json, capture_stdout: false } }"))).toEqual([both, both]);
  });

  it("of a unit wins over the default, key by key, and targets say where, in which form and how long", () => {
    const common = `{ default: { capture_stderr: false, rotation: { max_size: 1MB, max_files: 3 }, processing: { filters: { exclude_patterns: ["^x"] } },
      outputs: { separate: { stdout: [{ type: file, path: "{process_id}.log", format: json, rotation: { max_age: 3d } }] } } },
      system: { process_directory: logs }, enhancement: { metadata: { add_sequence: true, add_hostname: true } } }`;
    const own = `{ rotation: { max_files: 7, interval: 1h, compress: true }, prefix: "[{process_id}]", backlog: { max_size: 2MiB },
      processing: { filters: { level_filter: warning }, parse_structured: true } }`;
    const [web] = logsOf(file(common, own));
    const rotation = { maxBytes: 1_000_000, maxFiles: 7, everyMillis: 3_600_000, compress: true };
    expect(web).toEqual({
      capture: { stdout: true, stderr: false },
      logs: {
        stdout: { path: "/etc/hsu/logs/web.log", format: "json", prefix: "[web]", rotation: { ...rotation, maxAgeMillis: 3 * 86_400_000 } },
        stderr: { format: "raw", prefix: "[web]", rotation },
        backlog: { maxBytes: 2 * 1024 ** 2, whenFull: "drop" },
        filters: { include: [], exclude: ["^x"], level: "warn" },
        withSequence: true,
        withHostname: true,
        parse: true,
      },
    });
  });

  it("warns of what is not in effect, where it stands", () => {
    expect(
      findings(
        file(
          `{ global_aggregation: { targets: [{ format: json }] }, enhancement: { metadata: { add_timestamp: false } },
            system: { metrics: { enabled: true }, max_managed_processes: 1 } }`,
          "{ outputs: { separate: { stderr: [{ type: file, path: a }, { type: file }] } }, backlog: { when_full: drop } }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:9:86: warning HSU-CFG-101: unit "web": this target has no effect: it has neither a type nor a path
        9 |           log_collection: { outputs: { separate: { stderr: [{ type: file, path: a }, { type: file }] } }, backlog: { when_full: drop } }
          |                                                                                      ^^^^^^^^^^^^^^

      hsu.yaml:12:51: warning HSU-CFG-101: this target has no effect: it has neither a type nor a path
        12 | log_collection: { global_aggregation: { targets: [{ format: json }] }, enhancement: { metadata: { add_timestamp: false } }, system: { metrics: { enabled: true }, max_managed_processes: 1 } }
           |                                                   ^^^^^^^^^^^^^^^^

      hsu.yaml:12:99: warning HSU-CFG-101: "add_timestamp" has no effect: the time belongs to the forms enhanced_plain and json; raw and plain have none
        12 | log_collection: { global_aggregation: { targets: [{ format: json }] }, enhancement: { metadata: { add_timestamp: false } }, system: { metrics: { enabled: true }, max_managed_processes: 1 } }
           |                                                                                                   ^^^^^^^^^^^^^

      hsu.yaml:12:135: warning HSU-CFG-101: "metrics" has no effect: what logs cost, bring and lose is not written to targets; GET /metrics (process_manager.http) and hsu describe have it
        12 | ancement: { metadata: { add_timestamp: false } }, system: { metrics: { enabled: true }, max_managed_processes: 1 } }
           |                                                             ^^^^^^^

      hsu.yaml:12:163: warning HSU-CFG-101: there are 2 units, and "max_managed_processes" is 1: the logs of all are kept
        12 | timestamp: false } }, system: { metrics: { enabled: true }, max_managed_processes: 1 } }
           |                                                             ^^^^^^^^^^^^^^^^^^^^^

      5 warnings
      "
    `);
  });

  it("what the file says of all buffers counts where nobody says more of his own, and add_line_number is the number of a line", () => {
    const common = `{ default: { outputs: { forwarding: [{ type: stdout }] } }, enhancement: { metadata: { add_line_number: true } },
      system: { buffer_size: 128KB, flush_interval: 7s } }`;
    const [web, worker] = logsOf(file(common, "{ buffering: { size: 64KB } }"));
    expect(web?.logs?.targets?.[0]?.batch).toEqual({ maxLines: 1000, maxBytes: 64_000, everyMillis: 7000 });
    expect(worker?.logs?.targets?.[0]?.batch).toEqual({ maxLines: 1000, maxBytes: 128_000, everyMillis: 7000 });
    expect([web?.logs?.withSequence, web?.logs?.targets?.[0]?.withSequence]).toEqual([true, true]);
  });

  it("secrets of targets may be encrypted, for the identity of the file", () => {
    const base64 = Buffer.from("age-encryption.org/v1\n-> X25519 x").toString("base64");
    const target = `{ type: loki, authentication: { token: { age: ${base64} } }, config: { headers: { X-Key: { age_file: key.age } } } }`;
    const text = `${file(`{ default: { outputs: { forwarding: [${target}] } } }`)}secrets: { identity_file: age.key }\n`;
    expect(logsOf(text)[0]?.logs?.targets?.[0]?.destination).toMatchObject({
      token: { age: base64, identity: "/etc/hsu/age.key" },
      headers: { "X-Key": { ageFile: "/etc/hsu/key.age", identity: "/etc/hsu/age.key" } },
    });
  });

  it("targets are those of an output, of a unit, of the default, and of all units", () => {
    const common = `{ default: { outputs: { forwarding: [{ type: syslog, config: { facility: local3 } }] } },
      global_aggregation: { targets: [{ type: process_manager_stdout, prefix: "[ALL]" }, { type: file, path: all.log, rotation: { max_size: 1MB } }] },
      system: { process_directory: logs } }`;
    const own = `{ buffering: { size: 64KB, flush_interval: 5s, max_lines: 100 },
      outputs: { separate: { stderr: [{ type: file, path: own.log }, { type: stderr }, { type: loki, format: json, filters: { level_filter: warn },
        authentication: { user: me, password: { file: pw } }, config: { url: "http://loki:3100", labels: { app: "{process_id}" },
        headers: { X-Scope-OrgID: a, X-Key: { env: KEY } }, tls: { ca_file: ca.pem }, batch_lines: 7, timeout: 2s } }] } } }`;
    const [web, worker] = logsOf(file(common, own));
    const batch = { maxLines: 100, maxBytes: 64_000, everyMillis: 5000 };
    const both = ["stdout", "stderr"];
    const syslog = { type: "syslog", address: "unix:/dev/log", facility: 19, timeoutMillis: 30_000 };
    expect(web?.logs?.targets).toMatchObject([
      { name: "stderr", streams: ["stderr"], format: "enhanced_plain", batch },
      {
        name: "loki http://loki:3100",
        streams: ["stderr"],
        format: "json",
        filters: { level: "warn" },
        batch: { ...batch, maxLines: 7 },
        destination: {
          url: "http://loki:3100",
          username: "me",
          password: { file: "/etc/hsu/pw" },
          headers: { "X-Scope-OrgID": "a", "X-Key": { env: "KEY" } },
          tls: { caFile: "/etc/hsu/ca.pem" },
          labels: { app: "{process_id}" },
          timeoutMillis: 2000,
        },
      },
      { name: "syslog unix:/dev/log", streams: both, format: "plain", destination: syslog },
      { name: "stdout", streams: both, prefix: "[ALL]" },
      {
        name: "file /etc/hsu/logs/all.log",
        streams: both,
        destination: { path: "/etc/hsu/logs/all.log", rotation: { maxBytes: 1_000_000 } },
      },
    ]);
    expect(web?.logs?.stderr.path).toBe("/etc/hsu/logs/own.log");
    expect(worker?.logs?.targets?.map(({ name }) => name)).toEqual(["syslog unix:/dev/log", "stdout", "file /etc/hsu/logs/all.log"]);
    expect(new Set(web?.logs?.targets?.map(({ id }) => id)).size).toBe(5);
  });

  it("HSU-CFG-040: where a target is, and a secret that stands in the file", () => {
    const target = `{ type: loki, authentication: { password: secret }, config: { url: "http://me:pw@loki", address: nowhere } }`;
    expect(findings(file(`{ default: { outputs: { forwarding: [${target}] } } }`))).toMatchInlineSnapshot(`
      "
      hsu.yaml:12:96: error HSU-CFG-007: "password" cannot be the text "secret"
        12 | log_collection: { default: { outputs: { forwarding: [{ type: loki, authentication: { password: secret }, config: { url: "http://me:pw@loki", address: nowhere } }] } } }
           |                                                                                                ^^^^^^
           = expected a map

      hsu.yaml:12:121: error HSU-CFG-040: "url" cannot be the text "http://me:pw@loki"
        12 | log_collection: { default: { outputs: { forwarding: [{ type: loki, authentication: { password: secret }, config: { url: "http://me:pw@loki", address: nowhere } }] } } }
           |                                                                                                                         ^^^^^^^^^^^^^^^^^^^
           = expected a URL of http or https, without user and password in it

      hsu.yaml:12:151: error HSU-CFG-040: "address" cannot be the text "nowhere"
        12 | ord: secret }, config: { url: "http://me:pw@loki", address: nowhere } }] } } }
           |                                                             ^^^^^^^
           = expected udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:/PATH

      3 errors
      "
    `);
  });

  it("HSU-CFG-040: sizes, patterns, and two outputs in one file", () => {
    expect(findings(file(`{ default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }`)))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:12:52: error HSU-CFG-040: "max_size" cannot be the text "much"
        12 | log_collection: { default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }
           |                                                    ^^^^
           = expected a size: bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024)

      hsu.yaml:12:104: error HSU-CFG-040: an entry of "include_patterns" cannot be the text "("
        12 | log_collection: { default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }
           |                                                                                                        ^^^
           = expected a regular expression

      2 errors
      "
    `);
    expect(findings(file(`{ default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }`)))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:12:70: error HSU-CFG-040: "a.log" would be the log of the stdout of unit "worker", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                      ^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      hsu.yaml:12:97: error HSU-CFG-040: "./a.log" would be the log of the stderr of unit "web", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                                                 ^^^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      hsu.yaml:12:97: error HSU-CFG-040: "./a.log" would be the log of the stderr of unit "worker", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                                                 ^^^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      3 errors
      "
    `);
  });

  it("HSU-CFG-040: a target that is a unit's own log", () => {
    const common = `{ default: { outputs: { separate: { stdout: [{ path: "{process_id}.log" }] } } }, global_aggregation: { targets: [{ type: file, path: web.log }] } }`;
    expect(findings(file(common))).toMatchInlineSnapshot(`
      "
      hsu.yaml:12:151: error HSU-CFG-040: "web.log" would be a target of unit "web", and is the log of the stdout of unit "web"
        12 |  } } }, global_aggregation: { targets: [{ type: file, path: web.log }] } }
           |                                                             ^^^^^^^
           = expected a file that is no log of a unit

      1 error
      "
    `);
  });

  it("takes sizes as people write them", () => {
    expect(["10MB", "10 MiB", "1.5k", 7, "7", "1GB", "x", "10XB", true, "-1"].map(parseSize)).toEqual([
      10_000_000,
      10 * 1024 ** 2,
      1536,
      7,
      7,
      1e9,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
