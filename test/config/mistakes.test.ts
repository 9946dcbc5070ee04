import { describe, expect, it } from "vitest";
import { findings, unit, yaml } from "./support.ts";

describe("six mistakes in one file", () => {
  it("are six located errors, found in one go", () => {
    expect(
      findings(yaml`
        process_manager:
          port: 70000
          log_levl: info
        managed_processes:
          - id: web
            management:
              control:
                executable: ./web
                shutdown_timeout: 10
              restart_policy:
                strategy: on_failur
          - id: web
            enabled: sometimes
            management:
              control:
                executable: ./web
      `),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:9: error HSU-CFG-010: "port" cannot be the number 70000
        2 |   port: 70000
          |         ^^^^^
          = expected a port: a whole number from 1 to 65535

      hsu.yaml:3:3: error HSU-CFG-005: unknown key "log_levl" in "process_manager"
        3 |   log_levl: info
          |   ^^^^^^^^
          = expected one of port, registry, http, rpc, grpc, peers, audit, limits, telemetry, resources, watch, log_level, force_shutdown_timeout, strategy, intensity, period, when_exceeded, cooldown, stable
          = did you mean "log_level"?

      hsu.yaml:9:27: error HSU-CFG-008: the number 10 has no unit
        9 |         shutdown_timeout: 10
          |                           ^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m
          = write 10s for seconds or 10ms for milliseconds

      hsu.yaml:11:19: error HSU-CFG-009: "on_failur" is not a value of "strategy"
        11 |         strategy: on_failur
           |                   ^^^^^^^^^
           = expected one of always, unless_stopped, on_failure, never
           = did you mean "on_failure"?

      hsu.yaml:12:9: error HSU-CFG-012: the id "web" is given twice
        12 |   - id: web
           |         ^^^
           = expected an id that is used once in the whole tree
           = it is first given on line 5

      hsu.yaml:13:14: error HSU-CFG-007: "enabled" cannot be the text "sometimes"
        13 |     enabled: sometimes
           |              ^^^^^^^^^
           = expected true or false

      6 errors
      "
    `);
  });
});

describe("the YAML itself", () => {
  it("HSU-CFG-002: a file with nothing in it", () => {
    expect(findings("# only a comment\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-002: the file is empty
          = the least there is: managed_processes: []

      1 error
      "
    `);
  });

  it("HSU-CFG-003: a quote that is not closed is shown where it opens, and what stands before it is checked all the same", () => {
    expect(findings('process_manager:\n  prt: 1\n  log_level: "info\nmanaged_processes: []\n')).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:3: error HSU-CFG-005: unknown key "prt" in "process_manager"
        2 |   prt: 1
          |   ^^^
          = expected one of port, registry, http, rpc, grpc, peers, audit, limits, telemetry, resources, watch, log_level, force_shutdown_timeout, strategy, intensity, period, when_exceeded, cooldown, stable
          = did you mean "port"?

      hsu.yaml:3:14: error HSU-CFG-003: this quote is not closed
        3 |   log_level: "info
          |              ^^^^^

      2 errors
      "
    `);
  });

  it("HSU-CFG-003: tabs as indentation", () => {
    expect(findings("process_manager:\n\tport: 1\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:1: error HSU-CFG-003: tabs are not allowed as indentation
        2 | 	port: 1
          | ^
          = indent with spaces

      1 error
      "
    `);
  });

  it("HSU-CFG-003: a second document", () => {
    expect(findings("managed_processes: []\n---\nmanaged_processes: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: warning HSU-CFG-104: "managed_processes" is empty: the master will run nothing
        1 | managed_processes: []
          | ^^^^^^^^^^^^^^^^^

      hsu.yaml:2:1: error HSU-CFG-003: a second document begins here
        2 | ---
          | ^^^
          = a file holds one document: remove the \`---\`

      1 error, 1 warning
      "
    `);
  });

  it("HSU-CFG-003: an alias without an anchor, and one that contains itself", () => {
    expect(findings("process_manager: *nowhere\nmanaged_processes: &loop\n  - *loop\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:18: error HSU-CFG-003: no anchor "&nowhere" above this alias
        1 | process_manager: *nowhere
          |                  ^^^^^^^^

      hsu.yaml:3:5: error HSU-CFG-003: the alias "*loop" contains itself
        3 |   - *loop
          |     ^^^^^

      2 errors
      "
    `);
  });

  it("HSU-CFG-004: a key given twice", () => {
    expect(findings("managed_processes: []\nprocess_manager:\n  port: 1\n  port: 2\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: warning HSU-CFG-104: "managed_processes" is empty: the master will run nothing
        1 | managed_processes: []
          | ^^^^^^^^^^^^^^^^^

      hsu.yaml:4:3: error HSU-CFG-004: the key "port" is given twice
        4 |   port: 2
          |   ^^^^
          = expected each key of a map once
          = it is first given on line 3

      1 error, 1 warning
      "
    `);
  });

  it("HSU-CFG-105: a tag that nobody knows", () => {
    expect(findings(unit("enabled: !maybe true"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:12: warning HSU-CFG-105: Unresolved tag: !maybe
        6 |   enabled: !maybe true
          |            ^^^^^^

      hsu.yaml:6:19: error HSU-CFG-007: "enabled" cannot be the text "true"
        6 |   enabled: !maybe true
          |                   ^^^^
          = expected true or false
          = write true, without quotes

      1 error, 1 warning
      "
    `);
  });
});

describe("what was meant", () => {
  const control = (keys: string): string => `managed_processes: [{id: a, management: {control: {executable: x, ${keys}}}}]`;
  it.each([
    ["type: managd", "managed_processes: [{id: a, type: managd, management: {control: {executable: x}}}]", "standard_managed"],
    ["type: unmanagd", "managed_processes: [{id: a, type: unmanagd, management: {control: {executable: x}}}]", "unmanaged"],
    ["stop_signal: SIGTRM", control("stop_signal: SIGTRM"), "SIGTERM"],
    ["stop_signal: trm", control("stop_signal: trm"), "TERM"],
    ["timezone", control("schedule: {cron: '@daily', timezone: Europe/Berln}"), "Europe/Berlin"],
    [
      "after",
      "managed_processes: [{id: data, management: {control: {executable: x}}}, {id: a, after: [dat], management: {control: {executable: x}}}]",
      "data",
    ],
    [
      "allowed_signals",
      "managed_processes: [{id: a, type: unmanaged, management: {unmanaged: {metadata: {name: a}, discovery: {method: port, port: 1}, control: {allowed_signals: [SIGHPU]}}}}]",
      "SIGHUP",
    ],
  ])("is said where it is near: %s", (_, text, nearest) => {
    expect(findings(text)).toContain(`did you mean "${nearest}"?`);
  });

  it("is not said where nothing is, and what a key is to hold is said of one that is missing", () => {
    expect(findings(control("stop_signal: BANANA"))).not.toContain("did you mean");
    expect(findings("managed_processes: [{id: a, management: {control: {arguments: [x]}}}]")).toContain(
      "expected a text that is not empty",
    );
  });
});

describe("the file of another supervisor", () => {
  it.each([
    ["compose", "services: { web: { image: nginx } }"],
    ["pm2", '{ "apps": [{ "name": "web", "script": "web.js" }] }'],
    ["supervisord", "[program:web]\ncommand=./web"],
    ["systemd", "[Unit]\nDescription=web\n[Service]\nExecStart=/bin/web"],
  ])("of %s is told how it is read", (kind, text) => {
    expect(findings(text)).toContain(`\`hsu import ${kind} FILE\` makes a config of it`);
  });

  it("a list is no such file", () => {
    expect(findings("[web, worker]")).not.toContain("hsu import");
    expect(findings("toString: 1")).toContain('unknown key "toString"');
  });
});

it("a key that is to hold a map says so where it is missing", () => {
  expect(findings("managed_processes: [{ id: web }]")).toContain(
    'lacks the key "management"\n  1 | managed_processes: [{ id: web }]\n    |                     ^^^^^^^^^^^\n    = expected a map',
  );
});
