import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { imported } from "./support.ts";

const app = (fields: object) =>
  imported("pm2", { "ecosystem.json": `${JSON.stringify({ apps: [{ name: "a", script: "a.js", ...fields }] }, undefined, "\t")}\n` });

describe("an app of pm2", () => {
  it.each([
    [
      {},
      { executable: "node", args: ["a.js"], stopSignal: "SIGINT", stopTimeoutMillis: 1_600, restart: { when: "always", maxAttempts: 16 } },
    ],
    [
      { script: "npm", args: "run x" },
      { executable: "npm", args: ["run", "x"] },
    ],
    [
      { script: "./tool", interpreter: "none" },
      { executable: "/srv/tool", args: [] },
    ],
    [
      { script: "a.py", cwd: "b" },
      { executable: "python3", args: ["a.py"], workingDirectory: "/srv/b" },
    ],
    [{ node_args: "-r x", args: ["1"] }, { args: ["-r", "x", "a.js", "1"] }],
    [{ max_memory_restart: "1G" }, { limits: { limits: [{ name: "memory.max_rss", bound: 2 ** 30, policy: "restart" }] } }],
    [{ exp_backoff_restart_delay: 100 }, { restart: { delayMillis: 100, multiplier: 1.5, maxDelayMillis: 15_000 } }],
    [{ stop_exit_codes: [0, 3] }, { restart: { when: "on_failure", successExits: [0, 3] } }],
    [{ env: { A: 1, B: "${x}" } }, { environment: { A: "1", B: "${x}" } }],
    [{ out_file: "/dev/null" }, { capture: { stdout: false, stderr: true } }],
  ])("%j", (fields, expected) => {
    const { units, wrong } = app(fields);
    expect(wrong).toBe("");
    expect(units["a"]).toMatchObject(expected);
  });

  it("of which there are several has logs and a number of its own", () => {
    const { units } = app({ instances: 2, error_file: "e.log" });
    expect(units["a-1"]).toMatchObject({ environment: { NODE_APP_INSTANCE: "1" }, logs: { stderr: { path: "/srv/e-1.log" } } });
  });

  it.each([
    [{ watch: true }, "6:4 101 a: watch has no counterpart"],
    [{ kill_timeout: "soon" }, '6:4 101 "soon" is no time'],
    [{ instances: "max" }, "6:4 102 max: as many as there are processors is not known here: it is one"],
    [{ script: null }, "4:4 103 an app without a script is left out"],
    [{ watch: false }, undefined],
  ])("%j is told", (fields, expected) => {
    expect(app(fields).told[0]).toBe(expected);
  });

  it.each([
    ["[1]", "1:2 001 this is no app"],
    ["{", "1:2 001"],
  ])("what is none is told: %s", (text, expected) => {
    expect(imported("pm2", { "ecosystem.json": text }).told.join("\n")).toContain(expected);
  });

  it("of code has its findings where its names stand", () => {
    const folder = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/import/pm2");
    const text = readFileSync(join(folder, "ecosystem.config.cjs"), "utf8");
    const { told } = imported(
      "pm2",
      { "ecosystem.config.cjs": text },
      {},
      {
        apps: [
          { name: "api", script: "x", exec_mode: "cluster", merge_logs: true },
          { script: "y.py", cron_restart: "x" },
        ],
        deploy: {},
      },
    );
    expect(told.map((each) => each.slice(0, 9))).toStrictEqual(["11:7 102 ", "18:7 102 ", "27:50 101", "29:3 101 "]);
  });
});
