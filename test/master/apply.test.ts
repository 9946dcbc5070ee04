import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import type { MasterSpec } from "../../src/unit/UnitSpec.ts";
import { eventsOf, type Running, running, unit, until, withMaster } from "./support.ts";

const unitsOf = (...units: ReadonlyArray<string>): string => `managed_processes:\n${units.join("\n")}\n`;

/** A unit that sleeps; another time is another process. */
const sleeper = (id: string, seconds = 60, more = "", management = ""): string =>
  `- { id: ${id}, ${more} management: { ${management} control: { executable: sleep, arguments: ["${seconds}"] } } }`;

const specOf = ({ directory }: Running, text: string): MasterSpec => Result.getOrThrow(parse(text, join(directory, "hsu.yaml"))).spec;

const pidsOf = (units: ReadonlyArray<UnitStatus>) => Object.fromEntries(units.map(({ id, pid }) => [id, pid]));
const ids = (units: ReadonlyArray<UnitStatus>) => units.map(({ id, state }) => `${id} ${state}`);
const isAlive = (pid: number | null): boolean => {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("adds, removes and restarts what the plan says, in the order of the new file; the others keep their process", () =>
  withMaster(unitsOf(sleeper("same"), sleeper("goes"), sleeper("other")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const before = pidsOf((yield* control.status).units);
      const next = specOf(master, unitsOf(sleeper("new"), sleeper("other", 61), sleeper("same")));
      const { plan, revision } = yield* control.apply(next, "apply");
      const after = (yield* control.status).units;
      expect(ids(after)).toStrictEqual(["new running", "other running", "same running"]);
      expect(pidsOf(after)["same"]).toBe(before["same"]);
      expect(pidsOf(after)["other"]).not.toBe(before["other"]);
      expect(isAlive(before["goes"]!)).toBe(false);
      expect(plan.changes.map(({ action, id }) => `${action} ${id}`)).toStrictEqual([
        "change units",
        "add new",
        "restart other",
        "remove goes",
      ]);
      expect(revision).toBe(2);
      expect((yield* control.tree).children.at(-1)!.children.map(({ id }) => id)).toStrictEqual(["new", "other", "same"]);
      expect((yield* control.apply(next, "apply")).plan.changes).toStrictEqual([]);
    }),
  ));

it("changes restart and stop in place, and what comes up later has it as well", () =>
  withMaster(unitsOf(sleeper("a")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const { pid } = yield* running(control, "a");
      const text = unitsOf(sleeper("a", 60, "", "restart_policy: never,"));
      const { plan } = yield* control.apply(specOf(master, text), "apply");
      expect(plan.changes.map(({ action }) => action)).toStrictEqual(["change"]);
      expect((yield* unit(control, "a")).pid).toBe(pid);
      process.kill(pid!, "SIGKILL");
      const ended = yield* until(unit(control, "a"), ({ state }) => state === "failed");
      expect(ended.restarts).toBe(0);
    }),
  ));

it("new groups, groups that go, and units that move between them", () =>
  withMaster(unitsOf(sleeper("a"), `- { id: old, children: [ ${sleeper("b").slice(2)} ] }`), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const before = pidsOf((yield* control.status).units);
      const inner = `{ id: inner, strategy: one_for_all, children: [ ${sleeper("b").slice(2)}, ${sleeper("c").slice(2)} ] }`;
      yield* control.apply(specOf(master, unitsOf(sleeper("a"), `- { id: outer, children: [ ${inner} ] }`)), "apply");
      const after = (yield* control.status).units;
      expect(ids(after)).toStrictEqual(["a running", "b running", "c running"]);
      expect(after.map(({ groups }) => groups.join("/"))).toStrictEqual(["units", "units/outer/inner", "units/outer/inner"]);
      expect(pidsOf(after)["a"]).toBe(before["a"]);
      // The new group is a group like any other: one that fails takes the other with it.
      const [, b, c] = after;
      process.kill(b!.pid!, "SIGKILL");
      yield* until(control.status, ({ units }) => units.every(({ state }) => state === "running") && pidsOf(units)["c"] !== c!.pid);
    }),
  ));

it("what was stopped by hand stays so, what is disabled is stopped, what is enabled is started, what has failed is tried again", () =>
  withMaster(
    unitsOf(sleeper("held"), sleeper("off"), sleeper("on", 60, "enabled: false,"), sleeper("failed", -1, "", "restart_policy: never,")),
    (master) =>
      Effect.gen(function* () {
        const { control } = master;
        yield* control.stop("held");
        yield* until(unit(control, "failed"), ({ state }) => state === "failed");
        const next = unitsOf(sleeper("held", 61), sleeper("off", 60, "enabled: false,"), sleeper("on"), sleeper("failed", 60));
        yield* control.apply(specOf(master, next), "apply");
        expect(ids((yield* control.status).units)).toStrictEqual(["held stopped", "off stopped", "on running", "failed running"]);
      }),
  ));

it("who needs a unit that is restarted is stopped before it and comes back behind it, once", () =>
  withMaster(unitsOf(sleeper("db"), sleeper("web", 60, "requires: [db],")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      yield* running(control, "web");
      yield* control.apply(specOf(master, unitsOf(sleeper("db", 61), sleeper("web", 61, "requires: [db],"))), "apply");
      const units = yield* until(control.status, (status) => status.units.every(({ state }) => state === "running"));
      expect(ids(units.units)).toStrictEqual(["db running", "web running"]);
      const begun = (yield* eventsOf(control)).filter(({ path, type }) => path.at(-1) === "web" && type === "started");
      expect(begun).toHaveLength(2);
    }),
  ));

it("an apply that fails goes back: all is as it was, and who was not touched has not noticed", () =>
  withMaster(unitsOf(sleeper("same"), sleeper("changes"), sleeper("goes")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const spec = yield* control.spec;
      const before = pidsOf((yield* control.status).units);
      const broken = "- { id: broken, management: { control: { executable: ./missing } } }";
      const error = yield* Effect.flip(control.apply(specOf(master, unitsOf(sleeper("same"), sleeper("changes", 61), broken)), "apply"));
      expect(error).toMatchObject({ _tag: "ApplyFailed", code: "HSU-APL-001", left: [] });
      expect(error.message).toContain("broken");
      const after = (yield* control.status).units;
      expect(ids(after)).toStrictEqual(["same running", "changes running", "goes running"]);
      expect(pidsOf(after)["same"]).toBe(before["same"]);
      expect(yield* control.spec).toStrictEqual(spec);
      expect((yield* control.revisions).map(({ how }) => how)).toStrictEqual(["start"]);
      expect((yield* eventsOf(control)).map(({ type }) => type)).toEqual(expect.arrayContaining(["apply_failed", "rolled_back"]));
    }),
  ));

it("revisions are kept, and a rollback is one more", () =>
  withMaster(unitsOf(sleeper("a")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      yield* control.apply(specOf(master, unitsOf(sleeper("a"), sleeper("b"))), "apply");
      const { revision } = yield* control.rollback(null);
      expect(revision).toBe(3);
      expect(ids((yield* control.status).units)).toStrictEqual(["a running"]);
      expect((yield* control.revisions).map(({ how, summary, units }) => [how, summary, units])).toStrictEqual([
        ["start", "", 1],
        ["apply", "1 added, 1 untouched", 2],
        ["rollback to revision 1", "1 removed, 1 untouched", 1],
      ]);
      expect(yield* Effect.flip(control.rollback(9))).toMatchObject({ code: "HSU-APL-002", kept: [1, 3] });
    }),
  ));

it("a probe comes, changes and goes while the process goes on", () =>
  withMaster(unitsOf(sleeper("a")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      const { pid } = yield* running(control, "a");
      const probed = (command: string) =>
        specOf(master, unitsOf(sleeper("a", 60, "", `probes: { readiness: { exec: { command: ${command} }, interval: 20ms } },`)));
      yield* control.apply(probed('"false"'), "apply");
      const unready = yield* until(unit(control, "a"), ({ ready }) => !ready);
      yield* control.apply(probed('"true"'), "apply");
      const ready = yield* until(unit(control, "a"), ({ health }) => health === "healthy");
      yield* control.apply(specOf(master, unitsOf(sleeper("a"))), "apply");
      const plain = yield* until(unit(control, "a"), ({ health }) => health === null);
      expect([unready.pid, ready.pid, plain.pid]).toStrictEqual([pid, pid, pid]);
      expect([ready.ready, plain.ready]).toStrictEqual([true, true]);
    }),
  ));

it("of several instances one is restarted when the one before it is ready", () =>
  withMaster(unitsOf(sleeper("web", 60, "count: 3,", "probes: { readiness: { exec: { command: 'true' }, interval: 20ms } },")), (master) =>
    Effect.gen(function* () {
      const { control } = master;
      // The event comes behind what it tells of.
      const isUp = (events: ReadonlyArray<{ readonly type: string; readonly path: ReadonlyArray<string> }>) =>
        new Set(events.filter(({ type }) => type === "ready").map(({ path }) => path.at(-1))).size === 3;
      const since = (yield* until(eventsOf(control), isUp)).length;
      const next = sleeper("web", 61, "count: 3,", "probes: { readiness: { exec: { command: 'true' }, interval: 20ms } },");
      yield* control.apply(specOf(master, unitsOf(next)), "apply");
      const told = Effect.map(eventsOf(control), (events) =>
        events.slice(since).flatMap(({ path, type }) => (type === "stopping" || type === "ready" ? [`${path.at(-1)} ${type}`] : [])),
      );
      const seen = yield* until(told, (lines) => lines.length === 6);
      expect(seen).toStrictEqual(["web-0", "web-1", "web-2"].flatMap((id) => [`${id} stopping`, `${id} ready`]));
    }),
  ));
