/** Limits on real processes: what the kernel holds, and what each policy does. One master for all policies. */
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it, type TestContext } from "vitest";
import type { Control } from "../../src/master/index.ts";
import type { Controller } from "../../src/platform/index.ts";
import { instanceName } from "../../src/platform/linux/CgroupPlace.ts";
import { leftOf, linux, placeFor, removePlaces } from "../../src/platform/linux/Controllers.ts";
import { eventsOf, unit, until, withMaster, yamlUnit } from "./support.ts";

/** Why a controller cannot be used here; null: it can. */
const missing = (controller: Controller): string | null => {
  const probe = mkdtempSync(join(tmpdir(), "hsu-probe-"));
  // Named, as the configs below name them: also where somebody else looks after our own group.
  const place = placeFor(controller, { group: undefined, instance: instanceName(probe), name: "probe", allowed: [controller] }, linux);
  if (place !== undefined) removePlaces([place]);
  rmSync(probe, { recursive: true });
  return place === undefined ? `this machine gives us no ${controller} controller of cgroup v1` : null;
};
const lacks = { memory: missing("memory"), cpu: missing("cpu"), pids: missing("pids") };
/** Leaves the test out, with the reason, where the kernel gives us no such controller. */
const needs = (controller: keyof typeof lacks, { skip }: TestContext): void => {
  const why = lacks[controller];
  if (why !== null) skip(why);
};

const sampling = "process_manager:\n  resources: { interval: 100ms, controllers: [memory, cpu, pids] }\n";

/** A unit of the nested dialect. */
const limited = (id: string, command: ReadonlyArray<string>, limits: string, more: ReadonlyArray<string> = []): string =>
  [
    `  - id: ${id}`,
    `    management:`,
    `      standard_managed:`,
    `        control:`,
    `          execution: { executable_path: ${command[0]}, working_directory: /tmp, args: ${JSON.stringify(command.slice(1))} }`,
    `          restart_policy: { strategy: always, restart_delay: 60s }`,
    `          graceful_timeout: 5s`,
    `          limits: ${limits}`,
    ...more.map((line) => `          ${line}`),
  ].join("\n");

/** Its groups of controllers, as long as there are any. */
const groupsOf = (stateDirectory: string, id: string): ReadonlyArray<string> =>
  leftOf(instanceName(stateDirectory), id, linux).map(({ folder }) => folder);

const busy = ["sh", "-c", "while :; do :; done"];
const misbehave = (...flags: ReadonlyArray<string>) => [process.execPath, join(process.cwd(), "test/programs/misbehave.mjs"), ...flags];

const resources = (control: Control["Service"], id: string) =>
  Effect.map(control.resources({ unit: id, history: true, detail: false }), ({ units }) => units[0]!);
const heldBy = (control: Control["Service"], id: string) =>
  Effect.map(resources(control, id), ({ limits }) => Object.fromEntries(limits.map(({ by, limit }) => [limit, by])));
const typesOf = (control: Control["Service"], id: string) =>
  Effect.map(eventsOf(control), (events) => events.filter(({ path }) => path.at(-1) === id).map(({ type }) => type));

describe("each policy, on a process that is over its limit", () => {
  const table = [
    { policy: "none", state: "running", types: ["started"] },
    { policy: "log", state: "running", types: ["started", "limit_exceeded"] },
    { policy: "alert", state: "running", types: ["started", "alert"] },
    { policy: "graceful_shutdown", state: "failed", types: ["started", "limit_exceeded", "gave_up"], signal: "SIGTERM" },
    { policy: "immediate_kill", state: "failed", types: ["started", "limit_exceeded", "gave_up"], signal: "SIGKILL" },
    { policy: "restart", state: "backoff", types: ["started", "limit_exceeded", "restarting"], signal: "SIGTERM" },
    { policy: "restart_adjusted", state: "backoff", types: ["started", "limit_exceeded", "restarting"], signal: "SIGTERM" },
  ] as const;

  it("is told, ended, restarted or left alone, as the policy says, and the reason is in its history", () =>
    withMaster(
      [
        sampling + "managed_processes:",
        ...table.map(({ policy }) =>
          limited(`unit-${policy}`, ["sleep", "1000"], `{ process: { max_child_processes: 1, policy: ${policy} }, cpu: { max_time: 1h } }`),
        ),
        // Each has a child, and another one.
      ]
        .join("\n")
        .replaceAll("executable_path: sleep", "executable_path: sh")
        .replaceAll('args: ["1000"]', 'args: ["-c", "sleep 1000 & sleep 1000 & trap : HUP; wait"]'),
      ({ control }) =>
        Effect.gen(function* () {
          for (const { policy, state, types, ...rest } of table) {
            const id = `unit-${policy}`;
            const seen = yield* until(
              // In this order: the warnings are there before the event is.
              Effect.all({ types: typesOf(control, id), status: unit(control, id) }),
              (now) => now.status.state === state && (policy === "none" || now.types.length >= types.length),
            );
            expect([policy, ...seen.types]).toEqual([policy, ...types]);
            if (!("signal" in rest)) {
              expect(seen.status.warnings ?? []).toEqual(policy === "none" ? [] : ["process.max_child_processes emergency"]);
              continue;
            }
            expect(seen.status.lastExit).toMatchObject({
              signal: rest.signal,
              because: "process.max_child_processes: 2, over its limit of 1 (emergency)",
            });
            const { history } = yield* control.describe(id);
            expect(history.at(-1)).toMatchObject({ state, reason: expect.stringContaining("over its limit of 1") });
          }
          // The next start of it is let have more, as a start by hand is not.
          expect((yield* resources(control, "unit-log")).history!.length).toBeGreaterThan(0);
          expect(yield* heldBy(control, "unit-none")).toEqual({ "process.max_child_processes": "nobody", "cpu.max_time": "rlimit" });
        }),
    ));
});

it("a limit that is raised by restart_adjusted is in effect with the next start", () =>
  withMaster(
    sampling.replace("memory, cpu, pids", "") +
      "managed_processes:\n" +
      limited("grows", misbehave("--files", "80"), "{ memory: { max_rss: 30000000, policy: restart_adjusted } }", [
        "context_aware_restart: { default: { max_retries: 9, retry_delay: 1ms, backoff_rate: 1 } }",
      ]).replace("restart_delay: 60s", "restart_delay: 1ms"),
    ({ control }) =>
      Effect.gen(function* () {
        const bound = Effect.map(resources(control, "grows"), ({ limits }) => limits[0]?.bound ?? 0);
        const raised = yield* until(bound, (now) => now > 30_000_000);
        expect(raised % 1).toBe(0);
        expect([37_500_000, 46_875_000, 58_593_750, 60_000_000]).toContain(raised);
        expect((yield* unit(control, "grows")).lastExit?.because).toMatch(
          /^memory\.max_rss: [\d.]+ MiB, over its limit of 28\.6 MiB|^memory.max_rss/,
        );
      }),
  ));

it("a memory hog is killed by the kernel at its limit, and that is what is said", (context) => {
  needs("memory", context);
  return withMaster(
    // It reads what never ends, and keeps it until it does.
    sampling.replace("100ms", "1h") +
      "managed_processes:\n" +
      limited("hog", ["tail", "/dev/zero"], "{ memory: { max_rss: 50000000, policy: restart } }"),
    ({ control, directory }) =>
      Effect.gen(function* () {
        const seen = yield* until(unit(control, "hog"), ({ state }) => state === "backoff");
        expect(seen.lastExit).toMatchObject({
          signal: "SIGKILL",
          because: "killed by the kernel for want of memory, at its memory.max_rss of 47.7 MiB",
        });
        const { history } = yield* control.describe("hog");
        expect(history.at(-1)?.reason).toContain("killed by the kernel for want of memory");
        expect(yield* typesOf(control, "hog")).toEqual(["started", "restarting"]);
        // Nothing is left of its groups.
        expect(groupsOf(directory, "hog")).toEqual([]);
      }),
  );
});

it("a process that the kernel kills for somebody else's want of memory is named so", (context) => {
  needs("memory", context);
  try {
    closeSync(openSync("/dev/kmsg", "r"));
  } catch {
    context.skip("the kernel's log is not for us");
  }
  const name = `hsu-test-${process.pid}`;
  const group = placeFor("memory", { group: undefined, instance: name, name: "all", allowed: ["memory"] }, linux)!;
  writeFileSync(join(group.folder, "memory.limit_in_bytes"), String(20 << 20));
  const script = `echo 0 > ${join(group.folder, "cgroup.procs")}; exec tail /dev/zero`;
  return withMaster("managed_processes:\n" + limited("hog", ["sh", "-c", script], "{ cpu: { max_time: 1h } }"), ({ control }) =>
    Effect.gen(function* () {
      const seen = yield* until(unit(control, "hog"), ({ state }) => state === "backoff");
      expect(seen.lastExit?.signal).toBe("SIGKILL");
      expect(seen.lastExit?.because).toMatch(
        new RegExp(`^killed by the kernel for want of memory: the control group \\S*/${name}/all was at its limit$`),
      );
    }),
  ).finally(() => removePlaces([group]));
});

it("a memory hog that no controller holds is seen by the monitor, and is the first that the kernel kills", () =>
  withMaster(
    "process_manager:\n  resources: { interval: 100ms, controllers: [] }\nmanaged_processes:\n" +
      limited("hog", misbehave("--memory-mb", "300"), "{ memory: { max_rss: 150000000, policy: restart, warning_threshold: 50 } }"),
    ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* until(unit(control, "hog"), ({ pid: now }) => now !== null);
        yield* until(
          Effect.sync(() => readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim()),
          (text) => text === "500",
        );
        expect(yield* heldBy(control, "hog")).toEqual({ "memory.max_rss": "monitor" });
        const seen = yield* until(unit(control, "hog"), ({ state }) => state === "backoff");
        expect(seen.lastExit?.because).toMatch(/^memory\.max_rss: [\d.]+ MiB, over its limit of 143\.1 MiB \((critical|emergency)\)$/);
        expect(yield* typesOf(control, "hog")).toContain("limit_exceeded");
      }),
  ));

it("a CPU hog is held to its share by the kernel: all of its processes together", async (context) => {
  needs("cpu", context);
  const place = await withMaster(
    sampling +
      "managed_processes:\n" +
      limited("hog", ["sh", "-c", "while :; do :; done & while :; do :; done"], "{ cpu: { max_cores: 0.2, warning_threshold: 90 } }"),
    ({ control, directory }) =>
      Effect.gen(function* () {
        expect((yield* until(heldBy(control, "hog"), (held) => "cpu.max_cores" in held))["cpu.max_cores"]).toBe("cgroup v1");
        const first = yield* until(resources(control, "hog"), ({ usage }) => usage !== null);
        const last = yield* until(resources(control, "hog"), ({ usage }) => usage !== null && usage.at - first.usage!.at > 1500);
        const share = (last.usage!.cpuMillis - first.usage!.cpuMillis) / (last.usage!.at - first.usage!.at);
        // It would use all that there is.
        expect(share).toBeLessThan(0.4);
        expect(share).toBeGreaterThan(0);
        const groups = groupsOf(directory, "hog").map((folder) => join(folder, "cpu.stat"));
        expect(Number(/nr_throttled (\d+)/.exec(readFileSync(groups.find(existsSync)!, "utf8"))?.[1])).toBeGreaterThan(0);
        const types = yield* until(typesOf(control, "hog"), (now) => now.includes("limit_warning"));
        expect(types).not.toContain("limit_exceeded");
        return directory;
      }),
  );
  expect(groupsOf(place, "hog")).toEqual([]);
});

it("where no controller is to be had, a CPU hog gets fewer cores, and the lowest priority when it is over", () =>
  withMaster(
    "process_manager:\n  resources: { interval: 100ms, controllers: [] }\nmanaged_processes:\n" +
      [
        limited("hog", busy, "{ cpu: { max_cores: 0.2 } }"),
        limited("percent", busy, "{ priority: 3, cpu: { max_percent: 1, policy: throttle } }"),
        limited("slow", ["sleep", "1000"], "{ memory: { max_rss: 1000000000, policy: throttle } }"),
      ].join("\n"),
    ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* until(unit(control, "hog"), ({ pid: now }) => now !== null);
        const status = Effect.sync(() => readFileSync(`/proc/${pid}/status`, "utf8"));
        yield* until(status, (text) => /^Cpus_allowed_list:\s+\d+$/m.test(text));
        const nice = Effect.sync(() => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")[16]));
        yield* until(nice, (now) => now === 19);
        expect(yield* heldBy(control, "percent")).toMatchObject({ priority: "nice" });
        // What nobody can hold is said, at the start and as long as it runs.
        expect((yield* unit(control, "slow")).warnings).toEqual([
          "memory.max_rss is not held: there is no memory controller that the master may use",
        ]);
        expect(yield* typesOf(control, "slow")).toContain("limit_not_held");
        const { master } = yield* control.resources({ unit: "slow", history: false, detail: true });
        expect(master?.pssBytes).toBeGreaterThan(1 << 20);
        expect(master?.sockets).toBeGreaterThanOrEqual(0);
      }),
  ));

it("a fork bomb is contained, from its first instruction on", async (context) => {
  needs("pids", context);
  const place = await withMaster(
    sampling +
      "managed_processes:\n" +
      limited("bomb", misbehave("--forks", "1000"), "{ process: { max_processes: 40, warning_threshold: 50 } }"),
    ({ control, directory }) =>
      Effect.gen(function* () {
        const log = Effect.sync(() => {
          const path = join(directory, "logs/bomb/stdout.log");
          return existsSync(path) ? readFileSync(path, "utf8") : "";
        });
        const text = yield* until(log, (now) => /forked \d+/.test(now), 20_000).pipe(Effect.orElseSucceed(() => ""));
        expect(Number(/forked (\d+)/.exec(text)?.[1])).toBeLessThan(40);
        const seen = yield* until(resources(control, "bomb"), ({ usage }) => (usage?.threads ?? 0) >= 20);
        expect(seen.usage!.threads).toBeLessThanOrEqual(40);
        expect(seen.limits).toMatchObject([{ limit: "process.max_processes", by: "cgroup v1" }]);
        yield* until(unit(control, "bomb"), ({ warnings }) => warnings !== undefined);
        return directory;
      }),
  );
  expect(groupsOf(place, "bomb")).toEqual([]);
});

it("open files and CPU time are held for each process, and SIGXCPU is known for what it is", () =>
  withMaster(
    "managed_processes:\n" +
      [
        limited(
          "files",
          ["sh", "-c", "ulimit -n; ulimit -v; exec sleep 100"],
          "{ process: { max_file_descriptors: 64 }, memory: { max_virtual: 2000000000 } }",
        ),
        limited("time", busy, "{ cpu: { max_time: 1s } }"),
        yamlUnit("flat", "", { control: [] }).replace(
          "      restart_policy",
          "      resource_limits: { max_memory_mb: 500, max_file_descriptors: 99 }\n      restart_policy",
        ),
      ].join("\n"),
    ({ control, directory }) =>
      Effect.gen(function* () {
        const log = Effect.sync(() => {
          const path = join(directory, "logs/files/stdout.log");
          return existsSync(path) ? readFileSync(path, "utf8") : "";
        });
        expect(yield* until(log, (text) => text.split("\n").length > 2)).toBe("64\n1953125\n");
        const seen = yield* until(unit(control, "time"), ({ state }) => state === "backoff");
        expect(seen.lastExit).toMatchObject({ signal: "SIGXCPU", because: "ended by the kernel: it has used up its cpu.max_time of 1 s" });
        expect(yield* heldBy(control, "flat")).toMatchObject({ "process.max_file_descriptors": "rlimit" });
      }),
  ));

it("a unit that the machine cannot give what it may have is not started, with the figures; it is when there is room", () => {
  const bound = Math.floor(totalmem() * 0.3);
  const never = (text: string): string => text.replace("strategy: always", "strategy: never");
  return withMaster(
    [
      "process_manager:\n  resources: { overcommit_threshold: 50, controllers: [] }\nmanaged_processes:",
      limited("first", ["sleep", "1000"], `{ memory: { max_rss: ${bound} } }`),
      never(limited("second", ["sleep", "1000"], `{ memory: { max_rss: ${bound} } }`)).replace(
        "id: second",
        "id: second\n    enabled: false",
      ),
    ].join("\n"),
    ({ control }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "first"), ({ state }) => state === "running");
        const refused = yield* Effect.flip(control.start("second"));
        expect(refused.message).toMatch(
          /it may have [\d.]+ [MGT]iB, and units that are up may have [\d.]+ [MGT]iB, together more than 50 % of the machine's [\d.]+ [MGT]iB/,
        );
        expect((yield* unit(control, "second")).pid).toBeNull();
        yield* control.stop("first");
        yield* control.start("second");
        expect((yield* unit(control, "second")).state).toBe("running");
      }),
  );
});
