/**
 * What units read: a FIFO each, which a unit has open in both directions. So it neither ends nor breaks when nobody writes to it, or a master dies.
 */
import { closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { makeFifo, Paths } from "../../platform/index.ts";
import type { InputClosed } from "../Driver.ts";

const nobody: InputClosed = { _tag: "InputClosed", reason: "nobody reads what it is told" };

const isFifo = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;

export interface Inputs {
  /** A descriptor for the standard input of a process; whoever has it closes it. */
  readonly open: (id: string) => Effect.Effect<number, Paths.DirectoryError>;
  readonly write: (id: string, data: Uint8Array) => Effect.Effect<void, InputClosed>;
}

export const make = (stateDirectory: string): Inputs => {
  const folder = join(stateDirectory, "stdin");
  const pathOf = (id: string): string => join(folder, Paths.fileName(id));
  return {
    open: (id) =>
      Effect.flatMap(Paths.ensurePrivate(folder), () =>
        Effect.try({
          try: () => {
            const path = pathOf(id);
            if (!isFifo(path)) {
              rmSync(path, { force: true });
              makeFifo(path);
            }
            return openSync(path, constants.O_RDWR);
          },
          catch: (cause) =>
            new Paths.DirectoryError({
              reason: "NotMade",
              path: pathOf(id),
              errno: (cause as NodeJS.ErrnoException).code ?? String(cause),
            }),
        }),
      ),
    write: (id, data) =>
      Effect.callback((resume) => {
        let descriptor: number;
        try {
          // Without a reader this fails at once.
          descriptor = openSync(pathOf(id), constants.O_WRONLY | constants.O_NONBLOCK);
        } catch {
          return resume(Effect.fail(nobody));
        }
        if (data.length === 0) {
          closeSync(descriptor);
          return resume(Effect.void);
        }
        const pipe = new Socket({ fd: descriptor, readable: false, writable: true });
        pipe.on("error", () => resume(Effect.fail(nobody)));
        pipe.write(data, (error) => {
          pipe.destroy();
          resume(error === null || error === undefined ? Effect.void : Effect.fail(nobody));
        });
        return Effect.sync(() => pipe.destroy());
      }),
  };
};
