/**
 * All that a verb may touch of the process it runs in, so that it can be run without one.
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import type { Explained, OutputClosed } from "./Errors.ts";

/** A stream to write text to. */
export interface Output {
  readonly isTTY: boolean;
  /** Of the terminal, at this moment; 80 by 24 where there is none. */
  readonly columns: number;
  readonly rows: number;
  /** Completes when the text has been taken; fails when nobody will ever read it. */
  readonly write: (text: string | Uint8Array) => Effect.Effect<void, OutputClosed>;
}

export interface Input {
  readonly isTTY: boolean;
  /** What comes, as fast as it is taken. Read once. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** Each key as it is pressed, and none that means something to the terminal. */
  readonly raw: (on: boolean) => void;
}

/** Signals that ask the process to end. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Runs a master in this process: all its units are started and its socket answers when it returns, all is stopped when the scope ends. */
export type StartMaster = (
  spec: MasterSpec,
  options: { readonly socketPath: string; readonly stateDirectory: string },
) => Effect.Effect<Control["Service"], Explained, Scope.Scope>;

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  /** All of stdin, as text. */
  readonly readStdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly version: string;
  /** Calls back for each such signal instead of ending the process; gives back what stops that. */
  readonly onSignal: (handler: (signal: EndSignal) => void) => () => void;
  /** The same for any signals. */
  readonly hear: (signals: ReadonlyArray<NodeJS.Signals>, handler: (signal: NodeJS.Signals) => void) => () => void;
  readonly startMaster: StartMaster;
  /** The command that runs this very program again: `[process.execPath, …, process.argv[1]]`. */
  readonly self: ReadonlyArray<string>;
}
