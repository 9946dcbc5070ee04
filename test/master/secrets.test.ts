import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { expect, it } from "vitest";
import { unit, until, withMaster } from "./support.ts";

const unitWith = (secrets: string): string => `
managed_processes:
- id: a
  management:
    control: { executable: sh, arguments: [-c, 'echo "got $T $U"; exec sleep 60'], environment: ${secrets} }
    restart_policy: { strategy: always, restart_delay: 20ms, max_attempts: 100 }
`;

it("a secret is read when the process starts, and shown nowhere; one that is not there is a failed start, tried again", () =>
  withMaster(unitWith("{ T: { file: token }, U: { env: HSU_TEST_SECRET } }"), ({ control, directory }) =>
    Effect.gen(function* () {
      const failed = yield* until(unit(control, "a"), ({ restarts }) => restarts > 0);
      expect(failed.pid).toBeNull();
      process.env["HSU_TEST_SECRET"] = "from-environment";
      writeFileSync(join(directory, "token"), "from-file\n", { mode: 0o600 });
      yield* until(unit(control, "a"), ({ state }) => state === "running");
      const lines = yield* until(Stream.runCollect(control.logs({ unit: "a", follow: false, lines: 10 })), (found) => found.length > 0);
      expect(lines.map(({ text }) => text)).toContain("got from-file from-environment");
      const shown = JSON.stringify([yield* control.status, yield* control.spec, yield* control.describe("a"), yield* control.revisions]);
      expect(shown).not.toMatch(/from-file|from-environment/);
      delete process.env["HSU_TEST_SECRET"];
    }),
  ));
