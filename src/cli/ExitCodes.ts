/**
 * What each exit code says: for the help and the manual.
 */
import { ExitCode } from "./ExitCode.ts";

export const exitCodes: ReadonlyArray<readonly [code: number, meaning: string]> = [
  [ExitCode.ok, "done"],
  [ExitCode.failed, "failed"],
  [ExitCode.usage, "wrong usage, or a config that is not valid or not found; plan --detailed-exitcode: there are changes"],
  [ExitCode.notRunning, "no master is running; status: a unit that should run does not"],
  [ExitCode.unknownUnit, "no unit of that name"],
  [ExitCode.deadline, "--timeout has passed"],
  [126, "exec: the command cannot be run"],
  [127, "exec: there is no such command"],
  [ExitCode.interrupted, "interrupted (Ctrl-C)"],
  [ExitCode.terminated, "ended by SIGTERM"],
];

/** Verbs whose exit code is that of a process. */
export const passedOn = "exec and wait --for=exit end with the exit code of the process, or 128 and the number of its signal.";
