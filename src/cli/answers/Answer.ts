/**
 * What a verb that only asks makes of what it was told. Pure, and without Effect: both the full client and the thin one show it.
 */
import type { ExitCode } from "../ExitCode.ts";
import type { Paint } from "../render/paint.ts";

export interface Answer {
  /** For programs: what `-o json` and `-o yaml` print. */
  readonly data: unknown;
  /** For people, and for `-o name`. */
  readonly text: () => string;
  /** Lines for stderr. */
  readonly talk: ReadonlyArray<string>;
  readonly exitCode: ExitCode;
}

/** For whom it is. */
export interface Reader {
  readonly output: string | undefined;
  readonly isTTY: boolean;
  readonly paint: Paint;
}
