/**
 * What is printed, or written to the file of `-O`.
 */
import * as Effect from "effect/Effect";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { CannotWrite, type OutputClosed } from "./Errors.ts";
import { type Invocation, print } from "./Invocation.ts";

/** Absolute; absent: stdout. */
export const of = ({ flags, io }: Invocation): string | undefined => {
  const given = flags["output-file"];
  return typeof given === "string" ? resolve(io.cwd, given) : undefined;
};

export const write = (invocation: Invocation, text: string): Effect.Effect<void, OutputClosed | CannotWrite> => {
  const file = of(invocation);
  if (file === undefined) return print(invocation, text);
  return Effect.try({
    try: () => writeFileSync(file, text, { flag: "wx" }),
    catch: (cause) => new CannotWrite({ file, reason: (cause as NodeJS.ErrnoException).code ?? String(cause) }),
  });
};
