import { chmodSync, chownSync, lchownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Paths } from "../../src/platform/index.ts";
import { temporaryFolder } from "./support.ts";

const everything = {
  HSU_RUNTIME_DIR: "/a",
  HSU_STATE_DIR: "/b",
  XDG_RUNTIME_DIR: "/c",
  XDG_STATE_HOME: "/d",
  HOME: "/home/me",
  TMPDIR: "/t",
};
const without = (...names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(everything).filter(([name]) => !names.includes(name)));

it("the runtime folder: ours, then XDG's, then root's, then a temporary one", () => {
  expect(Paths.runtimeDirectory(everything, 0)).toBe("/a");
  expect(Paths.runtimeDirectory({ HSU_RUNTIME_DIR: "here" }, 0)).toBe(join(process.cwd(), "here"));
  expect(Paths.runtimeDirectory(without("HSU_RUNTIME_DIR"), 0)).toBe("/c/hsu");
  expect(Paths.runtimeDirectory({ XDG_RUNTIME_DIR: "not/absolute", HSU_RUNTIME_DIR: "" }, 0)).toBe("/run/hsu");
  expect(Paths.runtimeDirectory({ TMPDIR: "/t" }, 1000)).toBe("/t/hsu-1000");
  expect(Paths.runtimeDirectory({}, 1000)).toBe("/tmp/hsu-1000");
  expect(Paths.socketPath(everything, 1000)).toBe("/a/master.sock");
});

it("the state folder: ours, then XDG's, then root's, then the home's", () => {
  expect(Paths.stateDirectory(everything, 0)).toBe("/b");
  expect(Paths.stateDirectory(without("HSU_STATE_DIR"), 0)).toBe("/d/hsu");
  expect(Paths.stateDirectory({ HOME: "/root" }, 0)).toBe("/var/lib/hsu");
  expect(Paths.stateDirectory({ HOME: "/home/me" }, 1000)).toBe("/home/me/.local/state/hsu");
});

const mode = (path: string) => statSync(path).mode & 0o777;

it.live("a private folder is made, and what was open is closed", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const path = join(folder, "a", "b");
    yield* Paths.ensurePrivate(path);
    expect([mode(join(folder, "a")), mode(path)]).toEqual([0o700, 0o700]);
    chmodSync(path, 0o777);
    yield* Paths.ensurePrivate(path);
    expect(mode(path)).toBe(0o700);
  }),
);

it.live("what is no folder is refused, and says so", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryFolder, "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below")]) {
      expect(yield* Effect.flip(Paths.ensurePrivate(path))).toMatchObject({ reason: "NotADirectory", code: "HSU-PATH-002", path });
    }
    expect(yield* Effect.flip(Paths.ensurePrivate("/proc/none/of/this"))).toMatchObject({ reason: "NotMade", code: "HSU-PATH-001" });
  }),
);

it.live.runIf(process.geteuid?.() === 0)("another user's folder is refused, behind one's own link too, and so is another user's link", () =>
  Effect.gen(function* () {
    const parent = yield* temporaryFolder;
    chmodSync(parent, 0o777);
    const theirs = join(parent, "theirs");
    mkdirSync(theirs);
    const ours = join(parent, "ours");
    mkdirSync(ours);
    chownSync(ours, 65_534, 65_534);
    symlinkSync(ours, join(parent, "link"));
    const asNobody = (path: string) =>
      Effect.acquireUseRelease(
        Effect.sync(() => process.seteuid?.(65_534)),
        () => Effect.flip(Paths.ensurePrivate(path)),
        () => Effect.sync(() => process.seteuid?.(0)),
      );
    symlinkSync(theirs, join(parent, "own link"));
    lchownSync(join(parent, "own link"), 65_534, 65_534);
    for (const path of [theirs, join(parent, "link"), join(parent, "own link")]) {
      expect(yield* asNobody(path)).toMatchObject({ reason: "NotOurs", code: "HSU-PATH-003" });
    }
  }),
);
