/**
 * The phases of a shutdown: what is wrong with them, and how long each may take. Pure.
 */

/** A phase without what it does. */
export interface PlannedPhase {
  readonly name: string;
  readonly timeoutMillis: number;
  readonly children: ReadonlyArray<string>;
}

/** The last phase of each shutdown: the supervisor itself stops, with what is left of it. */
export const last = "stop";

const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** What is wrong with these phases; null when nothing is. */
export const phaseProblem = (phases: ReadonlyArray<PlannedPhase>, totalMillis: number): string | null => {
  if (!isTime(totalMillis)) return `totalMillis is ${totalMillis}: it has to be milliseconds`;
  const names = new Set([last]);
  const phaseOf = new Map<string, string>();
  for (const { children, name, timeoutMillis } of phases) {
    if (typeof name !== "string" || name === "") return "a phase has no name";
    if (names.has(name)) {
      return name === last
        ? `a phase is called "${last}", as the one that comes last by itself`
        : `two phases are called ${JSON.stringify(name)}`;
    }
    names.add(name);
    if (!isTime(timeoutMillis)) return `phase ${JSON.stringify(name)}: timeoutMillis is ${timeoutMillis}, which is no time to wait`;
    for (const child of children) {
      const other = phaseOf.get(child);
      if (other !== undefined)
        return `child ${JSON.stringify(child)} is in two phases: ${JSON.stringify(other)} and ${JSON.stringify(name)}`;
      phaseOf.set(child, name);
    }
  }
  return null;
};

/** Milliseconds that a phase has when the shutdown is `elapsed` milliseconds old; 0: none, the total is used up. */
export const budget = (timeoutMillis: number, totalMillis: number, elapsed: number): number =>
  Math.max(0, Math.min(timeoutMillis, totalMillis - elapsed));
