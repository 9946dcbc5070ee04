/**
 * The `Io` of a real process.
 */
import * as Effect from "effect/Effect";
import { isatty, type WriteStream } from "node:tty";
import { OutputClosed } from "./Errors.ts";
import type { EndSignal, Io, Output, StartMaster } from "./Io.ts";

/** `process`, as verbs see it. From now on neither a closed pipe nor a terminal that has gone throws. */
export const nodeIo = (options: { readonly version: string; readonly startMaster: StartMaster }): Io => ({
  ...options,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  readStdin: async () => (await import("node:stream/consumers")).text(process.stdin),
  env: process.env,
  cwd: process.cwd(),
  uid: process.getuid?.() ?? 0,
  stdin: {
    isTTY: isatty(0),
    bytes: () => process.stdin,
    raw: (on) => void (isatty(0) && process.stdin.setRawMode(on)),
  },
  onSignal: (handler) => hear(endSignals, handler),
  hear,
  self: [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)],
});

const output = (stream: WriteStream & { readonly fd: number }): Output => {
  let closed = false;
  stream.on("error", () => {
    closed = true;
  });
  return {
    isTTY: isatty(stream.fd),
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
    write: (text) =>
      Effect.callback((resume) => {
        if (closed) return resume(Effect.fail(new OutputClosed()));
        stream.write(text, (error) => resume(error === null || error === undefined ? Effect.void : Effect.fail(new OutputClosed())));
      }),
  };
};

const endSignals: ReadonlyArray<EndSignal> = ["SIGINT", "SIGTERM", "SIGHUP"];

const hear = <Name extends NodeJS.Signals>(signals: ReadonlyArray<Name>, handler: (signal: Name) => void): (() => void) => {
  // Node tells a listener which signal it was.
  const listener = handler as (signal: NodeJS.Signals) => void;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
};
