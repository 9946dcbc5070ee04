/**
 * Children whom an earlier program in this very process has started (see Replace.ts): the kernel keeps how they have ended for us, Node does not know them.
 */
import type { Signal } from "../Signal.ts";
import * as SignalNames from "../Signal.ts";
import * as Option from "effect/Option";
import type { ProcessExit } from "../Process.ts";

/** How `wait(2)` writes an end: an exit code in the second byte, or a signal in the first seven bits. */
export const exitFrom = (status: number): ProcessExit => {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, signal: null };
  const name: Signal | undefined = Option.getOrUndefined(SignalNames.fromNumber(signal));
  return { code: null, signal: name ?? `signal ${signal}` };
};

const noHang = 1;

/** Has the kernel forget a child of ours that has ended and that Node does not know; where that cannot be done its pid stays taken until we end. */
export const reapSoon = (pid: number): void => {
  import("koffi").then(
    ({ default: koffi }) => {
      const waitpid = koffi.load(null).func("int waitpid(int pid, void *status, int options)");
      waitpid(pid, null, noHang);
    },
    () => {},
  );
};
