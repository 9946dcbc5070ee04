import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { load, parse, render, renderAll } from "../../src/config/index.ts";

/** A text block without its indentation. */
const yaml = (strings: TemplateStringsArray): string => {
  const text = strings.raw[0]!.replace(/^\n/, "").trimEnd();
  const indent = Math.min(
    ...text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => /^ */.exec(line)![0].length),
  );
  return `${text
    .split("\n")
    .map((line) => line.slice(indent))
    .join("\n")}\n`;
};

/** What is found in a text, rendered: errors, or the warnings of a file that loads. */
const findings = (text: string): string => {
  const result = parse(text, "hsu.yaml");
  return `\n${renderAll(Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings)}\n`;
};
const loadError = async (file: string) => Effect.runPromise(Effect.flip(load(file)));

/** A unit `web` with these lines at its end, indented by two. */
const unit = (...lines: ReadonlyArray<string>): string =>
  [
    "managed_processes:",
    "- id: web",
    "  management:",
    "    control:",
    "      executable: sleep",
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");

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
          = expected one of port, log_level, force_shutdown_timeout, strategy, intensity, period
          = did you mean "log_level"?

      hsu.yaml:9:27: error HSU-CFG-008: the number 10 has no unit
        9 |         shutdown_timeout: 10
          |                           ^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m
          = write 10s for seconds or 10ms for milliseconds

      hsu.yaml:11:19: error HSU-CFG-009: "on_failur" is not a value of "strategy"
        11 |         strategy: on_failur
           |                   ^^^^^^^^^
           = expected one of always, on_failure, never
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
          = expected one of port, log_level, force_shutdown_timeout, strategy, intensity, period
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

describe("keys", () => {
  it("HSU-CFG-005: unknown, with the nearest; a misspelled required key is not missing as well", () => {
    expect(findings("managed_proceses: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-005: unknown key "managed_proceses" in the file
        1 | managed_proceses: []
          | ^^^^^^^^^^^^^^^^
          = expected one of process_manager, managed_processes, log_collection
          = did you mean "managed_processes"?

      1 error
      "
    `);
  });

  it("HSU-CFG-005: a name of another dialect", () => {
    expect(findings(unit("  control2: 1").replace("  executable: sleep", "  executable: sleep\n      args: [1]"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-005: unknown key "args" in "control"
        6 |       args: [1]
          |       ^^^^
          = expected one of executable, arguments, working_directory, environment, startup_timeout, shutdown_timeout
          = did you mean "arguments"?

      hsu.yaml:7:5: error HSU-CFG-005: unknown key "control2" in "management"
        7 |     control2: 1
          |     ^^^^^^^^
          = expected one of control, health_check, health_check_run_options, resource_limits, restart_policy, logging, metadata
          = did you mean "control"?

      2 errors
      "
    `);
  });

  it("HSU-CFG-005: a key of another block", () => {
    expect(findings(unit("shutdown_timeout: 1s"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:3: error HSU-CFG-005: unknown key "shutdown_timeout" in an entry of "managed_processes"
        6 |   shutdown_timeout: 1s
          |   ^^^^^^^^^^^^^^^^
          = expected one of id, type, enabled, profile_type, management
          = this key belongs in management.control

      1 error
      "
    `);
  });

  it("HSU-CFG-005: a typo in a block that is not in effect", () => {
    expect(findings(unit("  health_check:", "    run_options: {intervall: 5s}"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:5: warning HSU-CFG-101: unit "web": "health_check" is accepted and not in effect in this version
        6 |     health_check:
          |     ^^^^^^^^^^^^

      hsu.yaml:7:21: error HSU-CFG-005: unknown key "intervall" in "run_options"
        7 |       run_options: {intervall: 5s}
          |                     ^^^^^^^^^
          = expected one of enabled, interval, timeout, initial_delay, retries, failure_threshold, success_threshold
          = did you mean "interval"?

      1 error, 1 warning
      "
    `);
  });

  it("HSU-CFG-006: missing, at the key it is missing in", () => {
    expect(findings("managed_processes:\n  - id: web\n    management:\n      control:\n        arguments: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:4:7: error HSU-CFG-006: "control" lacks the key "executable"
        4 |       control:
          |       ^^^^^^^

      1 error
      "
    `);
  });

  it("HSU-CFG-006: missing in an entry of a list, and in the file", () => {
    expect(findings(unit().replace("- id: web\n  management", "- management"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:3: error HSU-CFG-006: an entry of "managed_processes" lacks the key "id"
        2 | - management:
          |   ^^^^^^^^^^^

      1 error
      "
    `);
    expect(findings("process_manager: {}\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-006: the file lacks the key "managed_processes"
        1 | process_manager: {}
          | ^

      1 error
      "
    `);
  });
});

describe("values", () => {
  it("HSU-CFG-007: wrong types, with what was found", () => {
    expect(
      findings(yaml`
        process_manager: [1]
        managed_processes:
          - id: 7
            enabled: yes
            management:
              control:
                executable: echo
                arguments: --port 80
                environment:
                  EMPTY:
          - 5
          - id: last
            management:
      `),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:18: error HSU-CFG-007: "process_manager" cannot be a list
        1 | process_manager: [1]
          |                  ^^^
          = expected a map

      hsu.yaml:3:9: error HSU-CFG-007: "id" cannot be the number 7
        3 |   - id: 7
          |         ^
          = expected a string
          = put it in quotes: "7"

      hsu.yaml:4:14: error HSU-CFG-007: "enabled" cannot be the text "yes"
        4 |     enabled: yes
          |              ^^^
          = expected true or false
          = write true, without quotes

      hsu.yaml:8:20: error HSU-CFG-007: "arguments" cannot be the text "--port 80"
        8 |         arguments: --port 80
          |                    ^^^^^^^^^
          = expected a list
          = write a list: [first, second], or one item a line after \`- \`

      hsu.yaml:10:11: error HSU-CFG-007: "EMPTY" cannot be empty
        10 |           EMPTY:
           |           ^^^^^
           = expected a string, a number or true or false

      hsu.yaml:11:5: error HSU-CFG-007: an entry of "managed_processes" cannot be the number 5
        11 |   - 5
           |     ^
           = expected a map

      hsu.yaml:13:5: error HSU-CFG-007: "management" cannot be empty
        13 |     management:
           |     ^^^^^^^^^^
           = expected a map

      7 errors
      "
    `);
  });

  it("HSU-CFG-008: durations", () => {
    expect(findings(unit("    startup_timeout: 30", "    shutdown_timeout: 5 minutes", "  restart_policy:", "    restart_delay: 10x")))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:6:24: error HSU-CFG-008: the number 30 has no unit
        6 |       startup_timeout: 30
          |                        ^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m
          = write 30s for seconds or 30ms for milliseconds

      hsu.yaml:7:25: error HSU-CFG-008: a duration has no spaces in it: "5 minutes"
        7 |       shutdown_timeout: 5 minutes
          |                         ^^^^^^^^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m
          = write 5m

      hsu.yaml:9:22: error HSU-CFG-008: "x" is not a unit of time
        9 |       restart_delay: 10x
          |                      ^^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m

      3 errors
      "
    `);
    expect(findings(unit("    startup_timeout: 30d"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:24: error HSU-CFG-008: "30d" is too long
        6 |       startup_timeout: 30d
          |                        ^^^
          = expected a duration of at most 24d

      1 error
      "
    `);
    expect(findings(unit("    startup_timeout: [1s]"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:24: error HSU-CFG-007: "startup_timeout" cannot be a list
        6 |       startup_timeout: [1s]
          |                        ^^^^
          = expected a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m

      1 error
      "
    `);
  });

  it("HSU-CFG-009: choices", () => {
    expect(findings("process_manager:\n  log_level: warning\n  strategy: all_for_one\nmanaged_processes: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:14: error HSU-CFG-009: "warning" is not a value of "log_level"
        2 |   log_level: warning
          |              ^^^^^^^
          = expected one of debug, info, warn, error
          = did you mean "warn"?

      hsu.yaml:3:13: error HSU-CFG-009: "all_for_one" is not a value of "strategy"
        3 |   strategy: all_for_one
          |             ^^^^^^^^^^^
          = expected one of one_for_one, one_for_all, rest_for_one
          = did you mean "one_for_all"?

      hsu.yaml:4:1: warning HSU-CFG-104: "managed_processes" is empty: the master will run nothing
        4 | managed_processes: []
          | ^^^^^^^^^^^^^^^^^

      2 errors, 1 warning
      "
    `);
    expect(findings(unit("  restart_policy: sometimes"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:21: error HSU-CFG-009: "sometimes" is not a value of "restart_policy"
        6 |     restart_policy: sometimes
          |                     ^^^^^^^^^
          = expected one of always, on_failure, never

      1 error
      "
    `);
  });

  it("HSU-CFG-010: numbers out of range", () => {
    expect(findings("process_manager:\n  port: 0\n  intensity: -1\nmanaged_processes: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:9: error HSU-CFG-010: "port" cannot be the number 0
        2 |   port: 0
          |         ^
          = expected a port: a whole number from 1 to 65535

      hsu.yaml:3:14: error HSU-CFG-010: "intensity" cannot be the number -1
        3 |   intensity: -1
          |              ^^
          = expected a whole number, 0 or more

      hsu.yaml:4:1: warning HSU-CFG-104: "managed_processes" is empty: the master will run nothing
        4 | managed_processes: []
          | ^^^^^^^^^^^^^^^^^

      2 errors, 1 warning
      "
    `);
    expect(findings(unit("  restart_policy:", "    max_attempts: 1.5", "    backoff_multiplier: 0.5"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:7:21: error HSU-CFG-010: "max_attempts" cannot be the number 1.5
        7 |       max_attempts: 1.5
          |                     ^^^
          = expected a whole number, 0 or more

      hsu.yaml:8:27: error HSU-CFG-010: "backoff_multiplier" cannot be the number 0.5
        8 |       backoff_multiplier: 0.5
          |                           ^^^
          = expected a number from 1 to 1000

      2 errors
      "
    `);
  });

  it("HSU-CFG-011: ids", () => {
    expect(findings(unit().replace("web", "my web"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:7: error HSU-CFG-011: the text "my web" is not an id
        2 | - id: my web
          |       ^^^^^^
          = expected 1 to 64 characters of A-Z, a-z, 0-9, _ and -

      1 error
      "
    `);
    expect(findings(unit().replace("web", "a".repeat(65)))).toContain("HSU-CFG-011");
    expect(findings(unit().replace("web", "a".repeat(64)))).not.toContain("HSU-CFG-011");
  });

  it("HSU-CFG-012: an id given twice, also as a group's and in another group", () => {
    expect(
      findings(yaml`
        managed_processes:
          - id: web
            children:
              - id: one
                management: {control: {executable: a}}
          - id: one
            management: {control: {executable: a}}
          - id: web
            management: {control: {executable: a}}
      `),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:9: error HSU-CFG-012: the id "one" is given twice
        6 |   - id: one
          |         ^^^
          = expected an id that is used once in the whole tree
          = it is first given on line 4

      hsu.yaml:8:9: error HSU-CFG-012: the id "web" is given twice
        8 |   - id: web
          |         ^^^
          = expected an id that is used once in the whole tree
          = it is first given on line 2

      2 errors
      "
    `);
  });

  it("HSU-CFG-013: a group without children", () => {
    expect(findings("managed_processes:\n  - id: empty\n    strategy: one_for_all\n    children: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:4:5: error HSU-CFG-013: "children" is empty
        4 |     children: []
          |     ^^^^^^^^
          = expected at least one unit or group

      1 error
      "
    `);
  });

  it("HSU-CFG-014: texts that no process can be given", () => {
    expect(
      findings(yaml`
        managed_processes:
          - id: a
            management:
              control:
                executable: ""
                arguments: ["a\0b"]
                environment: {"A=B": c}
          - id: b
            management:
              control:
                executable: x
                environment: [A]
      `),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:5:21: error HSU-CFG-014: "executable" cannot be the text ""
        5 |         executable: ""
          |                     ^^
          = expected a text that is not empty

      hsu.yaml:6:21: error HSU-CFG-007: an entry of "arguments" cannot be the text "a\\u0000b"
        6 |         arguments: ["a\\0b"]
          |                     ^^^^^^
          = expected a string, a number or true or false

      hsu.yaml:7:23: error HSU-CFG-014: "A=B" cannot be a key of "environment"
        7 |         environment: {"A=B": c}
          |                       ^^^^^
          = expected a variable name that is not empty and has no "=" in it

      hsu.yaml:12:23: error HSU-CFG-014: an entry of "environment" cannot be the text "A"
        12 |         environment: [A]
           |                       ^
           = expected a text of the form "NAME=value"

      4 errors
      "
    `);
  });
});

describe("what this version does not do", () => {
  it("HSU-CFG-015: a kind that is not supported, at its type; or at its block", () => {
    expect(findings(unit("type: integrated_managed"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:9: error HSU-CFG-015: unit "web" is of the kind "integrated_managed", which this version does not support
        6 |   type: integrated_managed
          |         ^^^^^^^^^^^^^^^^^^
          = expected standard_managed
          = enabled: false leaves the unit out

      1 error
      "
    `);
    expect(findings("managed_processes:\n  - id: pg\n    management:\n      unmanaged: {discovery: {port: 5432}}\n"))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:4:7: error HSU-CFG-015: unit "pg" is of the kind "unmanaged", which this version does not support
        4 |       unmanaged: {discovery: {port: 5432}}
          |       ^^^^^^^^^
          = expected standard_managed
          = enabled: false leaves the unit out

      1 error
      "
    `);
  });

  it("HSU-CFG-102: such a unit is left out when it is disabled", () => {
    expect(findings(unit("type: unmanaged", "enabled: false"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:9: warning HSU-CFG-102: unit "web" is of the kind "unmanaged", which this version does not support; it is disabled and left out
        6 |   type: unmanaged
          |         ^^^^^^^^^

      1 warning
      "
    `);
  });

  it("HSU-CFG-016: the master dialect", () => {
    expect(findings("master:\n  port: 50055\nworkers: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-016: "master" is of the old "master" dialect, which this version does not read
        1 | master:
          | ^^^^^^
          = expected "process_manager" and "managed_processes"
          = rename: master → process_manager, workers → managed_processes, unit → management, types managed → standard_managed and integrated → integrated_managed, default_worker → default, master_stdout → process_manager_stdout, {worker_id} → {process_id}

      1 error
      "
    `);
  });

  it("HSU-CFG-017: the type and the management block disagree", () => {
    expect(
      findings(
        "managed_processes:\n  - id: web\n    type: standard_managed\n    management:\n      integrated_managed:\n        control: {execution: {executable_path: x}}\n",
      ),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:5:7: error HSU-CFG-017: unit "web" is of type "standard_managed", and its management block is of "integrated_managed"
        5 |       integrated_managed:
          |       ^^^^^^^^^^^^^^^^^^
          = expected the block "standard_managed"

      1 error
      "
    `);
  });

  it("HSU-CFG-101: a block that is not in effect, once a block and unit; not when it is switched off", () => {
    expect(findings(unit("  resource_limits: {max_memory_mb: 512}", "  logging: {buffer_size: 10}"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:5: warning HSU-CFG-101: unit "web": "resource_limits" is accepted and not in effect in this version
        6 |     resource_limits: {max_memory_mb: 512}
          |     ^^^^^^^^^^^^^^^

      hsu.yaml:7:5: warning HSU-CFG-101: unit "web": buffer_size in "logging" is accepted and not in effect in this version
        7 |     logging: {buffer_size: 10}
          |     ^^^^^^^

      2 warnings
      "
    `);
    expect(findings(unit("  health_check: {enabled: false, interval: 5s}"))).toBe("\n\n");
  });

  it("HSU-CFG-101: a period without an intensity", () => {
    expect(findings("process_manager: {period: 5s}\n" + unit())).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:19: warning HSU-CFG-101: "period" without "intensity" limits nothing
        1 | process_manager: {period: 5s}
          |                   ^^^^^^
          = add intensity: the restarts allowed within the period

      1 warning
      "
    `);
  });

  it("HSU-CFG-103: unless-stopped", () => {
    expect(findings(unit("  restart_policy: unless-stopped"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:21: warning HSU-CFG-103: unit "web": "unless-stopped" is taken for "always"; a unit stopped by hand stays stopped until the master starts anew
        6 |     restart_policy: unless-stopped
          |                     ^^^^^^^^^^^^^^

      1 warning
      "
    `);
  });

  it("HSU-CFG-104: nothing to run", () => {
    expect(findings("managed_processes: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: warning HSU-CFG-104: "managed_processes" is empty: the master will run nothing
        1 | managed_processes: []
          | ^^^^^^^^^^^^^^^^^

      1 warning
      "
    `);
  });
});

describe("the file", () => {
  it("HSU-CFG-001: not there, or a folder", async () => {
    expect((await loadError("no/such.yaml")).message).toMatchInlineSnapshot(`
      "no/such.yaml:1:1: error HSU-CFG-001: there is no such file
          = give the path of a config file: hsu up FILE

      1 error"
    `);
    const folder = mkdtempSync(join(tmpdir(), "hsu-config-"));
    expect((await loadError(folder)).message.replaceAll(folder, "FOLDER")).toMatchInlineSnapshot(`
      "FOLDER:1:1: error HSU-CFG-001: this is a folder, not a file
          = give the path of a config file: hsu up FILE

      1 error"
    `);
  });

  it("is read from disk with the path as it was given", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "hsu-config-")), "hsu.yaml");
    writeFileSync(file, "managed_processes: 5\n");
    const error = await loadError(file);
    expect(error._tag).toBe("ConfigError");
    expect(error.code).toBe("HSU-CFG-007");
    expect(error.errors).toMatchObject([{ file, line: 1, column: 20, length: 1, severity: "error", text: "managed_processes: 5" }]);
  });
});

describe("rendering", () => {
  const found = (text: string) => {
    const result = parse(text, "hsu.yaml");
    if (Result.isSuccess(result)) throw new Error("no error found");
    return result.failure.diagnostics[0]!;
  };

  it("has colour only when asked", () => {
    expect(JSON.stringify(render(found("managed_processes: 5\n"), { color: true }))).toMatchInlineSnapshot(
      `""\\u001b[1mhsu.yaml:1:20:\\u001b[0m \\u001b[31merror\\u001b[0m HSU-CFG-007: \\"managed_processes\\" cannot be the number 5\\n  \\u001b[2m1 |\\u001b[0m managed_processes: 5\\n  \\u001b[2m  |\\u001b[0m                    \\u001b[31m^\\u001b[0m\\n  \\u001b[2m  =\\u001b[0m expected a list""`,
    );
    expect(render(found("managed_processes: 5\n"))).not.toContain("\u001b");
  });

  it("puts the caret under the place behind tabs and wide characters", () => {
    expect(render(found('managed_processes: ["名前", 5]\n'))).toMatchInlineSnapshot(`
      "hsu.yaml:1:21: error HSU-CFG-007: an entry of "managed_processes" cannot be the text "名前"
        1 | managed_processes: ["名前", 5]
          |                     ^^^^^^
          = expected a map"
    `);
    expect(render(found("managed_processes:\t5\n"))).toBe(
      'hsu.yaml:1:20: error HSU-CFG-007: "managed_processes" cannot be the number 5\n' +
        "  1 | managed_processes:\t5\n    |                   \t^\n    = expected a list",
    );
  });

  it("shows the part of a long line that matters", () => {
    const line = render(
      found(`managed_processes: [${"{}, ".repeat(100)}5]\n`).line === 1
        ? { ...found(`managed_processes: 5\n`), column: 421, text: `${"x".repeat(420)}5${"y".repeat(900)}` }
        : found("5"),
    );
    expect(line.split("\n")[1]!.length).toBeLessThan(260);
    expect(line.split("\n")[1]![line.split("\n")[2]!.indexOf("^")]).toBe("5");
  });

  it("lets no file steer the terminal", () => {
    expect(render(found('"\u001b[31mred\u001b]0;title\u0007": 1\n'))).not.toMatch(/[\u001b\u0007]/);
  });
});
