/** A real Prometheus scrapes a master. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { freePort, home, until } from "./program.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

interface Target {
  readonly health: string;
  readonly lastError: string;
}

/** Debian's package has both programs. */
it.skipIf(!has("prometheus") || !has("promtool"))(
  "Prometheus' own targets say that the master is up, its values can be asked for, and promtool has nothing against them",
  async () => {
    const one = home();
    onTestFinished(one.clean);
    const [http, web] = [await freePort(), await freePort()];
    writeFileSync(
      join(one.folder, "hsu.yaml"),
      `process_manager:
  http: { port: ${http} }
managed_processes:
  - id: web
    management: { control: { executable: sleep, arguments: ["1000"] } }
`,
    );
    one.start("up");
    await until("it runs", one.status, ({ phase }) => phase === "running");
    const token = (await one.hsu("token", "create", "prometheus")).out.trim();
    const scraped = await fetch(`http://127.0.0.1:${http}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    expect(scraped.status).toBe(200);
    expect(execFileSync("promtool", ["check", "metrics"], { input: await scraped.text(), encoding: "utf8", stdio: "pipe" })).toBe("");

    const data = mkdtempSync(join(tmpdir(), "hsu-prometheus-"));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    writeFileSync(join(data, "token"), token, { mode: 0o600 });
    writeFileSync(
      join(data, "prometheus.yml"),
      `scrape_configs:
  - job_name: hsu
    scrape_interval: 500ms
    scrape_timeout: 500ms
    authorization: { credentials_file: token }
    static_configs: [{ targets: ["127.0.0.1:${http}"] }]
`,
    );
    const child = spawn(
      "prometheus",
      [
        `--config.file=${join(data, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(data, "tsdb")}`,
        `--web.listen-address=127.0.0.1:${web}`,
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    const ask = async <A>(path: string): Promise<A | undefined> => {
      const response = await fetch(`http://127.0.0.1:${web}/api/v1/${path}`).catch(() => undefined);
      return response?.status === 200 ? ((await response.json()) as { readonly data: A }).data : undefined;
    };
    const targets = async (): Promise<ReadonlyArray<Target>> =>
      (await ask<{ readonly activeTargets: ReadonlyArray<Target> }>("targets"))?.activeTargets ?? [];
    await until("the target is up", targets, ([first]) => first?.health === "up" && first.lastError === "", 30_000);
    interface Found {
      readonly result: ReadonlyArray<{ readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }>;
    }
    const running = async () => (await ask<Found>("query?query=hsu_unit_running"))?.result ?? [];
    const [unit] = await until("a value", running, ({ length }) => length === 1);
    expect(unit).toMatchObject({ metric: { unit: "web", group: "units", job: "hsu" }, value: [expect.any(Number), "1"] });
  },
);
