/** Limits that are changed under a process that runs. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import type { Control } from "../../src/master/index.ts";
import { instanceName } from "../../src/platform/linux/CgroupPlace.ts";
import { leftOf, linux } from "../../src/platform/linux/Controllers.ts";
import type { MasterSpec } from "../../src/unit/UnitSpec.ts";
import { eventsOf, type Running, running, unit, until, withMaster } from "./support.ts";

const config = (limits: string, command = "sleep 1000 & wait"): string =>
  [
    "process_manager:\n  resources: { interval: 100ms, controllers: [memory, cpu, pids] }",
    "managed_processes:",
    `- id: web`,
    `  management: { restart_policy: { strategy: always, restart_delay: 60s }, ${limits}`,
    `    control: { executable: sh, arguments: [-c, ${JSON.stringify(command)}] } }`,
  ].join("\n") + "\n";
const specOf = ({ directory }: Running, text: string): MasterSpec => Result.getOrThrow(parse(text, join(directory, "hsu.yaml"))).spec;

/** CAP_SYS_NICE and CAP_SYS_RESOURCE. */
const capabilities = BigInt(`0x${/^CapEff:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))![1]}`);
const may = { raisePriorities: (capabilities >> 23n) % 2n === 1n, raiseLimits: (capabilities >> 24n) % 2n === 1n };

const limitsOf = (control: Control["Service"]) =>
  Effect.map(control.resources({ unit: "web", history: false, detail: false }), ({ units }) => units[0]!.limits);
const boundsOf = (control: Control["Service"]) =>
  Effect.map(limitsOf(control), (limits) => Object.fromEntries(limits.map(({ bound, limit }) => [limit, bound])));
const rlimit = (pid: number, name: string): string =>
  new RegExp(`^${name}\\s+(\\S+\\s+\\S+)`, "m").exec(readFileSync(`/proc/${pid}/limits`, "latin1"))![1]!.replace(/\s+/, " ");
const niceOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")[16]);
const childOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim());

it("limits come, change and go while the process goes on, with all that it has started", () =>
  withMaster(config(""), (master) =>
    Effect.gen(function* () {
      const { control, directory } = master;
      const { pid } = yield* running(control, "web");
      const child = yield* until(
        Effect.sync(() => childOf(pid!)),
        (found) => found > 0,
      );
      const apply = (limits: string) =>
        Effect.map(control.apply(specOf(master, config(limits)), "apply"), ({ plan }) =>
          plan.changes.map(({ action, id }) => `${action} ${id}`),
        );
      const inKernel = (controller: string, file: string): string | undefined => {
        const place = leftOf(instanceName(directory), "web", linux).find(({ folder }) => folder.includes(`/${controller}/`));
        return place && readFileSync(join(place.folder, file), "utf8").trim();
      };

      expect(
        yield* apply("limits: { cpu: { max_cores: 0.5 }, process: { max_processes: 50, max_file_descriptors: 64 }, priority: 5 },"),
      ).toEqual(["change web"]);
      const first = yield* limitsOf(control);
      expect(first.map(({ bound, limit }) => [limit, bound])).toEqual([
        ["cpu.max_cores", 0.5],
        ["process.max_processes", 50],
        ["process.max_file_descriptors", 64],
        ["priority", 5],
      ]);
      for (const one of [pid!, child]) expect([rlimit(one, "Max open files"), niceOf(one)]).toEqual(["64 64", 5]);

      // Higher and lower, and one that goes.
      const lower = "limits: { cpu: { max_cores: 0.2 }, process: { max_processes: 80, max_file_descriptors: 32 }";
      expect(yield* apply(may.raisePriorities ? `${lower} },` : `${lower}, priority: 5 },`)).toEqual(["change web"]);
      const second = yield* limitsOf(control);
      expect(yield* boundsOf(control)).toMatchObject({
        "cpu.max_cores": 0.2,
        "process.max_processes": 80,
        "process.max_file_descriptors": 32,
      });
      expect([rlimit(pid!, "Max open files"), rlimit(child, "Max open files")]).toEqual(["32 32", "32 32"]);
      if (may.raisePriorities) expect([niceOf(pid!), niceOf(child)]).toEqual([niceOf(process.pid), niceOf(process.pid)]);
      if (second[0]?.by === "cgroup v1") expect(inKernel("cpu", "cpu.cfs_quota_us")).toBe("20000");
      if (second[1]?.by === "cgroup v1") expect(inKernel("pids", "pids.max")).toBe("80");

      const files = "process: { max_file_descriptors: 32 }";
      yield* apply(may.raisePriorities ? `limits: { ${files} },` : `limits: { ${files}, priority: 5 },`);
      expect(yield* boundsOf(control)).toMatchObject({ "process.max_file_descriptors": 32 });
      if (second[0]?.by === "cgroup v1") expect(inKernel("cpu", "cpu.cfs_quota_us")).toBe("-1");
      expect(yield* unit(control, "web")).toMatchObject({ pid, restarts: 0, state: "running" });

      // The monitor sees to the new one as well: two processes are one child.
      const children = (more: string): string =>
        `limits: { process: { max_file_descriptors: 32, max_child_processes: 1, ${more} }${may.raisePriorities ? "" : ", priority: 5"} },`;
      yield* apply(children("policy: throttle"));
      yield* apply(children("policy: throttle, warning_threshold: 50"));
      yield* until(unit(control, "web"), ({ warnings }) => warnings?.[0] === "process.max_child_processes warning");
      expect((yield* unit(control, "web")).pid).toBe(pid);
      process.kill(pid!, "SIGKILL");
      yield* until(unit(control, "web"), ({ lastExit, state }) => state === "backoff" && lastExit?.because === undefined);
    }),
  ));

it("a limit that the machine cannot give is not applied, and the process goes on with the old one", () =>
  withMaster(config("limits: { memory: { max_rss: 50000000 } },"), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const { pid } = yield* running(control, "web");
      const error = yield* Effect.flip(control.apply(specOf(master, config(`limits: { memory: { max_rss: ${totalmem()} } },`)), "apply"));
      expect(error.message).toMatch(/^not applied: .*more than 80 % of the machine's .*; all is as it was before$/);
      expect(yield* boundsOf(control)).toEqual({ "memory.max_rss": 50_000_000 });
      expect((yield* unit(control, "web")).pid).toBe(pid);
    }),
  ));

it("a limit that the system lets nobody raise on a process that runs has it restarted, and only there", () =>
  withMaster(config("limits: { process: { max_file_descriptors: 64 } },"), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const { pid } = yield* running(control, "web");
      const { plan } = yield* control.apply(specOf(master, config("limits: { process: { max_file_descriptors: 128 } },")), "apply");
      const after = yield* running(control, "web");
      yield* until(
        Effect.sync(() => rlimit(after.pid!, "Max open files")),
        (now) => now === "128 128",
      );
      const applied = (yield* eventsOf(control)).find(({ type }) => type === "applied")?.message;
      if (may.raiseLimits) {
        expect([plan.changes[0]?.action, after.pid]).toEqual(["change", pid]);
        return expect(applied).toContain("1 changed in place");
      }
      expect(plan.changes).toMatchObject([
        { action: "restart", id: "web", because: "the system lets the master change process.max_file_descriptors of a new process only" },
      ]);
      expect(after.pid).not.toBe(pid);
      expect(applied).toContain("1 restarted");
    }),
  ));
