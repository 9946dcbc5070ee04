/**
 * master/: the root of the tree.
 *
 * For: starting a tree of units in this process, and `Control`, each operation on it once.
 * May import: config/ and every room below; never api/ or above: what serves `Control` is handed in as a `Service`.
 * Never changes: what the master runs are children of one root; stopping is in reverse order and has a deadline; a master that has ended
 * has left nobody behind.
 */
export { define, type GroupOptions, type MasterOptions, millis, type UnitOptions } from "../config/code/Define.ts";
export { toYaml } from "../config/code/Write.ts";
export { Control } from "./Control.ts";
export { type EmbedOptions, layer, layerFile, layerText } from "./Embed.ts";
export { MasterStartError, start } from "./Master.ts";
export type { Options, Service, Within } from "./Options.ts";
