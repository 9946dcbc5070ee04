/**
 * The verbs that change a tree, against a fake master and against files.
 */
import * as Effect from "effect/Effect";
import * as Fs from "node:fs";
import * as Path from "node:path";
import { expect, test } from "vitest";
import { RevisionNotFound } from "../../src/protocol/PlanRpc.ts";
import { folder, hsu, master, scoped, testIo } from "./testIo.ts";

const unit = (id: string, more = ""): string => `- id: ${id}\n  management: { control: { executable: x${more} } }\n`;

const setup = Effect.gen(function* () {
  const path = yield* folder;
  const server = yield* master(path);
  const io = testIo(path);
  const file = (name: string, ...units: ReadonlyArray<string>): string => {
    const at = Path.join(path, name);
    Fs.writeFileSync(at, `managed_processes:\n${units.join("")}`);
    return at;
  };
  return { server, io, file };
});

test("limits that are others are told one by one", () =>
  scoped(
    Effect.gen(function* () {
      const { file, io } = yield* setup;
      const limited = (limits: string): string => `- id: a\n  management: { limits: ${limits}, control: { executable: x } }\n`;
      const before = file("old.yaml", limited("{ memory: { max_rss: 1048576 }, cpu: { max_cores: 1 }, process: { max_processes: 9 } }"));
      const after = file(
        "new.yaml",
        limited("{ memory: { max_rss: 2097152, policy: log }, cpu: { max_cores: 1 }, io: { max_read_bps: 1024 } }"),
      );
      expect(yield* hsu(io, "plan", "--from", before, after)).toBe(0);
      expect(io.out().split("\n").slice(0, 2)).toEqual([
        "~ change  unit a in units: its process goes on",
        "    memory.max_rss: 1.0MiB restart → 2.0MiB log, process.max_processes: 9 throttle → (none), io.max_read_bps: (none) → 1.0KiB/s throttle",
      ]);
    }),
  ));

test("plan compares with the master, or with another file, key by key", () =>
  scoped(
    Effect.gen(function* () {
      const { file, io } = yield* setup;
      const before = file("old.yaml", unit("a"), unit("b"));
      const after = file("new.yaml", unit("a", ", shutdown_timeout: 90s, environment: { PORT: 80 }"), unit("c"));
      expect(yield* hsu(io, "plan", "--from", before, after)).toBe(0);
      expect(io.out()).toBe(
        [
          "~ change  group units: its units go on",
          "    children: +c -b",
          "± restart unit a in units: it is another process",
          "    environment.PORT: (none) → 80",
          "    shutdown_timeout: 10s → 1m30s",
          "+ add     unit c in units: it is new",
          "- remove  unit b in units: it is not there any more",
          "",
          "1 added, 1 removed, 1 restarted, 0 untouched",
          "",
        ].join("\n"),
      );
      expect(yield* hsu(io, "plan", "--detailed-exitcode", "--from", before, after)).toBe(2);
      expect(yield* hsu(io, "plan", "--detailed-exitcode", "--from", before, before)).toBe(0);
      expect(yield* hsu(io, "plan", after)).toBe(0);
      expect(io.out()).toContain("2 added, 0 untouched");
    }),
  ));

test("a config that is not valid is 2, and 1 where 2 means changes; nothing is asked of the master", () =>
  scoped(
    Effect.gen(function* () {
      const { file, io, server } = yield* setup;
      const broken = file("broken.yaml", "- id: a\n");
      expect(yield* hsu(io, "plan", broken)).toBe(2);
      expect(yield* hsu(io, "plan", "--detailed-exitcode", broken)).toBe(1);
      expect(yield* hsu(io, "apply", broken)).toBe(2);
      expect(server.calls).toEqual([]);
    }),
  ));

test("convert writes HSU's own dialect to stdout, and what is wrong to stderr", () =>
  scoped(
    Effect.gen(function* () {
      const { file, io } = yield* setup;
      const old = file("old.yaml");
      Fs.writeFileSync(old, "workers: # all of them\n- id: a\n  unit: {managed: {control: {execution: {executable_path: x}}}}\n");
      expect(yield* hsu(io, "convert", old)).toBe(0);
      expect(io.out()).toBe(
        "managed_processes:\n  # all of them\n  - id: a\n    management:\n      control: {executable: x, shutdown_timeout: 20s}\n      restart_policy: on_failure\n",
      );
      expect(yield* hsu(io, "convert", file("broken.yaml", "- id: a\n"))).toBe(2);
      expect(io.err()).toContain("HSU-CFG-006");
      expect(yield* hsu(io, "convert", "nowhere.yaml")).toBe(2);
      expect(io.err()).toContain("HSU-CFG-001");
    }),
  ));

test("apply, history, diff and rollback ask the master", () =>
  scoped(
    Effect.gen(function* () {
      const { file, io, server } = yield* setup;
      const at = file("hsu.yaml", unit("a"));
      expect(yield* hsu(io, "apply", at)).toBe(0);
      expect(yield* hsu(io, "history")).toBe(0);
      expect(yield* hsu(io, "diff", "1")).toBe(0);
      expect(yield* hsu(io, "rollback", "1")).toBe(0);
      expect(yield* hsu(io, "rollback")).toBe(0);
      expect(server.calls).toEqual([`apply apply ${at}`, "rollback 1", "rollback null"]);
      expect(io.out()).toContain("REVISION  TIME");
      expect(yield* hsu(io, "diff", "9")).toBe(1);
      expect(io.err()).toContain("there is no revision 9 [HSU-APL-002]");
      expect(yield* hsu(io, "diff", "x")).toBe(2);
    }),
  ));

test("where no config came before the one that runs, that is what is said", () => {
  const error = new RevisionNotFound({ revision: 0, kept: [1, 1] });
  expect(error.message).toBe("there is no config before the one that runs");
  expect(error.hint).not.toContain("0");
});
