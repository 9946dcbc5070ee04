import { describe, expect, it } from "vitest";
import { findings, unit } from "./support.ts";

describe("keys", () => {
  it("HSU-CFG-005: unknown, with the nearest; a misspelled required key is not missing as well", () => {
    expect(findings("managed_proceses: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-005: unknown key "managed_proceses" in the file
        1 | managed_proceses: []
          | ^^^^^^^^^^^^^^^^
          = expected one of process_manager, managed_processes, log_collection, include, secrets, defaults, templates
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
          = expected one of executable, arguments, working_directory, environment, env_file, startup_timeout, shutdown_timeout, stop_signal, reload_signal, start, schedule, run_timeout, watchdog, stdin, on_call, listen, proxy, on_demand
          = did you mean "arguments"?

      hsu.yaml:7:5: error HSU-CFG-005: unknown key "control2" in "management"
        7 |     control2: 1
          |     ^^^^^^^^
          = expected one of control, health_check, health_check_run_options, probes, context_aware_restart, limits, process_file, log_collection, resource_limits, restart_policy, logging, metadata
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
          = expected one of id, after, requires, type, enabled, profile_type, count, max_unavailable, extends, management
          = this key belongs in management.control

      1 error
      "
    `);
  });

  it("HSU-CFG-005: a typo in a block of a block", () => {
    expect(findings(unit("  health_check:", "    run_options: {intervall: 5s}"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:7:21: error HSU-CFG-005: unknown key "intervall" in "run_options"
        7 |       run_options: {intervall: 5s}
          |                     ^^^^^^^^^
          = expected one of enabled, interval, timeout, initial_delay, failure_threshold, success_threshold, retries
          = did you mean "interval"?

      1 error
      "
    `);
  });

  it("HSU-CFG-006: missing, at the key it is missing in", () => {
    expect(findings("managed_processes:\n  - id: web\n    management:\n      control:\n        arguments: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:4:7: error HSU-CFG-006: "control" lacks the key "executable"
        4 |       control:
          |       ^^^^^^^
          = expected a text that is not empty

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
          = expected 1 to 64 characters of A-Z, a-z, 0-9, _ and -

      1 error
      "
    `);
    expect(findings("process_manager: {}\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:1: error HSU-CFG-006: the file lacks the key "managed_processes"
        1 | process_manager: {}
          | ^
          = expected a list

      1 error
      "
    `);
  });
});

describe("what this version does not do", () => {
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
      hsu.yaml:7:15: warning HSU-CFG-101: unit "web": "buffer_size" has no effect: what it writes goes to a file, and waits in no memory; log_collection.backlog bounds that file
        7 |     logging: {buffer_size: 10}
          |               ^^^^^^^^^^^

      1 warning
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
