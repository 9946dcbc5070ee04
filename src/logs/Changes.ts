/**
 * Changes in a folder, told by the kernel (inotify, FSEvents): nothing is asked again and again.
 */
import { type FSWatcher, watch } from "node:fs";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";

/** `waits` returns at once when there was a change since `seen`. */
export interface Changes {
  readonly seen: () => void;
  readonly waits: Effect.Effect<void>;
}

export const changesOf = (directory: string): Effect.Effect<Changes, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync((): Changes & { readonly watcher: FSWatcher } => {
      let changed = true;
      let wake = () => {};
      const watcher = watch(directory, () => {
        changed = true;
        wake();
      });
      // The folder is gone: its files are still open, there is only nothing more to be told.
      watcher.on("error", () => {});
      return {
        watcher,
        seen: () => void (changed = false),
        waits: Effect.callback((resume) => {
          if (changed) return resume(Effect.void);
          wake = () => resume(Effect.void);
          return undefined;
        }),
      };
    }),
    ({ watcher }) => Effect.sync(() => watcher.close()),
  );
