/**
 * The flags of verbs that follow something, over masters.
 */
import type { FlagSpec } from "./Verbs.ts";

const reconnect: FlagSpec = {
  type: "duration",
  value: "TIME",
  help: "following: so long the next master is waited for (30s; after one that was ended, 3s)",
};

export const follow: Readonly<Record<string, FlagSpec>> = {
  follow: { type: "boolean", short: "f", help: "go on with what happens next" },
  reconnect,
};

export const watch: Readonly<Record<string, FlagSpec>> = {
  watch: { type: "boolean", short: "w", help: "each unit once, then each that changes, a line each" },
  reconnect,
};
