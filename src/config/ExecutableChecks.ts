/**
 * Executables and working directories that are not there, on the machine that the file is read on: units of them cannot start yet. Only a warning: another unit may make them.
 */
import { accessSync, constants, statSync } from "node:fs";
import * as NodePath from "node:path";
import type { GroupSpec, UnitSpec } from "../unit/UnitSpec.ts";
import { nestedOf } from "./Dialect.ts";
import { isWindowsPath } from "./PathChecks.ts";
import { get, type Located, type Problem } from "./Source.ts";

/** Why a path cannot be executed; null: it can. */
const wrongWith = (path: string): string | null => {
  try {
    if (!statSync(path).isFile()) return "is no file";
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" ? "may not be executed" : "is not there";
  }
};

/** What stands at this key of its control, in the dialect that the unit is written in. */
const controlOf = (unit: Located, key: string, nestedKey = key): Located | undefined => {
  const management = get(unit, "management")?.node;
  const kind = nestedOf(management?.value);
  return kind === undefined ? get(management, "control", key)?.node : get(management, kind, "control", "execution", nestedKey)?.node;
};

const executableOf = (unit: Located): Located | undefined => controlOf(unit, "executable", "executable_path");

/** What may not be looked at may be one. */
const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
};

/** A folder of one's own that is written down; the one of the config is there. */
const folderOf = (unit: Located): Located | undefined => controlOf(unit, "working_directory");

/** `root` is the file's, `group` what has been made of it. `path`: the PATH of who reads the file. */
export const executableProblems = (root: Located, group: GroupSpec, path: string): ReadonlyArray<Problem> => {
  const told = new Set<number>();
  const known = new Map<string, string | null>();
  const wrong = (file: string): string | null => {
    if (!known.has(file)) known.set(file, wrongWith(file));
    return known.get(file)!;
  };
  const found = new Map<string, boolean>();
  const isFound = (executable: string, workingDirectory: string, searched: string): boolean => {
    const key = [executable, workingDirectory, searched].join("\0");
    let isThere = found.get(key);
    if (isThere === undefined) {
      const folders = searched.split(NodePath.delimiter).map((folder) => NodePath.resolve(workingDirectory, folder));
      isThere = folders.some((folder) => wrong(NodePath.join(folder, executable)) === null);
      found.set(key, isThere);
    }
    return isThere;
  };
  const ofUnit = (node: Located, { enabled, environment, executable, id, kind, workingDirectory }: UnitSpec): ReadonlyArray<Problem> => {
    const at = executableOf(node);
    const folder = folderOf(node);
    if (at === undefined || !enabled || (kind !== "managed" && kind !== "integrated") || isWindowsPath(executable)) return [];
    const { end, start } = at;
    // Of several instances, or of those of one template, once.
    if (told.has(start)) return [];
    const tell = (message: string, hint: string, place: Pick<Problem, "start" | "end"> = { start, end }): ReadonlyArray<Problem> => {
      told.add(start);
      return [{ code: "HSU-CFG-110", start: place.start, end: place.end, message: `unit ${JSON.stringify(id)}: ${message}`, hint }];
    };
    // Where the folder is missing nothing can be said of a program that is looked up from it.
    if (folder !== undefined && !isFolder(workingDirectory))
      return tell(`there is no folder ${workingDirectory}`, "the unit cannot start before it is there", folder);
    if (executable.includes("/")) {
      const why = wrong(executable);
      return why === null ? [] : tell(`${executable} ${why}`, "the unit cannot start before it is");
    }
    const searched = environment["PATH"] ?? path;
    if (isFound(executable, workingDirectory, searched)) return [];
    return tell(`there is no program ${JSON.stringify(executable)} on its PATH`, `searched: ${searched}`);
  };
  const walk = (list: Located | undefined, { children }: GroupSpec): ReadonlyArray<Problem> =>
    children.flatMap((child, index) => {
      const node = list?.items[index];
      if (node === undefined) return [];
      return child._tag === "Group" ? walk(get(node, "children")?.node, child) : ofUnit(node, child);
    });
  return walk(get(root, "managed_processes")?.node, group);
};
