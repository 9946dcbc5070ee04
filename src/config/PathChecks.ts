/**
 * Paths that are another system's: the unit is listed, and cannot start here, while the others run.
 */
import * as NodePath from "node:path";
import { get, type Located, type Problem } from "./Source.ts";

/** Where the paths of a unit are. */
const PLACES = [
  ["management", "control", "executable"],
  ["management", "control", "working_directory"],
  ...["standard_managed", "integrated_managed"].flatMap((kind) => [
    ["management", kind, "control", "execution", "executable_path"],
    ["management", kind, "control", "execution", "working_directory"],
  ]),
];

/** A drive, or backslashes for slashes. */
export const isWindowsPath = (path: string): boolean => /^[A-Za-z]:[\\/]/.test(path) || (path.includes("\\") && !path.includes("/"));

export const pathProblems = (unit: Located, name: string, separator: string = NodePath.sep): ReadonlyArray<Problem> =>
  separator === "\\"
    ? []
    : PLACES.flatMap((place): ReadonlyArray<Problem> => {
        const node = get(unit, ...place)?.node;
        if (node?.kind !== "string" || !isWindowsPath(String(node.value))) return [];
        const message = `${name}: ${JSON.stringify(node.value)} is a path of Windows: the unit cannot start on this system`;
        return [
          { code: "HSU-CFG-107", start: node.start, end: node.end, message, expected: 'a path with "/", or the name of a program on PATH' },
        ];
      });
