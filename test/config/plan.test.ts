import * as fc from "fast-check";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { isEmpty, patch, plan, summary } from "../../src/config/plan/Plan.ts";
import type { GroupSpec, MasterSpec, UnitSpec } from "../../src/unit/UnitSpec.ts";

const compiled = (text: string): MasterSpec => Result.getOrThrow(parse(text, "/srv/hsu.yaml")).spec;

const unit = (id: string, control = "executable: x", more = ""): string =>
  `- id: ${id}\n  ${more === "" ? "" : `${more}\n  `}management: {control: {${control}}}\n`;
const file = (...units: ReadonlyArray<string>): MasterSpec => compiled(`managed_processes:\n${units.join("")}`);

const told = (from: MasterSpec, to: MasterSpec) =>
  plan(from, to).changes.map(({ action, because, id, keys }) => [action, id, keys.map(({ path }) => path.join(".")).join(" "), because]);

describe("a plan", () => {
  it("adds and removes, and tells of the list that it changes", () => {
    const changes = plan(file(unit("a"), unit("b")), file(unit("a"), unit("c")));
    expect(changes.changes.map(({ action, id, kind }) => [action, kind, id])).toStrictEqual([
      ["change", "group", "units"],
      ["add", "unit", "c"],
      ["remove", "unit", "b"],
    ]);
    expect(changes.unchanged).toBe(1);
    expect(summary(changes)).toBe("1 added, 1 removed, 1 untouched");
  });

  it("replaces the process where it would be another one", () => {
    expect(told(file(unit("a")), file(unit("a", "executable: x, arguments: [1], environment: {B: 2}")))).toStrictEqual([
      ["restart", "a", "args environment.B", "it is another process"],
    ]);
    expect(told(file(unit("a")), file(unit("a", "executable: x, start: oneshot")))).toStrictEqual([
      ["restart", "a", "startTimeoutMillis start", "start of a process cannot be changed while it runs"],
    ]);
  });

  it.each([
    ["shutdown_timeout: 1s", "stopTimeoutMillis"],
    ["stop_signal: INT", "stopSignal"],
    ["reload_signal: HUP", "reloadSignal"],
    ["startup_timeout: 1s", "startTimeoutMillis"],
  ])("changes %s in place", (control, key) => {
    expect(told(file(unit("a")), file(unit("a", `executable: x, ${control}`)))).toStrictEqual([
      ["change", "a", key, "its process goes on"],
    ]);
  });

  it("starts and stops what is enabled and disabled", () => {
    const off = unit("a", "executable: x", "enabled: false");
    expect(told(file(unit("a")), file(off))).toStrictEqual([["stop", "a", "enabled", "it has been disabled"]]);
    expect(told(file(off), file(unit("a")))).toStrictEqual([["start", "a", "enabled", "it has been enabled"]]);
  });

  it("restarts what moves to another group", () => {
    const grouped = "- id: g\n  children:\n  - id: a\n    management: {control: {executable: x}}\n";
    expect(told(file(unit("a")), file(grouped)).map(([action, id, , because]) => [action, id, because])).toStrictEqual([
      ["change", "units", "its units go on"],
      ["add", "g", "it is new"],
      ["restart", "a", "it moves from units to units/g"],
    ]);
  });

  it("takes a unit that becomes a group for two things", () => {
    const changes = told(file(unit("a")), file("- id: a\n  children:\n  - id: b\n    management: {control: {executable: x}}\n"));
    expect(changes.map(([action, id]) => [action, id])).toStrictEqual([
      ["add", "a"],
      ["add", "b"],
      ["remove", "a"],
    ]);
  });

  it("says what has to wait for the next start of the master", () => {
    const to = compiled("process_manager: {log_level: debug, force_shutdown_timeout: 1s}\nmanaged_processes: []\n");
    expect(told(compiled("managed_processes: []\n"), to)).toStrictEqual([
      ["change", "master", "forceShutdownTimeoutMillis", "it holds at once"],
      ["later", "master", "logLevel", "it holds from the next start of the master on: hsu upgrade"],
    ]);
  });
});

const flag = fc.boolean();
const id = fc.constantFrom("a", "b", "c", "d", "e", "f", "__proto__", "constructor");
const unitArb = (name: string): fc.Arbitrary<UnitSpec> =>
  fc.record({
    _tag: fc.constant("Unit" as const),
    id: fc.constant(name),
    kind: fc.constantFrom("managed" as const, "integrated" as const),
    enabled: flag,
    executable: fc.constantFrom("x", "y"),
    args: fc.array(fc.constantFrom("1", "2"), { maxLength: 2 }),
    workingDirectory: fc.constant("/"),
    environment: fc.dictionary(fc.constantFrom("A", "a.b", "__proto__"), fc.constantFrom("1", "2"), { maxKeys: 2 }),
    startTimeoutMillis: fc.constantFrom(1, 2),
    stopTimeoutMillis: fc.constantFrom(1, 2),
    stopSignal: fc.constantFrom("SIGTERM" as const, "SIGINT" as const),
    restart: fc.record({
      when: fc.constantFrom("always" as const, "never" as const),
      successExits: fc.constant([0]),
      delayMillis: fc.constantFrom(1, 2),
      multiplier: fc.constant(1),
      maxDelayMillis: fc.constant(1),
      resetAfterMillis: fc.constant(1),
      jitter: fc.constant(0),
    }),
    capture: fc.record({ stdout: flag, stderr: flag }),
  });

/** Each id at most once: the first entries at the top, the others in a group or two. */
const treeArb: fc.Arbitrary<MasterSpec> = fc
  .record({
    ids: fc.uniqueArray(id, { maxLength: 8 }),
    groups: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
    port: fc.option(fc.nat(9)),
  })
  .chain(({ groups, ids, port }) =>
    fc.tuple(...ids.map(unitArb)).map((units): MasterSpec => {
      const inGroup = (group: number) => units.filter((_, index) => groups[index] === group);
      const group = (name: string, children: GroupSpec["children"]): GroupSpec => ({
        _tag: "Group",
        id: name,
        strategy: "one_for_one",
        children,
      });
      const below = inGroup(2).length === 0 ? [] : [group("inner", inGroup(2))];
      const middle = inGroup(1).length + below.length === 0 ? [] : [group("outer", [...inGroup(1), ...below])];
      return {
        source: "x",
        logLevel: "info",
        ...(port === null ? {} : { port }),
        forceShutdownTimeoutMillis: 1,
        root: group("units", [...inGroup(0), ...middle]),
      };
    }),
  )
  // Without the null prototypes that fast-check likes to make.
  .map((tree) => structuredClone(tree));

describe("for any two trees", () => {
  it("a plan from one to itself is empty", () => {
    fc.assert(fc.property(treeArb, (tree) => isEmpty(plan(tree, structuredClone(tree)))));
  });

  it("a plan from one to the other makes the other of the one", () => {
    fc.assert(
      fc.property(treeArb, treeArb, (one, other) => {
        expect(patch(one, plan(one, other))).toStrictEqual(other);
      }),
    );
  });

  it("nobody is restarted whose spec is the same", () => {
    fc.assert(
      fc.property(treeArb, treeArb, (one, other) => {
        for (const { action, group, id: of, keys } of plan(one, other).changes) {
          if (action === "restart") expect(keys.length > 0 || group !== null).toBe(true);
          expect(of).not.toBe("");
        }
      }),
    );
  });
});
