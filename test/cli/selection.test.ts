import { expect, it } from "vitest";
import { verdict } from "../../src/cli/Awaited.ts";
import { select } from "../../src/cli/Selection.ts";
import type { UnitState, UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { unit } from "../api/fakeControl.ts";

const of = (id: string, state: UnitState, more: Partial<UnitStatus> = {}): UnitStatus => unit(id, { state, ...more });
const units = [
  of("web", "running"),
  of("worker-1", "stopped"),
  of("worker-2", "failed"),
  of("worker-10", "backoff"),
  of("off", "stopped", { reason: "disabled" }),
  of("migrate", "completed", { groups: ["units", "jobs"] }),
  of("front", "running", { groups: ["units", "jobs"] }),
];
const chosen = (command: string, ...words: ReadonlyArray<string>) =>
  select(command, words, units).map((each) => (typeof each === "string" ? each : `? ${each.unit} ~ ${each.nearest}`));

it("a word is a unit first, then all, a pattern, or a group; each unit is meant once", () => {
  expect(chosen("signal", "web", "web", "worker-1")).toEqual(["web", "worker-1"]);
  // A unit and a group have the name.
  expect(chosen("restart", "front")).toEqual(["front"]);
  expect(chosen("reset-failed", "jobs")).toEqual(["migrate", "front"]);
  expect(chosen("reset-failed", "worker-?", "worker-*")).toEqual(["worker-1", "worker-2", "worker-10"]);
  expect(chosen("reset-failed", "w.b", "(", "*.*")).toEqual(["? w.b ~ web", "? ( ~ null", "? *.* ~ null"]);
  expect(chosen("stop", "jbos")).toEqual(["? jbos ~ jobs"]);
});

it("of many that nobody has named, those are commanded for which it makes sense", () => {
  expect(chosen("start", "all")).toEqual(["worker-1", "worker-2"]);
  expect(chosen("stop", "all")).toEqual(["web", "worker-10", "front"]);
  expect(chosen("restart", "worker-*")).toEqual(["worker-10"]);
  expect(chosen("start", "off", "migrate")).toEqual(["off", "migrate"]);
  expect(chosen("start", "jobs")).toEqual([]);
});

it("what is waited for is so, not yet, or never", () => {
  const exits = (at: number) => ({ code: 1, signal: null, at });
  const table = [
    ["ready", of("a", "running", { ready: false }), "notYet"],
    ["ready", of("a", "running"), "yes"],
    ["ready", of("a", "completed", { ready: false }), "yes"],
    ["ready", of("a", "backoff", { ready: false }), "notYet"],
    ["ready", of("a", "failed", { ready: false }), "never"],
    ["running", of("a", "starting"), "notYet"],
    ["running", of("a", "running", { ready: false }), "yes"],
    ["running", of("a", "stopped"), "never"],
    ["healthy", of("a", "running", { health: "unhealthy" }), "notYet"],
    ["healthy", of("a", "running", { health: "healthy" }), "yes"],
    ["healthy", of("a", "running", { health: null }), "never"],
    ["completed", of("a", "running"), "notYet"],
    ["completed", of("a", "completed"), "yes"],
    ["completed", of("a", "failed"), "never"],
    ["stopped", of("a", "stopping"), "notYet"],
    ["stopped", of("a", "failed"), "yes"],
    ["exit", of("a", "running", { lastExit: exits(1) }), "notYet"],
    ["exit", of("a", "running", { lastExit: exits(2) }), "yes"],
    ["exit", of("a", "stopped", { lastExit: exits(1) }), "yes"],
  ] as const;
  const first = of("a", "running", { lastExit: exits(1) });
  expect(table.map(([condition, now]) => verdict(condition, now, first))).toEqual(table.map(([, , wanted]) => wanted));
});
