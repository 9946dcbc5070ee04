/** A real server of somebody else's takes a master's metrics by OTLP. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { freePort, home, until } from "./program.ts";

const program = "victoria-metrics";

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: ReadonlyArray<number>;
}

/** Debian's package from trixie on; that of bookworm does not know OTLP. */
it.skipIf(spawnSync(program, ["-version"]).status !== 0)(
  "VictoriaMetrics has what a master pushes: its units, with their values and the service's name",
  async ({ skip }) => {
    const data = mkdtempSync(join(tmpdir(), "hsu-victoria-"));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = spawn(program, [`-storageDataPath=${join(data, "data")}`, `-httpListenAddr=127.0.0.1:${port}`], { stdio: "ignore" });
    onTestFinished(() => void server.kill("SIGKILL"));
    const empty = (): Promise<number> =>
      fetch(`${url}/opentelemetry/v1/metrics`, { method: "POST", headers: { "content-type": "application/x-protobuf" }, body: "" }).then(
        ({ status }) => status,
        () => 0,
      );
    if ((await until("it answers", empty, (status) => status !== 0)) >= 400) skip(`this ${program} does not take OTLP`);

    const one = home();
    onTestFinished(one.clean);
    writeFileSync(
      join(one.folder, "hsu.yaml"),
      `process_manager:
  telemetry: { endpoint: "${url}/opentelemetry", protocol: http/protobuf, interval: 200ms, service_name: east, traces: false, logs: false }
managed_processes:
  - id: web
    management: { control: { executable: sleep, arguments: ["1000"] } }
`,
    );
    one.start("up");
    const { pid } = await until("it runs", one.status, ({ phase }) => phase === "running");
    const series = async (name: string): Promise<ReadonlyArray<Series>> => {
      // It shows what it has got after some seconds by itself.
      await fetch(`${url}/internal/force_flush`);
      const response = await fetch(`${url}/api/v1/export?match[]=${name}`);
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as Series);
    };
    const runs = (value: number) =>
      until(
        `it is told that web is ${value === 1 ? "up" : "down"}`,
        () => series("hsu_unit_running"),
        ([web]) => web?.values.at(-1) === value,
      );
    const [web] = await runs(1);
    expect(web!.metric).toMatchObject({ unit: "web", group: "units", "service.name": "east", "process.pid": String(pid) });
    const [started] = await series("hsu_unit_start_duration_seconds_count");
    expect(started!.values.at(-1)).toBe(1);
    await one.hsu("stop", "web");
    await runs(0);
  },
);
