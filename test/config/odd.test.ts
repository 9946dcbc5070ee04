/** Files of each dialect with values that nobody's example has: each key works or is told, and what is converted is the same tree. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { convert } from "../../src/config/dialects/Convert.ts";
import { parse } from "../../src/config/index.ts";
import { plan } from "../../src/config/plan/Plan.ts";
import { findings } from "./support.ts";

const folder = join(import.meta.dirname, "fixtures/odd");

describe("an odd file", () => {
  it.each(readdirSync(folder))("%s", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { dialect, spec } = Result.getOrThrow(parse(text, "/srv/app/hsu.yaml"));
    expect(dialect).toBe(name.replace(".yaml", ""));
    const converted = Result.getOrThrow(convert(text, "/srv/app/hsu.yaml"));
    const again = Result.getOrThrow(parse(converted.text, "/srv/app/hsu.yaml"));
    expect(again.dialect).toBe("seed");
    expect(plan(spec, again.spec).changes).toStrictEqual([]);
  });

  const check = (block: string): string =>
    findings(`managed_processes: [{ id: a, management: { control: { executable: x }, ${block} } }]\n`);

  it.each([
    ["health_check: { type: tcp, tcp: { port: 1 }, http: { url: 'http://h/' } }", '"http" has no effect where the type is "tcp"'],
    ["health_check: { type: process, exec: { command: x } }", '"exec" has no effect where the type is "process"'],
    [
      "health_check: { http_endpoint: 'http://h/', retries: 2, failure_threshold: 3 }",
      '"retries" has no effect beside "failure_threshold"',
    ],
    [
      "health_check: { http_endpoint: 'http://h/', http: { url: 'http://h/' } }",
      '"http_endpoint" has no effect beside "health_check.http.url"',
    ],
    ["limits: { memory: { limit_mb: 1, max_rss: 2 } }", '"limit_mb" has no effect beside "limits.memory.max_rss"'],
    [
      "resource_limits: { max_cpu_percent: 5 }, limits: { cpu: { max_percent: 6 } }",
      '"max_cpu_percent" has no effect beside "limits.cpu.max_percent"',
    ],
    [
      "restart_policy: { max_attempts: 1 }, context_aware_restart: { default: { max_retries: 2 } }",
      '"max_retries" has no effect beside "restart_policy.max_attempts"',
    ],
    [
      "logging: { capture_stdout: true }, log_collection: { capture_stdout: false }",
      '"capture_stdout" has no effect beside "logging.capture_stdout"',
    ],
  ])("%s: the key that does not count is told", (block, expected) => {
    expect(check(block)).toContain(`warning HSU-CFG-101: unit "a": ${expected}`);
  });
});
