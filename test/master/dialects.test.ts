import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { running, unit, until, withMaster } from "./support.ts";

it("a unit with a path of Windows cannot start, and the rest runs", () =>
  withMaster(
    `
workers:
- id: windows
  type: managed
  unit:
    managed:
      metadata: { name: Windows }
      control: { execution: { executable_path: "C:\\\\Windows\\\\System32\\\\cmd.exe" }, context_aware_restart: { default: { max_retries: 0 } } }
- id: here
  type: managed
  unit:
    managed: { metadata: { name: Here }, control: { execution: { executable_path: sleep, args: ["60"] } } }
`,
    ({ control }) =>
      Effect.gen(function* () {
        const here = yield* running(control, "here");
        const windows = yield* until(unit(control, "windows"), ({ state }) => state !== "starting");
        expect(here.pid).not.toBeNull();
        expect(windows.pid).toBeNull();
        expect(["failed", "stopped", "backoff"]).toContain(windows.state);
      }),
  ));
