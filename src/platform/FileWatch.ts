/**
 * Files that are watched for what they hold: the kernel tells of each change in their folders, which also sees an editor put another file in the place of
 * one, and a link that leads elsewhere now. Nothing runs while nothing changes.
 */
import { existsSync, type FSWatcher, readdirSync, realpathSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

/** From a change until it is looked at; and who writes a file in parts is waited for as long as two looks differ. */
const settleMillis = 150;

/** What tells one state of a file, or of the names in a folder, from another. */
const signatureOf = (path: string): string => {
  try {
    const stat = statSync(path, { bigint: true });
    if (stat.isDirectory()) return readdirSync(path).sort().join("/");
    return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(" ");
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
};

/** The folders in which something happens when a path becomes another one: those that there are. */
const foldersOf = (path: string): ReadonlyArray<string> => {
  const real = existsSync(path) ? realpathSync(path) : path;
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return [dirname(path), isFolder ? real : dirname(real)].map((folder) => {
    let there = folder;
    while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
    return there;
  });
};

export interface FileWatch {
  /** From now on these, as they are now; those that were watched before, as they were when that was last told. */
  readonly follow: (paths: Iterable<string>) => void;
  /** Begins to tell of changes, those included that there were since `follow`. */
  readonly start: () => void;
  readonly close: () => void;
}

/** `changed` is called when something is other than before, and has come to rest. */
export const watchFiles = (changed: () => void): FileWatch => {
  const folders = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>();
  /** As it was when it was read last. */
  let known = new Map<string, string>();
  let before = "";
  let timer: NodeJS.Timeout | null = null;
  let isOn = false;
  const soon = (): void => {
    timer ??= setTimeout(look, settleMillis).unref();
  };
  const look = (): void => {
    timer = null;
    renew();
    const now = new Map(Array.from(known.keys(), (path) => [path, signatureOf(path)]));
    const seen = [...now.values()].join("\n");
    if (seen !== before) {
      before = seen;
      return soon();
    }
    if ([...now].every(([path, signature]) => known.get(path) === signature)) return;
    known = now;
    changed();
  };
  /** A folder that was removed and made again is another one. */
  const renew = (): void => {
    if (!isOn) return;
    const wanted = new Set(Array.from(known.keys(), foldersOf).flat());
    for (const [folder, { inode, watcher }] of folders) {
      if (wanted.has(folder) && statSync(folder, { throwIfNoEntry: false })?.ino === inode) continue;
      watcher.close();
      folders.delete(folder);
    }
    for (const folder of wanted) {
      if (folders.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, soon).on("error", soon);
        folders.set(folder, { watcher, inode: statSync(folder).ino });
      } catch {
        // It has gone in this moment, which its parent tells.
        soon();
      }
    }
  };
  return {
    follow: (paths) => {
      known = new Map(Array.from(new Set(paths), (path) => [path, known.get(path) ?? signatureOf(path)]));
      renew();
      if (isOn) soon();
    },
    start: () => {
      isOn = true;
      renew();
      soon();
    },
    close: () => {
      isOn = false;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      for (const { watcher } of folders.values()) watcher.close();
      folders.clear();
    },
  };
};
