import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { load, parse } from "../../src/config/index.ts";
import { type GroupSpec, type UnitSpec, unitsOf } from "../../src/unit/UnitSpec.ts";

const compiled = (text: string, file = "/etc/hsu/hsu.yaml") => {
  const result = parse(text, file);
  if (Result.isFailure(result)) throw new Error(result.failure.message);
  return result.success.spec;
};

/** The one unit of a file, with these lines in its management block. */
const unitWith = (...lines: ReadonlyArray<string>): UnitSpec => {
  const text = ["managed_processes:", "- id: web", "  management:", ...lines.map((line) => `    ${line}`)].join("\n");
  return unitsOf(compiled(text).root)[0]!;
};
const control = (...lines: ReadonlyArray<string>): UnitSpec =>
  unitWith("control:", "  executable: sleep", ...lines.map((line) => `  ${line}`));
const policy = (restart: string) => unitWith("control: {executable: sleep}", `restart_policy: ${restart}`).restart;

const byDefault = {
  when: "always",
  successExits: [0],
  delayMillis: 1000,
  multiplier: 2,
  maxDelayMillis: 60_000,
  resetAfterMillis: 60_000,
  jitter: 0,
};

describe("defaults", () => {
  it("of a file that says the least", () => {
    expect(compiled("managed_processes:\n- id: web\n  management: {control: {executable: sleep}}\n")).toStrictEqual({
      source: "/etc/hsu/hsu.yaml",
      logLevel: "info",
      forceShutdownTimeoutMillis: 30_000,
      root: {
        _tag: "Group",
        id: "units",
        strategy: "one_for_one",
        children: [
          {
            _tag: "Unit",
            id: "web",
            kind: "managed",
            enabled: true,
            executable: "sleep",
            args: [],
            workingDirectory: "/etc/hsu",
            environment: {},
            startTimeoutMillis: 60_000,
            stopSignal: "SIGTERM",
            stopTimeoutMillis: 10_000,
            restart: byDefault,
            capture: { stdout: true, stderr: true },
          },
        ],
      },
    });
  });

  it("of a restart policy: what is not said is as without a policy, but for the strategy", () => {
    expect(policy("{}")).toStrictEqual({ ...byDefault, when: "on_failure" });
    expect(policy("{restart_delay: 250ms}")).toStrictEqual({ ...byDefault, when: "on_failure", delayMillis: 250 });
    expect(policy("{max_attempts: 3, backoff_multiplier: 1}")).toStrictEqual({
      ...byDefault,
      when: "on_failure",
      maxAttempts: 3,
      multiplier: 1,
    });
  });

  it("of the longest delay: never less than the first", () => {
    expect(policy("{restart_delay: 5m}")).toMatchObject({ delayMillis: 300_000, maxDelayMillis: 300_000 });
  });
});

describe("restart policies", () => {
  it.each([
    ["always", "always"],
    ["on_failure", "on_failure"],
    ["on-failure", "on_failure"],
    ["never", "never"],
    ["no", "never"],
    ["unless-stopped", "unless_stopped"],
  ])("%s is %s, as a word and in a block", (word, when) => {
    expect(policy(word)).toStrictEqual({ ...byDefault, when });
    expect(policy(`{strategy: ${word}}`)).toStrictEqual({ ...byDefault, when });
  });

  it("of no attempts at all are never", () => {
    expect(policy("{strategy: always, max_attempts: 0}")).toStrictEqual({ ...byDefault, when: "never" });
  });
});

describe("the program", () => {
  it("with a slash is found from the config file's folder; a bare name is left to PATH", () => {
    const executable = (name: string) => unitWith(`control: {executable: "${name}"}`).executable;
    expect(executable("./web")).toBe("/etc/hsu/web");
    expect(executable("../bin/web")).toBe("/etc/bin/web");
    expect(executable("/usr/bin/web")).toBe("/usr/bin/web");
    expect(executable("web")).toBe("web");
  });

  it("has its working directory from the config file's folder", () => {
    expect(control("working_directory: data").workingDirectory).toBe("/etc/hsu/data");
    expect(control("working_directory: /srv").workingDirectory).toBe("/srv");
  });

  it("gets numbers and truth values as texts, as they are written", () => {
    const unit = control(
      "arguments: [--port, 8080, 1.10, true]",
      "environment: {VERSION: 1.10, MODE: 0644, BIG: 12345678901234567890, ON: true}",
    );
    expect(unit.args).toStrictEqual(["--port", "8080", "1.10", "true"]);
    expect(unit.environment).toStrictEqual({ VERSION: "1.10", MODE: "0644", BIG: "12345678901234567890", ON: "true" });
  });

  it("gets an environment written as a list", () => {
    expect(control("environment: [A=1, B=x=y, C=]").environment).toStrictEqual({ A: "1", B: "x=y", C: "" });
  });

  it("takes values by alias and merge key, with what is written out first", () => {
    const text = `
process_manager: {force_shutdown_timeout: &long 1m}
managed_processes:
- id: one
  management: &base
    control: &control {executable: sleep, arguments: [1], shutdown_timeout: *long}
- id: two
  management:
    <<: *base
    control: {<<: *control, arguments: [2]}
`;
    expect(unitsOf(compiled(text).root).map((unit) => [unit.id, unit.executable, unit.args, unit.stopTimeoutMillis])).toStrictEqual([
      ["one", "sleep", ["1"], 60_000],
      ["two", "sleep", ["2"], 60_000],
    ]);
  });

  it("may be disabled, timed and silent", () => {
    const text =
      "managed_processes:\n- id: a\n  enabled: false\n  management:\n    control: {executable: x, startup_timeout: 5s, shutdown_timeout: 250ms}\n    logging: {capture_stderr: false}\n";
    expect(unitsOf(compiled(text).root)).toMatchObject([
      { enabled: false, startTimeoutMillis: 5000, stopTimeoutMillis: 250, capture: { stdout: true, stderr: false } },
    ]);
  });
});

describe("groups", () => {
  const tree = (group: GroupSpec): unknown => ({
    [`${group.id} ${group.strategy}${group.limit === undefined ? "" : ` ${group.limit.intensity}/${group.limit.periodMillis}`}`]:
      group.children.map((child) => (child._tag === "Unit" ? child.id : tree(child))),
  });
  const leaf = (id: string): string => `{id: ${id}, management: {control: {executable: x}}}`;

  it("nest to any depth, in the order of the file", () => {
    const text = `
process_manager: {strategy: rest_for_one, intensity: 10, period: 1m}
managed_processes:
- ${leaf("first")}
- id: web
  strategy: one_for_all
  intensity: 3
  children:
  - ${leaf("server")}
  - id: clients
    children: [${leaf("one")}, ${leaf("two")}]
- ${leaf("last")}
`;
    expect(tree(compiled(text).root)).toStrictEqual({
      "units rest_for_one 10/60000": ["first", { "web one_for_all 3/5000": ["server", { "clients one_for_one": ["one", "two"] }] }, "last"],
    });
  });

  it("nest fifty deep", () => {
    let text = leaf("unit");
    for (let depth = 50; depth > 0; depth--) text = `{id: g${depth}, children: [${text}]}`;
    expect(unitsOf(compiled(`managed_processes: [${text}]`).root).map((unit) => unit.id)).toStrictEqual(["unit"]);
  });
});

describe("the nested dialect", () => {
  const nested = (...lines: ReadonlyArray<string>): UnitSpec =>
    unitWith("standard_managed:", "  control:", "    execution: {executable_path: sleep}", ...lines.map((line) => `    ${line}`));

  it("has a restart policy in two places", () => {
    expect(nested().restart).toStrictEqual({ ...byDefault, when: "on_failure" });
    expect(nested("restart_policy: always").restart).toStrictEqual(byDefault);
    expect(
      nested("restart_policy: on-failure", "context_aware_restart: {default: {max_retries: 3, retry_delay: 5s, backoff_rate: 1.5}}")
        .restart,
    ).toStrictEqual({
      ...byDefault,
      when: "on_failure",
      maxAttempts: 3,
      delayMillis: 5000,
      multiplier: 1.5,
      contexts: { health: {}, resources: { maxAttempts: 5, delayMillis: 10_000, multiplier: 1.5 } },
      factors: { warning: 0.5, critical: 1, emergency: 2, profile: 1 },
    });
    expect(nested("context_aware_restart: {default: {max_retries: 0}}").restart.when).toBe("never");
  });

  it("stands beside the flat one in one file", () => {
    const text = `
managed_processes:
- id: flat
  management: {control: {executable: x, shutdown_timeout: 1s}}
- id: nested
  management:
    standard_managed:
      metadata: {name: Nested}
      control: {execution: {executable_path: x, environment: ["A=1"]}, graceful_timeout: 2s}
`;
    expect(
      unitsOf(compiled(text).root).map(({ id, description, stopTimeoutMillis }) => [id, description, stopTimeoutMillis]),
    ).toStrictEqual([
      ["flat", undefined, 1000],
      ["nested", "Nested", 2000],
    ]);
  });
});

describe("the files of the Rust build", () => {
  const fixture = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), "fixtures", name);
  const loaded = (name: string) => Effect.runPromise(load(fixture(name)));

  it("rust-example.yaml loads, and says what is not in effect", async () => {
    const { spec, warnings } = await loaded("rust-example.yaml");
    expect(spec).toMatchObject({
      source: fixture("rust-example.yaml"),
      port: 50_055,
      logLevel: "info",
      forceShutdownTimeoutMillis: 30_000,
    });
    expect(unitsOf(spec.root)).toMatchObject([
      {
        id: "echo-test",
        enabled: true,
        executable: "echo",
        args: ["Hello from HSU Rust!"],
        workingDirectory: fixture("").replace(/\/$/, ""),
        environment: { RUST_LOG: "info", HSU_PROCESS_ID: "echo-test" },
        startTimeoutMillis: 10_000,
        restart: { when: "on_failure", maxAttempts: 3, delayMillis: 5000, multiplier: 1.5 },
      },
      { id: "long-running-service", enabled: false, executable: "sleep", args: ["300"], restart: { when: "always", maxAttempts: 5 } },
    ]);
    expect(
      warnings.map(
        (warning) => `${warning.line} ${warning.code} ${warning.message.replace(" accepted and not in effect in this version", "")}`,
      ),
    ).toMatchInlineSnapshot(`
      [
        "16 HSU-CFG-101 unit "echo-test": version, tags in "metadata" are",
        "115 HSU-CFG-101 "add_process_manager_id" has no effect: a master has no id of its own; add_hostname says on which machine a line was written",
      ]
    `);
  });

  it("rust-minimal.yaml loads", async () => {
    const { spec, warnings } = await loaded("rust-minimal.yaml");
    expect(unitsOf(spec.root)).toMatchObject([
      { id: "test-process", executable: "C:\\Windows\\System32\\cmd.exe", startTimeoutMillis: 100, stopTimeoutMillis: 5000 },
    ]);
    expect(warnings.map((warning) => warning.code)).toStrictEqual(["HSU-CFG-101", "HSU-CFG-107"]);
  });
});
