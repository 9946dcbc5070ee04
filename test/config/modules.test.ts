import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { unitsOf } from "../../src/unit/UnitSpec.ts";
import { findings, yaml } from "./support.ts";

describe("module units", () => {
  it("load, with what they do not say", () => {
    const text = yaml`
      managed_processes:
        - id: most
          type: module
          management:
            control: { module: ./a.ts, export: b, config: { deep: [1, "x"] }, worker: true, startup_timeout: 1s, shutdown_timeout: 2s }
            restart_policy: never
            logging: { capture_stdout: false }
            metadata: { name: all of it }
        - { id: least, type: module, management: { control: { module: /srv/a.mjs } } }
    `;
    const [most, least] = unitsOf(Result.getOrThrow(parse(text, "/etc/hsu/hsu.yaml")).spec.root);
    expect(most).toMatchObject({
      kind: "module",
      description: "all of it",
      module: { path: "/etc/hsu/a.ts", export: "b", config: { deep: [1, "x"] }, worker: true },
      startTimeoutMillis: 1000,
      stopTimeoutMillis: 2000,
      restart: { when: "never" },
      capture: { stdout: false, stderr: true },
    });
    expect(least).toMatchObject({
      module: { path: "/srv/a.mjs", export: "default", config: undefined, worker: false },
      stopTimeoutMillis: 10_000,
      restart: { when: "always" },
    });
  });

  it("HSU-CFG-005, HSU-CFG-006: keys of a process, and no module", () => {
    expect(findings("managed_processes:\n- {id: a, type: module, management: {control: {executable: x}}}\n")).toMatchInlineSnapshot(`
      "
      hsu.yaml:2:38: error HSU-CFG-006: "control" lacks the key "module"
        2 | - {id: a, type: module, management: {control: {executable: x}}}
          |                                      ^^^^^^^
          = expected a text that is not empty

      hsu.yaml:2:48: error HSU-CFG-005: unknown key "executable" in "control"
        2 | - {id: a, type: module, management: {control: {executable: x}}}
          |                                                ^^^^^^^^^^
          = expected one of module, export, config, worker, startup_timeout, shutdown_timeout
          = this key belongs in management.control

      2 errors
      "
    `);
  });
});
