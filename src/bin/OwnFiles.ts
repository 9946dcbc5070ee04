/**
 * The files of this program, held while its master runs: a package manager may put another version in their place at any time, and what this one has not
 * loaded by then (how it ends, how it hands over) would not be there any more.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";

/** Another version: what is missing by its name is read from what is held. Only now, as Node loads 5 MB for it. */
const readHeld = async (folder: string, held: ReadonlyMap<string, number>): Promise<void> => {
  const [{ registerHooks }, { pathToFileURL }] = await Promise.all([import("node:module"), import("node:url")]);
  const at = new Map(Array.from(held, ([name, file]) => [pathToFileURL(join(folder, name)).href, { name, file }]));
  const isGone = (url: string): boolean => {
    const found = at.get(url);
    return found !== undefined && !existsSync(join(folder, found.name));
  };
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = URL.canParse(specifier, context.parentURL) ? new URL(specifier, context.parentURL).href : specifier;
      return isGone(url) ? { url, format: "module", shortCircuit: true } : next(specifier, context);
    },
    load: (url, context, next) => {
      const found = at.get(url);
      return found !== undefined && isGone(url)
        ? { format: "module", source: readFileSync(found.file), shortCircuit: true }
        : next(url, context);
    },
  });
};

/** Holds the chunks of the program in `folder`. They are named after what is in them, so that one of another version has another name. */
export const hold = (folder: string): void => {
  const held = new Map<string, number>();
  try {
    const names = readdirSync(folder).filter((name) => /-[\w-]{8}\.mjs$/.test(name));
    const [first] = names;
    if (first === undefined) return;
    // Before they are opened: what becomes of them from now on is heard of.
    const watcher = watch(folder, { persistent: false }, () => {
      if (existsSync(join(folder, first))) return;
      watcher.close();
      void readHeld(folder, held);
    });
    // Who cannot be watched is not helped, and nothing else is wrong.
    watcher.on("error", () => watcher.close());
    for (const name of names) held.set(name, openSync(join(folder, name), "r"));
  } catch {
    // Out of descriptors or of watches: the units need them more.
    for (const file of held.values()) closeSync(file);
    held.clear();
  }
};
