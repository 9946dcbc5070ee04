/** Units that are alike, one after the other. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { type Running, unit, until, withMaster } from "./support.ts";

/** Four that can be used while there is a file of each, and one that needs all of them. */
const config = (seconds: number, more = ""): string => `
managed_processes:
- id: web
  count: 4
  ${more}
  management:
    control: { executable: sleep, arguments: ["${seconds}"] }
    probes: { readiness: { exec: { command: test, args: [-e, "ready-{index}"] }, interval: 250ms, timeout: 240ms, failure_threshold: 3 } }
- id: proxy
  requires: [web]
  management: { control: { executable: sleep, arguments: ["60"] } }
`;

const allow = ({ directory }: Running, ...indexes: ReadonlyArray<number>): void => {
  for (const index of indexes) writeFileSync(join(directory, `ready-${index}`), "");
};
const forbid = ({ directory }: Running, index: number): void => rmSync(join(directory, `ready-${index}`));

const pidsOf = ({ control }: Running) =>
  Effect.map(control.status, ({ units }) => Object.fromEntries(units.map(({ id, pid }) => [id, pid])) as Record<string, number>);
const allReady = ({ control }: Running) => until(control.status, ({ units }) => units.every(({ ready }) => ready));
const isReady = ({ control }: Running, id: string, ready = true) => until(unit(control, id), (seen) => seen.ready === ready);
const apply = (master: Running, text: string) =>
  Effect.forkChild(master.control.apply(Result.getOrThrow(parse(text, join(master.directory, "hsu.yaml"))).spec, "apply"));

it("who cannot be used goes first; no more than max_unavailable are out at a time, and who needs them goes on", () =>
  withMaster(config(60, "max_unavailable: 2"), (master) =>
    Effect.gen(function* () {
      allow(master, 0, 1, 2, 3);
      yield* allReady(master);
      const before = yield* pidsOf(master);
      forbid(master, 2);
      yield* isReady(master, "web-2", false);
      forbid(master, 0);
      yield* isReady(master, "web-0", false);
      const applying = yield* apply(master, config(61, "max_unavailable: 2"));
      // Both that were out are restarted, and are not back.
      yield* until(pidsOf(master), (now) => now["web-0"] !== before["web-0"] && now["web-2"] !== before["web-2"]);
      expect(yield* pidsOf(master)).toMatchObject({ "web-1": before["web-1"], "web-3": before["web-3"] });
      allow(master, 2);
      // One has room then.
      const third = yield* until(pidsOf(master), (now) => now["web-1"] !== before["web-1"] || now["web-3"] !== before["web-3"]);
      expect(third["web-0"]).not.toBe(before["web-0"]);
      allow(master, 0);
      yield* Fiber.join(applying);
      const after = yield* pidsOf(master);
      expect(["web-0", "web-1", "web-2", "web-3"].filter((id) => after[id] === before[id])).toEqual([]);
      expect(after["proxy"]).toBe(before["proxy"]);
    }),
  ));

it("a rolling restart tells each as it is back, and waits for one that is out for other reasons", () =>
  withMaster(config(60), (master) =>
    Effect.gen(function* () {
      allow(master, 0, 1, 2, 3);
      yield* allReady(master);
      const before = yield* pidsOf(master);
      const rolled = yield* Stream.runCollect(master.control.roll(["web"]));
      expect(rolled.map(({ id, ready, state }) => `${id} ${state} ${ready}`)).toEqual(
        [0, 1, 2, 3].map((index) => `web-${index} running true`),
      );
      const after = yield* pidsOf(master);
      expect(["web-0", "web-1", "web-2", "web-3", "proxy"].filter((id) => after[id] === before[id])).toEqual(["proxy"]);

      forbid(master, 3);
      yield* isReady(master, "web-3", false);
      const waiting = yield* Effect.forkChild(Stream.runCollect(master.control.roll(["web-0"])));
      // It had the time to be restarted ten times over.
      yield* master.control.restart("proxy");
      expect((yield* pidsOf(master))["web-0"]).toBe(after["web-0"]);
      allow(master, 3);
      expect((yield* Fiber.join(waiting)).map(({ id }) => id)).toEqual(["web-0"]);

      // Who was stopped by hand is not waited for, and stays so.
      yield* master.control.stop("web-3");
      expect((yield* Stream.runCollect(master.control.roll(["web-1", "web-2"]))).map(({ id }) => id)).toEqual(["web-1", "web-2"]);
      expect((yield* unit(master.control, "web-3")).state).toBe("stopped");
    }),
  ));

it("the first that does not come back ends it, and the others are left as they are", () =>
  withMaster(
    `
managed_processes:
- id: web
  count: 3
  management:
    control: { executable: sh, arguments: [-c, "[ ! -e broken ] || exit 1; exec sleep 60"] }
    restart_policy: { strategy: on_failure, restart_delay: 10s, max_delay: 10s }
    probes: { startup: { exec: { command: sh, args: [-c, "[ ! -e broken ]"] }, interval: 500ms, timeout: 450ms, failure_threshold: 2 } }
`,
    (master) =>
      Effect.gen(function* () {
        yield* allReady(master);
        const before = yield* pidsOf(master);
        writeFileSync(join(master.directory, "broken"), "");
        const error = yield* Effect.flip(Stream.runCollect(master.control.roll(["web"])));
        expect(error).toMatchObject({ _tag: "StartFailed", unit: "web-0" });
        expect(yield* pidsOf(master)).toMatchObject({ "web-1": before["web-1"], "web-2": before["web-2"] });
        expect(yield* Effect.flip(Stream.runCollect(master.control.roll(["wob"])))).toMatchObject({ _tag: "UnitNotFound" });
      }),
  ));
