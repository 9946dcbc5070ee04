/**
 * What the process says to the shell at its end.
 */
import { constants } from "node:os";
import type { EndSignal } from "./Io.ts";

export const ExitCode = {
  ok: 0,
  failed: 1,
  /** Wrong usage, or a config that is not valid. */
  usage: 2,
  /** No master is running; for `status`: a unit that should run does not. */
  notRunning: 3,
  /** No unit of that name. */
  unknownUnit: 4,
  deadline: 124,
  /** SIGINT (128 + 2). */
  interrupted: 130,
  /** SIGTERM (128 + 15). */
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** 128 and the signal's number, as shells have it. A terminal that has gone counts as an interrupt. */
export const exitCodeOf = (signal: EndSignal): ExitCode => (signal === "SIGTERM" ? ExitCode.terminated : ExitCode.interrupted);

const numbers: Readonly<Record<string, number>> = constants.signals;

/** Of a process whose end becomes ours: the shell's way, where a signal has a number of its own. */
export const exitCodeLike = ({ code, signal }: { readonly code: number | null; readonly signal: string | null }): ExitCode =>
  (code ?? 128 + (numbers[signal ?? ""] ?? 0)) as ExitCode;
