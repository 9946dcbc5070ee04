/**
 * A mistake planted for each guarantee of the strategies, and found: the property over trees would be worth nothing if it were not.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import type * as Intensity from "../../src/actor/RestartIntensity.ts";
import type * as Decisions from "../../src/actor/Strategy.ts";
import { ActorCell } from "../../src/actor/internal/actorCell.ts";
import { Children } from "../../src/actor/internal/children.ts";
import { GroupRunner } from "../../src/actor/internal/groupRunner.ts";
import { SupervisorCell } from "../../src/actor/internal/supervisorCell.ts";
import { findDifference } from "./treeProperty.ts";

/** What takes the place of the pure decisions while a mistake is planted. */
const planted = vi.hoisted(() => ({
  affected: null as null | ((strategy: string, position: number, count: number) => readonly [number, number]),
  shouldRestart: null as null | ((restart: string, reason: { readonly _tag: string }) => boolean | undefined),
  limit: (limit: Intensity.RestartIntensity): Intensity.RestartIntensity => limit,
}));

vi.mock(import("../../src/actor/Strategy.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    affected: (...args: Parameters<typeof Decisions.affected>) => planted.affected?.(...args) ?? real.affected(...args),
    shouldRestart: (...args: Parameters<typeof Decisions.shouldRestart>) => planted.shouldRestart?.(...args) ?? real.shouldRestart(...args),
  };
});
vi.mock(import("../../src/actor/RestartIntensity.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    makeWindow: (limit: Intensity.RestartIntensity, before?: Intensity.RestartWindow) => real.makeWindow(planted.limit(limit), before),
  };
});

// A mistake reaches into what is private, by name.
type Anything = any; // oxlint-disable-line typescript/no-explicit-any -- what is private has no type here
type Any = Record<string, Anything>;
type Method = (...args: Array<Anything>) => Anything;
/** Replaces a method by what is made of it, until the end of the test. */
const patch = (owner: object, name: string, make: (real: Method) => (this: Any, ...args: Array<Anything>) => Anything): void => {
  const real = (owner as Any)[name] as Method;
  (owner as Any)[name] = make(real);
  undo.push(() => ((owner as Any)[name] = real));
};
const undo: Array<() => void> = [];

afterEach(() => {
  for (const back of undo.splice(0)) back();
  planted.affected = planted.shouldRestart = null;
  planted.limit = (limit) => limit;
});

/** The children in the opposite order, while `real` looks at them. */
const mirrored = (real: Method) =>
  function (this: Any, op: { readonly from: number }) {
    const children = this["children"] as Children;
    const at = children.at.bind(children);
    children.at = (position) => at(op.from + children.length - 1 - position);
    try {
      return real.call(this, op);
    } finally {
      Reflect.deleteProperty(children, "at");
    }
  };

const bugs: Readonly<Record<string, () => void>> = {
  "one_for_one restarts the child alone": () =>
    patch(
      SupervisorCell.prototype,
      "restartAlone",
      () =>
        function (child) {
          this["restartGroup"](child.position, child, 0);
        },
    ),
  "one_for_all restarts all": () => (planted.affected = (strategy, at, count) => [strategy === "one_for_one" ? 0 : at, count]),
  "rest_for_one leaves those before alone": () => (planted.affected = (_, __, count) => [0, count]),
  "a group stops in reverse order": () => patch(GroupRunner.prototype, "advanceStop", mirrored),
  "a group starts in order": () => patch(GroupRunner.prototype, "advanceStart", mirrored),
  "nothing of a group starts before all of it has stopped": () =>
    patch(
      GroupRunner.prototype,
      "advanceStop",
      (real) =>
        function (op) {
          const done = real.call(this, op) as boolean;
          const child = this["children"].at(op.cursor);
          if (done || this["stopReason"] !== null || child === undefined || child.state !== "stopping") return done;
          op.cursor--;
          return true;
        },
    ),
  "a temporary child is never restarted": () =>
    (planted.shouldRestart = (restart, { _tag }) => (restart === "temporary" ? _tag === "Error" : undefined)),
  "a transient child is restarted after an abnormal end": () =>
    (planted.shouldRestart = (restart) => (restart === "transient" ? false : undefined)),
  "a transient child is not restarted after a normal end": () =>
    (planted.shouldRestart = (restart) => (restart === "transient" ? true : undefined)),
  "a transient child is not restarted after a shutdown": () =>
    (planted.shouldRestart = (restart, { _tag }) => (restart === "transient" ? _tag !== "Normal" : undefined)),
  "a permanent child is always restarted": () =>
    (planted.shouldRestart = (restart, { _tag }) => (restart === "permanent" ? _tag !== "Normal" : undefined)),
  "a kill is abnormal": () => (planted.shouldRestart = (restart, { _tag }) => (restart === "transient" ? _tag === "Error" : undefined)),
  "the intensity is exact: not one more": () =>
    (planted.limit = ({ intensity, periodMillis }) => ({ intensity: intensity === "infinity" ? intensity : intensity + 1, periodMillis })),
  "the intensity is exact: not one less": () =>
    (planted.limit = ({ intensity, periodMillis }) => ({
      intensity: intensity === "infinity" ? intensity : Math.max(0, intensity - 1),
      periodMillis,
    })),
  "restarts leave the window after the period": () =>
    (planted.limit = ({ intensity, periodMillis }) => ({ intensity, periodMillis: periodMillis * 100 })),
  "restarts stay in the window for the whole period, its end included": () =>
    (planted.limit = ({ intensity, periodMillis }) => ({ intensity, periodMillis: periodMillis - 1 })),
  "the window is a new one with each incarnation of the supervisor": () =>
    patch(
      SupervisorCell.prototype,
      "start",
      (real) =>
        function () {
          const before = this["window"] as object;
          const first = this["incarnation"] === 0;
          real.call(this);
          if (!first) this["window"] = before;
        },
    ),
  "any_significant ends with the first": () =>
    patch(
      SupervisorCell.prototype,
      "endsWith",
      (real) =>
        function (child) {
          const spec = this["spec"] as Any;
          this["spec"] = { ...spec, autoShutdown: spec["autoShutdown"] === "any_significant" ? "all_significant" : spec["autoShutdown"] };
          real.call(this, child);
          this["spec"] = spec;
        },
    ),
  "all_significant ends with the last": () => patch(SupervisorCell.prototype, "hasSignificant", () => () => false),
  "only significant children count": () =>
    patch(
      SupervisorCell.prototype,
      "endsWith",
      (real) =>
        function (child) {
          const spec = child.spec as Any;
          child.spec = Object.create(spec, { significant: { value: true } });
          real.call(this, child);
          child.spec = spec;
        },
    ),
  "what was terminated and held stays down when its group restarts": () =>
    patch(
      GroupRunner.prototype,
      "restartGroup",
      (real) =>
        function (...args) {
          for (const child of this["children"].list()) child.held = false;
          real.apply(this, args);
        },
    ),
  "what was terminated comes back with its group": () =>
    patch(
      GroupRunner.prototype,
      "restartGroup",
      (real) =>
        function (...args) {
          const down = (this["children"] as Children).list().filter(({ state, wanted }) => state === "down" && !wanted);
          for (const child of down) child.held = true;
          real.apply(this, args);
        },
    ),
  "a temporary child that has ended is forgotten": () => patch(SupervisorCell.prototype, "forgets", () => () => false),
  "a transient child that has ended is kept": () =>
    patch(
      SupervisorCell.prototype,
      "forgets",
      () =>
        function (child) {
          return child.spec.restart !== "permanent";
        },
    ),
  "each start is one more incarnation": () =>
    patch(
      ActorCell.prototype,
      "start",
      (real) =>
        function () {
          const restarted = this["incarnation"] > 1;
          real.call(this);
          if (restarted) this["incarnation"]++;
        },
    ),
  "refs survive a restart of the supervisor": () =>
    patch(
      SupervisorCell.prototype,
      "addChildren",
      (real) =>
        function (specs) {
          this["kept"] = null;
          return real.call(this, specs);
        },
    ),
  "an exceeded limit stops all that is left, in reverse order": () =>
    patch(
      GroupRunner.prototype,
      "advanceStop",
      (real) =>
        function (op) {
          return this["stopReason"]?._tag === "Shutdown" && this["stopReason"].info !== undefined
            ? mirrored(real).call(this, op)
            : real.call(this, op);
        },
    ),
};

describe("a planted mistake is found", () => {
  it.each(Object.entries(bugs))("%s", async (_, plant) => {
    plant();
    expect(await findDifference(3000, 1)).not.toBeNull();
  });

  it("and none where none is planted", async () => {
    expect(await findDifference(1500, 1)).toBeNull();
  });
});
