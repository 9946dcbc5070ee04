/** Units that are started by the first call to them, and stopped when nobody calls them any more. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import type { Control } from "../../src/master/index.ts";
import { eventsOf, until, unit, withMaster } from "./support.ts";

const echo = resolve("examples/integrated-typescript/echo.ts");
const config = (onCall: string, executable = process.execPath): string => `managed_processes:
  - id: echo
    type: integrated_managed
    management:
      control: { executable: ${executable}, arguments: [${echo}], shutdown_timeout: 5s, on_call: ${onCall} }
`;
const call = (control: Control["Service"], method = "proto.EchoService/Echo", timeoutMillis = 15_000) =>
  Stream.runCollect(control.call({ unit: "echo", method, json: '{"message":"hi"}', timeoutMillis }));
const hi = [{ _tag: "Reply", json: '{"message":"hi"}' }];
const waiting = { state: "stopped", reason: "waits for a call", pid: null };

it("a unit on call is started by a call, and stopped when nobody has called it for its idle time", () =>
  withMaster(config("{ idle_timeout: 300ms }"), ({ control }) =>
    Effect.gen(function* () {
      expect(yield* unit(control, "echo")).toMatchObject(waiting);
      expect(yield* call(control)).toEqual(hi);
      const first = (yield* unit(control, "echo")).pid;
      expect(first).not.toBe(null);
      expect(yield* until(unit(control, "echo"), ({ state }) => state === "stopped")).toMatchObject({ ...waiting, lastExit: { code: 0 } });
      expect(yield* call(control)).toEqual(hi);
      expect((yield* unit(control, "echo")).pid).not.toBe(first);
    }),
  ));

it("a call that is open keeps it, however long", () =>
  withMaster(config("{ idle_timeout: 100ms }"), ({ control }) =>
    Effect.gen(function* () {
      const watching = yield* Effect.forkChild(
        Stream.runDrain(control.call({ unit: "echo", method: "grpc.health.v1.Health/Watch", json: "{}", timeoutMillis: 60_000 })),
      );
      yield* until(unit(control, "echo"), ({ state }) => state === "running");
      yield* call(control);
      const before = (yield* unit(control, "echo")).pid;
      yield* Effect.sleep(400);
      expect(yield* unit(control, "echo")).toMatchObject({ state: "running", pid: before });
      yield* Fiber.interrupt(watching);
      yield* until(unit(control, "echo"), ({ state }) => state === "stopped");
    }),
  ));

it("calls that come at once start it once, and all are answered", () =>
  withMaster(config("true"), ({ control }) =>
    Effect.gen(function* () {
      const all = yield* Effect.all(
        Array.from({ length: 5 }, () => call(control)),
        { concurrency: "unbounded" },
      );
      expect(all).toEqual([hi, hi, hi, hi, hi]);
      expect((yield* eventsOf(control)).filter(({ type }) => type === "started")).toHaveLength(1);
    }),
  ));

it("one that was stopped by hand stays down, and is on call again when it was started by hand", () =>
  withMaster(config("{ idle_timeout: 100ms }"), ({ control }) =>
    Effect.gen(function* () {
      yield* call(control);
      yield* control.stop("echo");
      expect(yield* Effect.flip(call(control))).toMatchObject({ _tag: "UnitNotRunning", state: "stopped" });
      yield* control.start("echo");
      expect(yield* call(control)).toEqual(hi);
      yield* until(unit(control, "echo"), ({ reason, state }) => state === "stopped" && reason === waiting.reason);
    }),
  ));

it("a start that fails is the caller's to hear, and the next call tries again", () =>
  withMaster(config("true", "/nonexistent"), ({ control }) =>
    Effect.gen(function* () {
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(yield* Effect.flip(call(control))).toMatchObject({ _tag: "StartFailed", reason: expect.stringContaining("/nonexistent") });
      }
    }),
  ));

it("a call that comes while it is being stopped for being idle waits for that, and starts it anew", () =>
  withMaster(config("{ idle_timeout: 1ms }"), ({ control }) =>
    Effect.gen(function* () {
      for (let round = 0; round < 3; round++) {
        expect(yield* call(control)).toEqual(hi);
        yield* until(unit(control, "echo"), ({ state }) => state !== "running");
      }
    }),
  ));
