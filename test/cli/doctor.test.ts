import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkup, type Found } from "../../src/cli/Checkup.ts";
import { hsu, testIo } from "./testIo.ts";

const found: Found = {
  node: "24.0.0",
  version: "0.1.0",
  state: {
    path: "/state",
    machine: {
      folder: { path: "/state", writable: true, freeBytes: 10e9 },
      controllers: { memory: 2, cpu: 2, pids: 2, io: 2 },
      openFiles: 65_536,
      inotify: { instances: 128, watches: 65_536 },
      libc: null,
    },
  },
  runtime: { path: "/run/master.sock", writable: true },
  master: { pid: 7, version: "0.1.0", wrong: [] },
  config: { file: "/hsu.yaml", errors: 0, warnings: 0 },
};
const machine = (other: Partial<Found["state"]["machine"]>): Found => ({
  ...found,
  state: { path: "/state", machine: { ...found.state.machine, ...other } },
});

describe("what is made of what was found", () => {
  it("all is well", () => {
    expect(checkup(found).filter(({ hint, verdict }) => verdict !== "ok" || hint !== undefined)).toEqual([]);
  });

  it.each<[string, Found, "warn" | "fail", RegExp]>([
    ["master", { ...found, master: "it does not answer" }, "fail", /does not answer/],
    ["master", { ...found, master: { pid: 7, version: "0.0.9", wrong: [] } }, "warn", /0\.0\.9; this is 0\.1\.0/],
    ["master", { ...found, master: { pid: 7, version: "0.1.0", wrong: ["web", "db"] } }, "warn", /web, db/],
    ["config", { ...found, config: null }, "warn", /none/],
    ["config", { ...found, config: { file: "/a.yaml", errors: 2, warnings: 1 } }, "fail", /2 errors/],
    ["config", { ...found, config: { file: "/a.yaml", errors: 0, warnings: 1 } }, "warn", /1 warning$/],
    ["state", machine({ folder: { path: "/", writable: false, freeBytes: 10e9 } }), "fail", /cannot be written to/],
    ["socket", { ...found, runtime: { path: "/run/master.sock", writable: false } }, "fail", /cannot be written to/],
    ["disk", machine({ folder: { path: "/state", writable: true, freeBytes: 499e6 } }), "warn", /^499 MB/],
    [
      "control groups",
      machine({ controllers: { memory: null, cpu: 1, pids: 2, io: null } }),
      "warn",
      /^cpu \(v1\), pids \(v2\); .*memory, io$/,
    ],
    ["control groups", machine({ controllers: { memory: null, cpu: null, pids: null, io: null } }), "warn", /^none; /],
    ["open files", machine({ openFiles: 1024 }), "warn", /1024/],
    ["inotify", machine({ inotify: { instances: 128, watches: 100 } }), "warn", /100 watches/],
    ["C library", machine({ libc: "no such module" }), "warn", /no such module/],
  ])("%s: %#", (check, given, verdict, text) => {
    expect(checkup(given).filter((each) => each.verdict !== "ok")).toEqual([
      { check, verdict, found: expect.stringMatching(text), hint: expect.stringMatching(/./) },
    ]);
  });

  it("what the system does not tell is not spoken of", () => {
    const { controllers: _none, ...rest } = found.state.machine;
    const silent = { ...rest, folder: { ...rest.folder, freeBytes: null }, openFiles: null, inotify: { instances: null, watches: null } };
    const checks = checkup({ ...found, state: { path: "/state", machine: silent } }).map(({ check }) => check);
    expect(checks).toEqual(["hsu", "master", "config", "state", "socket", "C library"]);
  });
});

describe("hsu doctor", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hsu-doctor-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("looks at this machine, and makes nothing", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        writeFileSync(join(folder, "hsu.yaml"), "managed_processes: [{ id: web, management: { control: { executable: sleep } } }]\n");
        const io = testIo(folder);
        expect(yield* hsu(io, "doctor")).toBe(0);
        expect(io.out()).toMatch(
          new RegExp(`^ok    hsu +0\\.1\\.0, Node ${process.versions.node}\nok    master +none runs\nok    config +${folder}/hsu\\.yaml\n`),
        );
        const broken = testIo(folder);
        writeFileSync(join(folder, "hsu.yaml"), "managed: []\n");
        expect(yield* hsu(broken, "doctor", "-o", "json")).toBe(1);
        expect(JSON.parse(broken.out())).toContainEqual({
          check: "config",
          verdict: "fail",
          found: `${folder}/hsu.yaml: 1 error`,
          hint: `\`hsu validate ${folder}/hsu.yaml\``,
        });
      }),
    ));
});
