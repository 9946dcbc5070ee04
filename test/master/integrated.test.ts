/** Integrated units: each has a port of its own, told at its end. */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Control } from "../../src/master/index.ts";
import { ready, until, unit, withMaster } from "./support.ts";

/** Says its arguments and stays. */
const teller = (id: string, args = "[-c, 'echo \"$@\"; exec sleep 600', unit, --quiet]"): string =>
  `  - { id: ${id}, type: integrated_managed, management: { control: { executable: sh, arguments: ${args} },
      restart_policy: { strategy: always, restart_delay: 10ms } } }`;

const said = (control: Control["Service"], id: string, lines: number) =>
  until(
    Effect.map(Stream.runCollect(control.logs({ unit: id, follow: false, lines: 100 })), (all) => all.map(({ text }) => text)),
    (all) => all.length >= lines,
  );

it("each integrated unit gets --port N behind its arguments and nothing else; no two have the same", () =>
  withMaster(`managed_processes:\n${["a", "b", "c", "d", "e"].map((id) => teller(id)).join("\n")}\n`, ({ control }) =>
    Effect.gen(function* () {
      const { units } = yield* control.status;
      for (const { id, port } of units) expect(yield* said(control, id, 1)).toEqual([`--quiet --port ${port}`]);
      expect(new Set(units.map(({ port }) => port)).size).toBe(5);
    }),
  ));

it("a unit that starts again has a new port, one that is stopped has none", () =>
  withMaster(`managed_processes:\n${teller("a")}\n`, ({ control }) =>
    Effect.gen(function* () {
      const first = (yield* unit(control, "a")).port;
      yield* said(control, "a", 1);
      const second = (yield* control.restart("a")).port;
      expect(yield* said(control, "a", 2)).toEqual([`--quiet --port ${first}`, `--quiet --port ${second}`]);
      expect(yield* control.stop("a")).not.toHaveProperty("port");
      expect(yield* control.start("a")).toMatchObject({ state: "running", port: expect.any(Number) });
    }),
  ));

it("a managed unit has no port", () =>
  withMaster(`managed_processes:\n${teller("a").replace("integrated", "standard")}\n`, ({ control }) =>
    Effect.gen(function* () {
      expect(yield* unit(control, "a")).not.toHaveProperty("port");
      expect(yield* said(control, "a", 1)).toEqual(["--quiet"]);
    }),
  ));

describe("a stop", () => {
  const reluctant = (flags = ""): string => {
    const args = JSON.stringify([resolve("test/integrated/fixtures/reluctant.ts"), ...(flags === "" ? [] : [flags])]);
    return `managed_processes:
  - id: a
    type: integrated_managed
    management: { control: { executable: ${process.execPath}, arguments: ${args}, shutdown_timeout: 2s } }
`;
  };

  it("asks a unit that serves hsu.unit.v1 to end by itself, and sends SIGTERM at half of its time", () =>
    withMaster(reluctant(), ({ control }) =>
      Effect.gen(function* () {
        yield* ready(control, "a");
        expect(yield* control.describe("a")).toMatchObject({ own: { state: "running", message: "", logLevel: "info" } });
        expect(yield* control.stop("a")).toMatchObject({ state: "stopped", lastExit: { code: 0, signal: null } });
        expect(yield* said(control, "a", 3)).toEqual(["ready", "asked: stopped by its master", "SIGTERM"]);
      }),
    ));

  it("of a unit whose port does not answer sends SIGTERM all the same, in time", () =>
    withMaster(reluctant("--deaf"), ({ control }) =>
      Effect.gen(function* () {
        yield* ready(control, "a");
        expect(yield* control.describe("a")).not.toHaveProperty("own");
        expect(yield* control.stop("a")).toMatchObject({ state: "stopped", lastExit: { code: 0, signal: null } });
        expect(yield* said(control, "a", 2)).toEqual(["ready", "SIGTERM"]);
      }),
    ));
});
