import { describe, expect, it } from "vitest";
import { imported } from "./support.ts";

const service = (...lines: ReadonlyArray<string>): string =>
  ["services:", "  a:", "    command: x", ...lines.map((line) => `    ${line}`), ""].join("\n");
const of = (...lines: ReadonlyArray<string>) => imported("compose", { "compose.yaml": service(...lines) });

describe("a service of Compose", () => {
  it.each([
    ['ports: ["127.0.0.1:8080:80"]', { listen: [{ address: { host: "127.0.0.1", port: 8080 } }], proxy: { port: 80 } }],
    ["ports: [{ target: 80, published: 8080 }]", { listen: [{ address: { host: "::", port: 8080 } }], proxy: { port: 80 } }],
    ["restart: on-failure:3", { restart: { when: "on_failure", maxAttempts: 3 } }],
    ["restart: unless-stopped", { restart: { when: "unless_stopped" } }],
    ["mem_limit: 512mb", { limits: { limits: [{ name: "memory.max_rss", bound: 536_870_912 }] } }],
    ["healthcheck: { test: curl localhost }", { probes: { readiness: { check: { command: "sh", args: ["-c", "curl localhost"] } } } }],
    ['healthcheck: { test: ["CMD", "ok", "1"], retries: 7 }', { probes: { readiness: { check: { args: ["1"] }, failureThreshold: 7 } } }],
    ["environment: { A: 1.10, B: true, C: $$x }", { environment: { A: "1.10", B: "true", C: "$x" } }],
    ["environment: { A: '${NO:-b}${NO-c}$NO' }", { environment: { A: "bc" } }],
    ["profiles: [x]", { enabled: false }],
  ])("%s", (line, expected) => {
    const { units, wrong } = of(line);
    expect(wrong).toBe("");
    expect(units["a"]).toMatchObject(expected);
  });

  it.each([
    ["restart: sometimes", "4:5 101 restart: sometimes is not known"],
    ['ports: ["80:80"]', "4:13 102 the program itself has to listen on 80"],
    ['ports: ["80:90", "81:91"]', "4:13 101 80:90 is not passed on"],
    ["healthcheck: { test: [curl, x] }", "4:20 101 test begins with neither CMD, CMD-SHELL nor NONE"],
    ["stop_grace_period: soon", '4:5 101 "soon" is no duration'],
    ["environment: { A: '${B:+c}' }", "4:5 102 ${B:+c}: what it is when B is set cannot be said here: it is empty"],
    ["depends_on: [b]", "4:18 101 b is not among the units: it is not waited for"],
    ["colour: red", "4:5 101 a: colour has no counterpart"],
    ["x-mine: 1", undefined],
  ])("%s is told", (line, expected) => {
    expect(of(line).told[0]).toBe(expected);
  });

  it("has the variables of .env where the environment has none", () => {
    const { text } = imported("compose", { "compose.yaml": "services: { a: { command: 'x $A ${B:-c}' } }" }, { ".env": "A=1\nB='2 3'\n" });
    expect(text).toContain('arguments: ["${A:-1}", "${B:-2 3}"]');
  });

  it.each([
    ["a: 1\n", '1:1 001 there is no map of "services" in it'],
    ["services: [\n", "2:1 001 "],
    ["", "1:1 001 the file is empty"],
  ])("a file that is none is told: %j", (text, expected) => {
    const { text: made, told } = imported("compose", { "compose.yaml": text });
    expect(made).toBeUndefined();
    expect(told.join("\n")).toContain(expected);
  });
});

describe("a service that extends another one", () => {
  it("has what that has, of this file and of others, and its own over that", () => {
    const { told, units, wrong } = imported(
      "compose",
      {
        "compose.yaml": `services:
  plain: { command: sleep 1, environment: [A=1, B=1], env_file: [a.env] }
  own: { extends: plain, environment: { B: 2 }, env_file: b.env }
  far: { extends: { file: base/base.yaml, service: web }, command: [sleep, "3"] }
`,
      },
      {
        "a.env": "FROM_A=1\n",
        "b.env": "FROM_B=1\n",
        "base/far.env": "FAR=1\n",
        "base/base.yaml":
          "services: { root: { environment: { C: 3 }, colour: red }, web: { extends: { service: root }, restart: always, env_file: far.env } }\n",
      },
    );
    expect(wrong).toBe("");
    expect(units["own"]).toMatchObject({ executable: "sleep", args: ["1"], environment: { A: "1", B: "2", FROM_A: "1", FROM_B: "1" } });
    expect(units["far"]).toMatchObject({ args: ["3"], environment: { C: "3", FAR: "1" }, restart: { when: "always" } });
    // Where it is asked for: the other file is not the one that is imported.
    expect(told).toEqual(["4:10 101 far: colour has no counterpart"]);
  });

  it.each([
    ["extends: { file: no.yaml, service: x }", "4:5 101 /srv/no.yaml is not there: what is extended is not known"],
    ["extends: b", '4:5 101 there is no service "b" in /srv/compose.yaml: what is extended is not known'],
    ["extends: a", '4:5 001 "a" extends itself'],
    ["depends_on: { a: { condition: sometime, restart: true } }", "4:24 101 sometime is no condition that is known here"],
    ["depends_on: { a: { restart: true } }", "4:24 101 a: restart has no counterpart"],
  ])("%s is told", (line, expected) => {
    expect(of(line).told[0]).toBe(expected);
  });
});
