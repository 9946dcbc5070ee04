/**
 * Which findings are told, each with its line, and which are only counted. Pure.
 */
import type { Code, ConfigDiagnostic, More } from "./Diagnostic.ts";
import { sourceAt } from "./own/Include.ts";
import { diagnose, type Problem, type Source } from "./Source.ts";

/** More than anybody reads. */
export const MOST = 100;

export interface Told {
  readonly diagnostics: ReadonlyArray<ConfigDiagnostic>;
  readonly more: More;
}

export const isWarning = ({ code }: Problem): boolean => code >= "HSU-CFG-1";

const byCode = (problems: ReadonlyArray<Problem>): More => {
  const counts: Partial<Record<Code, number>> = {};
  for (const { code } of problems) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

/** The first of them, errors before warnings where they are too many; in the order of the file. `problems` are in that order. */
export const tell = (sources: ReadonlyArray<Source>, problems: ReadonlyArray<Problem>, most: number): Told => {
  const one = (problem: Problem): ConfigDiagnostic => diagnose(sourceAt(sources, problem.start), problem);
  if (problems.length <= most) return { diagnostics: problems.map(one), more: {} };
  const ranked = [...problems.filter((problem) => !isWarning(problem)), ...problems.filter(isWarning)];
  const first = ranked.slice(0, most).sort((problem, other) => problem.start - other.start);
  return { diagnostics: first.map(one), more: byCode(ranked.slice(most)) };
};
