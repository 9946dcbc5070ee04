import { expect, it } from "vitest";
import { readRankTable } from "./ranks.ts";
import { show, violations } from "./rules.ts";

const ranks = readRankTable(`
| rank | room | what lives there |
| --- | --- | --- |
| 0 | \`actor/\` | |
| 0 | \`platform/\` | |
| 0 | \`protocol/\` | |
| 1 | \`logs/\` \`store/\` | |
| 2 | \`unit/\` | |
| 3 | \`bin/\` | |
| – | \`ui/\` | |
| – | \`testing/\` | |
`);
const header = "/** A room. It may import lower rooms. Its name never changes. */\nexport {};";

/** One file in an otherwise clean tree, and what the rules say about it. */
const judge = (file: string, source: string): ReadonlyArray<string> => {
  const rooms = [...ranks.keys(), file.split("/")[1] ?? ""].map((room) => [`src/${room}/index.ts`, header] as const);
  return violations(new Map([...rooms, [file, source]]), ranks).map(show);
};

it("lets a room import lower rooms, itself, packages and deep modules of effect", () => {
  const source = `
    import type { A } from "../logs/A.ts";
    import * as Effect from "effect/Effect";
    import * as Rpc from "effect/rpc/Rpc";
    import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
    import { B } from "./B.ts";
    import { parse } from "yaml";
    export * from "../actor/index.ts";
    const note = "see /proc, ask child_process";
    await import("../platform/linux/Proc.ts");`;
  expect(judge("src/unit/Unit.ts", source)).toEqual([]);
  expect(judge("src/testing/Probe.ts", `import "../unit/Unit.ts"; import "../actor/index.ts"`)).toEqual([]);
  expect(judge("src/platform/linux/Spawn.ts", `import "node:child_process"; process.kill(1, "SIGTERM"); f("/proc/1/stat")`)).toEqual([]);
  expect(judge("src/bin/hsu.ts", `import { version } from "../../package.json" with { type: "json" }`)).toEqual([]);
  expect(judge("src/ui/App.ts", `import type { Status } from "../protocol/Status.ts"`)).toEqual([]);
});

it.each([
  ["a higher room", "src/logs/A.ts", `import { U } from "../unit/Unit.ts";`, "rank: ../unit/Unit.ts"],
  ["a room of the same rank", "src/logs/A.ts", `import { S } from "../store/S.ts";`, "rank: ../store/S.ts"],
  ["a higher room's type", "src/logs/A.ts", `import type { U } from "../unit/Unit.ts";`, "rank: ../unit/Unit.ts"],
  ["a higher room, written inline as a type", "src/logs/A.ts", `type U = import("../unit/Unit.ts").U;`, "rank: ../unit/Unit.ts"],
  ["a higher room, re-exported", "src/logs/A.ts", `export { U } from "../unit/Unit.ts";`, "rank: ../unit/Unit.ts"],
  ["a higher room, re-exported whole", "src/logs/A.ts", `export * from "../unit/Unit.ts";`, "rank: ../unit/Unit.ts"],
  ["a higher room, when it runs", "src/logs/A.ts", `await import("../unit/Unit.ts");`, "rank: ../unit/Unit.ts"],
  ["a higher room from a deep folder", "src/logs/a/b/A.ts", `import "../../../unit/Unit.ts";`, "rank: ../../../unit/Unit.ts"],
  ["another room from the actor core", "src/actor/A.ts", `import { P } from "../platform/P.ts";`, "actor alone: ../platform/P.ts"],
  ["node from the actor core", "src/actor/A.ts", `import "node:fs";`, "actor alone: node:fs"],
  ["a package from the actor core", "src/actor/A.ts", `import "yaml";`, "actor alone: yaml"],
  ["processes outside of platform/", "src/unit/U.ts", `import "node:child_process";`, "platform only: node:child_process"],
  ["processes through require", "src/unit/U.ts", `require("child_process");`, "platform only: child_process"],
  ["processes as a builtin", "src/unit/U.ts", `process.getBuiltinModule("node:child_process");`, "platform only: node:child_process"],
  ["signals outside of platform/", "src/unit/U.ts", `process.kill(1);`, "platform only: process.kill"],
  ["signals, written sideways", "src/unit/U.ts", `process["kill"](1);`, "platform only: process.kill"],
  ["/proc outside of platform/", "src/unit/U.ts", `read("/proc/self/stat");`, "platform only: /proc/self/stat"],
  ["/proc in a template", "src/unit/U.ts", "read(`/proc/${pid}/stat`);", "platform only: /proc/"],
  ["effect's barrel", "src/unit/U.ts", `import { Effect } from "effect";`, "barrel: effect"],
  ["a barrel below effect", "src/unit/U.ts", `import { Rpc } from "effect/rpc";`, "barrel: effect/rpc"],
  ["platform-node's barrel", "src/unit/U.ts", `import { N } from "@effect/platform-node";`, "barrel: @effect/platform-node"],
  ["the test kit", "src/unit/U.ts", `import { P } from "../testing/Probe.ts";`, "testing: ../testing/Probe.ts"],
  ["anything but protocol/ from ui/", "src/ui/App.ts", `import { A } from "../actor/Actor.ts";`, "ui: ../actor/Actor.ts"],
  ["the repository around src/", "src/unit/U.ts", `import "../../test/x.ts";`, "outside src: ../../test/x.ts"],
  ["the manifest outside of bin/", "src/unit/U.ts", `import p from "../../package.json";`, "outside src: ../../package.json"],
  ["the package by its name", "src/unit/U.ts", `import "hsu/testing";`, "own name: hsu/testing"],
])("does not let a room use %s", (_, file, source, expected) => {
  expect(judge(file, source)).toEqual([`${file}:1 ${expected}`]);
});

it("does not let a name be computed", () => {
  expect(judge("src/unit/U.ts", "\nawait import(`../${room}/index.ts`);")).toEqual([
    "src/unit/U.ts:2 computed name: import(`../${room}/index.ts`);",
  ]);
  expect(judge("src/unit/ModuleHost.ts", "await import(url);")).toEqual([]);
});

it("knows a room without a row and a file outside of the rooms", () => {
  expect(judge("src/misc/M.ts", "")).toEqual(["src/misc:1 unknown room: no row in docs/architecture"]);
  expect(violations(new Map([["src/main.ts", ""]]), ranks).map(show)).toEqual(["src/main.ts:1 unknown room: no row in docs/architecture"]);
});

it("wants a header in each room's index.ts", () => {
  const complaint = ["src/unit/index.ts:1 header: must open by saying what the room is for, may import and never changes"];
  expect(judge("src/unit/index.ts", "export {};")).toEqual(complaint);
  expect(judge("src/unit/index.ts", "/** Units. */")).toEqual(complaint);
  expect(violations(new Map([["src/unit/U.ts", ""]]), ranks).map(show)).toEqual(complaint);
});

it("reads no table out of a page without one, nor a broken row", () => {
  expect(() => readRankTable("# Rooms")).toThrow("no table");
  expect(() => readRankTable("| rank | room |\n| --- | --- |\n| one | `actor/` |")).toThrow("not a row");
  expect(() => readRankTable("| rank | room |\n| --- | --- |\n| 1 | `a/` |\n| 2 | `a/` |")).toThrow("two rows");
});
