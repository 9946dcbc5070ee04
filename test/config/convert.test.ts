import * as Result from "effect/Result";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { convert } from "../../src/config/dialects/Convert.ts";
import { plan } from "../../src/config/plan/Plan.ts";
import { yaml } from "./support.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
const converted = (text: string) => Result.getOrThrow(convert(text, "/srv/app/hsu.yaml"));
const loaded = (text: string) => Result.getOrThrow(parse(text, "/srv/app/hsu.yaml"));

const files = [...readdirSync(join(fixtures, "upstream")).map((name) => join("upstream", name)), "every-key-go.yaml"];

describe("a file of any dialect, converted", () => {
  it.each(files)("%s is in HSU's own dialect, is the same tree, and has its comments", (name) => {
    const before = readFileSync(join(fixtures, name), "utf8");
    const { bare, text } = converted(before);
    expect(loaded(text).dialect).toBe("seed");
    expect(plan(loaded(before).spec, loaded(text).spec).changes).toStrictEqual([]);
    expect(bare).toBe(false);
    for (const [comment] of before.matchAll(/# .*$/gm)) expect(text).toContain(comment.trimEnd());
  });

  it("again, changes no more", () => {
    for (const name of files) {
      const { text } = converted(readFileSync(join(fixtures, name), "utf8"));
      expect(converted(text).text).toBe(text);
    }
  });

  it("looks like this", () => {
    const { text } = converted(yaml`
      # Ours
      master:
        port: 50055 # as ever
      workers:
        # The web server
        - id: web
          type: managed
          unit:
            managed:
              metadata: {name: Web}
              control:
                # What is run
                execution:
                  executable_path: ../bin/web # built
                  args: ["--port", "80"]
                  environment: ["A=1"]
                graceful_timeout: 3s
                log_collection:
                  outputs: {forwarding: [{type: master_stdout, prefix: "[{worker_id}]"}]}
              # How it is
              health_check:
                type: process
    `);
    expect(text).toMatchInlineSnapshot(`
      "# Ours
      process_manager:
        port: 50055 # as ever
      managed_processes:
        # The web server
        - id: web
          type: standard_managed
          management:
            metadata: {name: Web}
            control:
              # What is run
              executable: ../bin/web # built
              arguments: ["--port", "80"]
              environment: ["A=1"]
              shutdown_timeout: 3s
              working_directory: ../bin
            restart_policy: on_failure
            log_collection:
              outputs: {forwarding: [{type: process_manager_stdout, prefix: "[{process_id}]"}]}
            # How it is
            health_check:
              type: process
      "
    `);
  });

  it("with aliases that would come before their anchors is written out", () => {
    const text = yaml`
      managed_processes:
      - id: a
        type: standard_managed
        management:
          standard_managed:
            metadata: {name: A}
            control:
              context_aware_restart: {default: &limits {max_retries: 3}}
              execution: {executable_path: x, environment: &env {A: "1"}}
      - id: b
        type: standard_managed
        management:
          standard_managed:
            metadata: {name: B}
            control:
              execution: {executable_path: x, environment: *env}
              context_aware_restart: {default: *limits}
              log_collection: &logs {enabled: true}
      - id: c
        type: standard_managed
        management:
          standard_managed:
            metadata: {name: C}
            control: {<<: {graceful_timeout: 1s}, execution: {<<: {executable_path: y}, args: [*late]}, log_collection: *logs}
    `;
    const whole = text.replace("[*late]", "[x]");
    expect(plan(loaded(whole).spec, loaded(converted(whole).text).spec).changes).toStrictEqual([]);
  });
});
