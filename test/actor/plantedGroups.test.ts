/** Deaths in one instant and starts that fail against a model of the rules, and a mistake planted for each of these rules, which is found. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { GroupRunner } from "../../src/actor/internal/groupRunner.ts";
import { SupervisorCell } from "../../src/actor/internal/supervisorCell.ts";
import { findGroupDifference } from "./groupProperty.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- what is private has no type here
type Any = Record<string, any>;
type Method = (this: Any, ...args: Array<Any>) => unknown;

const patch = (owner: object, name: string, make: (real: Method) => Method): void => {
  const methods = owner as Record<string, Method>;
  const real = methods[name]!;
  vi.spyOn(methods, name).mockImplementation(make(real));
};

afterEach(() => {
  vi.restoreAllMocks();
});

/** Where a group's restart begins when it is a start that has failed. */
const retryFrom = (strategy: string, from: (culprit: number) => number): void =>
  patch(
    GroupRunner.prototype,
    "restartGroup",
    (real) =>
      function (begin, culprit, notBefore) {
        const failedStart = culprit["upSince"] === -1 && this["op"] !== null && !this["op"].stopping;
        const other = failedStart && this["spec"].strategy === strategy;
        return real.call(this, (other ? from(culprit["position"]) : begin) as never, culprit, notBefore);
      },
  );

const bugs: Readonly<Record<string, () => void>> = {
  "who dies while its group is stopped anyway has not failed once more": () =>
    patch(SupervisorCell.prototype, "isDueToStop", () => () => false),
  "when a start fails, one_for_all stops again those that it has started": () => retryFrom("one_for_all", (culprit) => culprit + 1),
  "when a start fails, rest_for_one goes on from the one that failed": () => retryFrom("rest_for_one", () => 0),
  "a start that fails is a failure, and counted": () =>
    patch(
      SupervisorCell.prototype,
      "isNotUp",
      (real) =>
        function (child, reason) {
          real.call(this, child, reason);
          child["restarts"]--;
        },
    ),
  "a start that fails is tried again": () =>
    patch(
      SupervisorCell.prototype,
      "isNotUp",
      (real) =>
        function (child, reason) {
          if (child["cell"].incarnation < 4) real.call(this, child, reason);
          else Object.assign(child, { wanted: false, state: "down" });
        },
    ),
  "each of those that die at once is restarted": () =>
    patch(
      SupervisorCell.prototype,
      "restartAlone",
      (real) =>
        function (child, delay) {
          const others = this["children"].list() as ReadonlyArray<Any>;
          if (!others.some((other) => other !== child && other["state"] === "waiting")) real.call(this, child, delay);
        },
    ),
};

describe("deaths in one instant, and starts that fail", () => {
  it("do what the model says: who is up, in which incarnation, after how many restarts, in which order", async () => {
    expect(await findGroupDifference(1500)).toBeNull();
  }, 60_000);

  it.each(Object.entries(bugs))("a planted mistake is found: %s", async (_, plant) => {
    plant();
    expect(await findGroupDifference(1500, 1)).not.toBeNull();
  });

  it("and none where none is planted", async () => {
    expect(await findGroupDifference(1500, 1)).toBeNull();
  });
});
