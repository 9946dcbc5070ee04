/**
 * What an import is asked, and what it gives back.
 */
import type { Tree } from "./Draft.ts";
import type { Teller, Text } from "./Finding.ts";

/** What is beside the files. */
export interface World {
  /** Where the config will be: relative paths start there. */
  readonly folder: string;
  /** Null: there is none. */
  readonly readFile: (path: string) => string | null;
  /** Names of the files in a folder; none: there is no such folder. */
  readonly list: (folder: string) => ReadonlyArray<string>;
  readonly hostname: string;
}

/** Reads files of one kind. */
export type Importer = (files: ReadonlyArray<Text>, world: World, tell: Teller) => Tree;
