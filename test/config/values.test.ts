import { describe, expect, it } from "vitest";
import { findings, unit, yaml } from "./support.ts";

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
          = expected one of always, unless_stopped, on_failure, never

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

      hsu.yaml:6:21: error HSU-CFG-014: an entry of "arguments" cannot be the text "a\\u0000b"
        6 |         arguments: ["a\\0b"]
          |                     ^^^^^^
          = expected a text without NUL characters

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
