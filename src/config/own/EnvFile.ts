/**
 * Files of variables: a line `NAME=value` each, as dotenv, Docker and systemd have them.
 */
import type { Located, Problem } from "../Source.ts";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*?)\s*$/;

const valueOf = (text: string): string => {
  const single = /^'([^']*)'/.exec(text);
  if (single !== null) return single[1]!;
  const double = /^"((?:[^"\\]|\\.)*)"/.exec(text);
  if (double !== null)
    return double[1]!.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character === "t" ? "\t" : character));
  return text.replace(/\s+#.*$/, "");
};

/** `at`: where the file is named. A line that is none of these is an error; what it holds is not shown. */
export const variablesIn = (
  path: string,
  at: Located,
  readFile: (path: string) => string,
  tell: (problem: Problem) => void,
): ReadonlyArray<readonly [name: string, value: string]> => {
  const place = { code: "HSU-CFG-052" as const, start: at.start, end: at.end };
  let text: string;
  try {
    text = readFile(path);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : cause instanceof Error ? cause.message : String(cause);
    tell({ ...place, message: `${path} cannot be read: ${why}` });
    return [];
  }
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      tell({ ...place, message: `${path}:${index + 1} is no variable`, expected: "lines of the form NAME=value" });
      return [];
    }
    return [[name, valueOf(value)] as const];
  });
};
