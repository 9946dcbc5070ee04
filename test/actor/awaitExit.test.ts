import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { CrashReport, DynamicSupervisor, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { Script, worker, Worker } from "./actors.ts";

describe("the end of a supervisor", () => {
  it.effect("is waited for by who holds its ref: when it gives up, and when it is stopped", () =>
    Effect.gen(function* () {
      const spec = worker("child");
      const supervisor = yield* Supervisor.start({ intensity: 0, children: [spec] });
      const end = yield* Effect.forkChild(supervisor.awaitExit, { startImmediately: true });
      supervisor.ref(spec).cast("Die");
      assert.match(ExitReason.format(yield* Fiber.join(end)), /more than 0 restarts/);
      assert.strictEqual(ExitReason.format(yield* supervisor.awaitExit), "no such actor");

      const dynamic = yield* DynamicSupervisor.start(Worker);
      yield* dynamic.startChild(new Script());
      const stopped = yield* Effect.forkChild(dynamic.awaitExit, { startImmediately: true });
      yield* dynamic.stop;
      assert.strictEqual(ExitReason.format(yield* Fiber.join(stopped)), "shutdown");
    }).pipe(Effect.scoped, CrashReport.silent),
  );
});
