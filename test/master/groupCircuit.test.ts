import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { running, unit, until, withMaster, yamlUnit } from "./support.ts";

it("a group whose circuit breaker is open says so in the tree", () => {
  const text = [
    "managed_processes:",
    "  - id: pair",
    "    strategy: one_for_all",
    "    intensity: 1",
    "    period: 1h",
    "    when_exceeded: open_circuit",
    "    cooldown: 1h",
    "    stable: 10ms",
    "    children:",
    yamlUnit("a", "", { indent: 6 }),
    yamlUnit("b", "", { indent: 6 }),
  ].join("\n");
  return withMaster(text, ({ control }) =>
    Effect.gen(function* () {
      const stateOfPair = Effect.map(
        control.tree,
        ({ children }) => children.flatMap((child) => child.children).find(({ id }) => id === "pair")?.state,
      );
      for (const round of [1, 2]) {
        expect(yield* stateOfPair).toBe("running");
        const { pid } = yield* running(control, "a");
        process.kill(pid!, "SIGKILL");
        yield* until(unit(control, "a"), ({ restarts }) => restarts === round);
        if (round === 1) yield* running(control, "b");
      }
      yield* until(stateOfPair, (state) => state === "circuit open");
      yield* until(unit(control, "b"), ({ pid }) => pid === null);
    }),
  );
});
