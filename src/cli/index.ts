/**
 * The cli room: the command line of `hsu`.
 *
 * For: `bin/`, which gives it the process it runs in, and tests, which give it none.
 * May import: every room but `bin`. A verb's parts are imported when the verb runs, so that `hsu --help` loads next to nothing.
 * Never changes: data goes to stdout and talk to stderr; exit codes keep their meaning; wrong usage is one line and one hint; a verb that only
 * looks never starts a master. `render/` makes text and does nothing, `verbs/` does and makes no text, `Verbs.ts` says once what can be typed.
 */
export { run } from "./Main.ts";
export type { Explained } from "./Errors.ts";
export { OutputClosed } from "./Errors.ts";
export { ExitCode } from "./ExitCode.ts";
export type { EndSignal, Io, Output, StartMaster } from "./Io.ts";
export { nodeIo } from "./NodeIo.ts";
