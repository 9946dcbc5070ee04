import * as Result from "effect/Result";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ConfigDiagnostic, type Loaded, parse } from "../../src/config/index.ts";
import { isWindowsPath } from "../../src/config/PathChecks.ts";
import { type UnitSpec, unitsOf } from "../../src/unit/UnitSpec.ts";
import { findings, yaml } from "./support.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
const textOf = (name: string): string => readFileSync(join(fixtures, name), "utf8");

const load = (text: string): Loaded => {
  const result = parse(text, "/srv/app/hsu.yaml");
  if (Result.isFailure(result)) throw new Error(result.failure.message);
  return result.success;
};
const unitsIn = (text: string): ReadonlyArray<UnitSpec> => unitsOf(load(text).spec.root);

/** The same file in the words of the old master. */
const inMasterWords = (text: string): string =>
  [
    ["managed_processes", "workers"],
    ["add_process_manager_id", "add_master_id"],
    ["process_manager_stdout", "master_stdout"],
    ["process_manager:", "master:"],
    ["management:", "unit:"],
    ["standard_managed", "managed"],
    ["integrated_managed", "integrated"],
    ["{process_id}", "{worker_id}"],
    ["process_directory", "worker_directory"],
    ["max_managed_processes", "max_workers"],
    ["  default: *logs", "  default_worker: *logs"],
  ].reduce((changed, [ours, theirs]) => changed.replaceAll(ours!, theirs!), text);

describe("upstream's own example files", () => {
  it.each(readdirSync(join(fixtures, "upstream")))("%s loads as it is", (name) => {
    const result = parse(textOf(join("upstream", name)), name);
    expect(Result.isFailure(result) ? result.failure.message : "").toBe("");
  });

  it.each([
    ["flat-process-types.yaml", "seed"],
    ["core-echotest-unix.yaml", "go"],
    ["core-managed-logging-default.yaml", "go"],
    ["master-echotest-unix.yaml", "master"],
    ["rust-example.yaml", "rust"],
    ["rust-minimal.yaml", "rust"],
  ])("%s is in the %s dialect", (name, dialect) => {
    expect(load(textOf(join("upstream", name))).dialect).toBe(dialect);
  });

  it("the same file of the Go build and of the old master is the same tree", () => {
    const [go, master] = ["core-echotest-unix.yaml", "master-echotest-unix.yaml"].map((name) =>
      // They differ in the name of one file.
      unitsIn(textOf(join("upstream", name)).replace("master-aggregated.log", "process_manager-aggregated.log")),
    );
    expect(master).toStrictEqual(go);
  });
});

describe("every key of the Go dialect", () => {
  const go = textOf("every-key-go.yaml");

  it("is taken, in the old master's words as well, and makes the same of the units", () => {
    expect(load(inMasterWords(go)).dialect).toBe("master");
    expect(load(inMasterWords(go)).spec).toStrictEqual(load(go).spec);
    expect(unitsIn(go).map(({ id, kind }) => [id, kind])).toStrictEqual([
      ["standard", "managed"],
      ["integrated", "integrated"],
      ["found", "unmanaged"],
      ["grpc", "managed"],
      ["tcp", "managed"],
    ]);
  });

  it("has warnings in both at the same places, in the words of the file", () => {
    const warnings = load(go).warnings;
    const theirs = load(inMasterWords(go)).warnings;
    const place = ({ code, line }: ConfigDiagnostic) => [code, line];
    expect(theirs.map(place)).toStrictEqual(warnings.map(place));
    expect(theirs.map(({ message }) => message).join("\n")).not.toMatch(/managed_processes|process_manager/);
  });
});

describe("upstream's defaults", () => {
  const nested = (control: string): UnitSpec =>
    unitsIn(`managed_processes: [{ id: a, management: { standard_managed: { control: ${control} } } }]`)[0]!;

  it("restart on failure, and stop within 20 s", () => {
    expect(nested("{ execution: { executable_path: x } }")).toMatchObject({ stopTimeoutMillis: 20_000, restart: { when: "on_failure" } });
  });

  it("of a restart context are three retries, five seconds, and more patience with limits", () => {
    expect(nested("{ execution: { executable_path: x }, context_aware_restart: {} }").restart).toMatchObject({
      maxAttempts: 3,
      delayMillis: 5_000,
      multiplier: 1.5,
      contexts: { health: {}, resources: { maxAttempts: 5, delayMillis: 10_000, multiplier: 1.5 } },
    });
  });

  it("run a program in its own folder", () => {
    expect(nested("{ execution: { executable_path: ../bin/x } }").workingDirectory).toBe("/srv/bin");
    expect(nested("{ execution: { executable_path: x } }").workingDirectory).toBe("/srv/app");
    expect(nested("{ execution: { executable_path: ../bin/x, working_directory: /tmp } }").workingDirectory).toBe("/tmp");
  });
});

describe("what upstream rejects of its own examples", () => {
  it("an integrated unit without a restart block, no retries, three days and both kinds of environment", () => {
    const units = unitsIn(yaml`
      managed_processes:
      - id: a
        type: integrated_managed
        management:
          integrated_managed:
            metadata: {name: A}
            control: {execution: {executable_path: a, environment: {A: 1.10, B: yes}}}
      - id: b
        type: standard_managed
        management:
          standard_managed:
            metadata: {name: B}
            control:
              execution: {executable_path: b, environment: ["A=1.10", "B=yes"]}
              context_aware_restart: {default: {max_retries: 0}}
              log_collection: {outputs: {forwarding: [{type: file, path: x, rotation: {max_age: "3d"}}]}}
    `);
    expect(units[0]!.environment).toStrictEqual(units[1]!.environment);
    expect(units.map(({ restart }) => restart.when)).toStrictEqual(["on_failure", "never"]);
  });

  it("HSU-CFG-107: a path of Windows", () => {
    expect(findings(textOf("upstream/rust-minimal.yaml"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:12:5: warning HSU-CFG-101: unit "test-process": "profile_type" has no effect without "context_aware_restart"
        12 |     profile_type: "test"
           |     ^^^^^^^^^^^^

      hsu.yaml:18:30: warning HSU-CFG-107: unit "test-process": "C:\\\\Windows\\\\System32\\\\cmd.exe" is a path of Windows: the unit cannot start on this system
        18 |             executable_path: "C:\\\\Windows\\\\System32\\\\cmd.exe"
           |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = expected a path with "/", or the name of a program on PATH

      2 warnings
      "
    `);
  });

  it.each([
    ["C:\\Windows\\cmd.exe", true],
    ["c:/Windows/cmd.exe", true],
    ["..\\bin\\x.exe", true],
    ["/usr/bin/a\\b", false],
    ["x.exe", false],
  ])("%s: %s", (path, expected) => {
    expect(isWindowsPath(path)).toBe(expected);
  });
});

describe("mixed dialects", () => {
  it("HSU-CFG-016: at the top", () => {
    expect(findings("process_manager: {}\nworkers: []\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:1: error HSU-CFG-016: "process_manager" and "workers" are of two dialects: the file has to be written in one
        2 | workers: []
          | ^^^^^^^
          = expected either "master" and "workers", or "process_manager" and "managed_processes"
          = \`master\` is the old name of \`process_manager\`, and \`workers\` of \`managed_processes\`

      1 error
      "
    `);
  });

  it("HSU-CFG-016: in a unit", () => {
    expect(findings("workers:\n- id: a\n  type: standard_managed\n  management:\n    control: {executable: x}\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:3:9: error HSU-CFG-016: "standard_managed" is of another dialect than the file, which is in the "master" dialect
        3 |   type: standard_managed
          |         ^^^^^^^^^^^^^^^^
          = expected "managed"

      hsu.yaml:4:3: error HSU-CFG-016: "management" is of another dialect than the file, which is in the "master" dialect
        4 |   management:
          |   ^^^^^^^^^^
          = expected "unit"

      2 errors
      "
    `);
  });

  it("an old word in a file of another dialect is an unknown key, with ours beside it", () => {
    expect(findings("managed_processes:\n- id: a\n  type: managed\n  unit:\n    managed: {control: {execution: {executable_path: x}}}\n"))
      .toMatchInlineSnapshot(`
        "
        hsu.yaml:3:9: error HSU-CFG-009: "managed" is not a value of "type"
          3 |   type: managed
            |         ^^^^^^^
            = expected one of standard_managed, integrated_managed, unmanaged, module
            = did you mean "standard_managed"?

        hsu.yaml:4:3: error HSU-CFG-005: unknown key "unit" in an entry of "managed_processes"
          4 |   unit:
            |   ^^^^
            = expected one of id, after, requires, type, enabled, profile_type, count, max_unavailable, extends, management
            = did you mean "management"?

        2 errors
        "
      `);
  });

  it("a mistake in a file of the old master is told in its own words", () => {
    expect(findings("master: {prot: 1}\nworkers:\n- id: a\n  type: managd\n  unit: {manged: {}}\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:1:10: error HSU-CFG-005: unknown key "prot" in "master"
        1 | master: {prot: 1}
          |          ^^^^
          = expected one of port, registry, http, rpc, grpc, peers, audit, limits, telemetry, resources, watch, log_level, force_shutdown_timeout, strategy, intensity, period, when_exceeded, cooldown, stable
          = did you mean "port"?

      hsu.yaml:4:9: error HSU-CFG-009: "managd" is not a value of "type"
        4 |   type: managd
          |         ^^^^^^
          = expected one of managed, integrated, unmanaged, module
          = did you mean "managed"?

      hsu.yaml:5:3: error HSU-CFG-006: "unit" lacks the key "control"
        5 |   unit: {manged: {}}
          |   ^^^^
          = expected a map

      hsu.yaml:5:10: error HSU-CFG-005: unknown key "manged" in "unit"
        5 |   unit: {manged: {}}
          |          ^^^^^^
          = expected one of control, health_check, health_check_run_options, probes, context_aware_restart, limits, process_file, log_collection, resource_limits, restart_policy, logging, metadata

      4 errors
      "
    `);
  });
});
