/** The `hsu` program with its ends in a test's hands, and with a terminal where one is given. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { inject } from "vitest";
import { attend, type Attended } from "../../src/platform/Attended.ts";
import type { Home } from "./program.ts";

interface Terminal {
  readonly rows: number;
  readonly columns: number;
}

/** `more`: of the environment. */
export const attended = (
  { folder }: Home,
  tty: Terminal | null,
  args: ReadonlyArray<string>,
  more: Readonly<Record<string, string>>,
): Promise<Attended> =>
  Effect.runPromise(
    attend({
      executable: process.execPath,
      args: [inject("builtProgram"), ...args],
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HSU_RUNTIME_DIR: join(folder, "run"), HSU_TEST_MARK: folder, HOME: folder, ...more },
      tty,
      beside: null,
    }),
  );
