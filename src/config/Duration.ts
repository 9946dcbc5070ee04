/**
 * Durations as Go writes them, and days: `250ms`, `1.5s`, `1h30m`, `3d`.
 */

const MILLIS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)([a-zµμ]*)/iy;

/** What durations look like, for people to read. */
export const EXPECTED = "a duration: numbers with units ns, us, ms, s, m, h, d, as in 250ms, 30s or 1h30m";

/** The same for programs, as a regular expression of JSON Schema. */
export const PATTERN = "^\\s*\\+?(0+(\\.0*)?|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h|d))+)\\s*$";

/** Why a text is no duration. */
export interface BadDuration {
  readonly problem: string;
  readonly hint?: string;
}

const bareNumber = (text: string): BadDuration => ({
  problem: `the number ${text} has no unit`,
  hint: `write ${text}s for seconds or ${text}ms for milliseconds`,
});

/** Milliseconds (whole; anything above nothing is at least one), or why the text is no duration. `0` needs no unit. */
export const parseDuration = (input: string): number | BadDuration => {
  const text = input.trim();
  if (text === "") return { problem: "the duration is empty" };
  if (/^[+-]?0+(\.0*)?$/.test(text)) return 0;
  if (/^[+]?(\d+\.?\d*|\.\d+)$/.test(text)) return bareNumber(text);
  const compact = text.replaceAll(/\s+/g, "");
  if (compact !== text) {
    const meant = parseDuration(compact);
    const hint = typeof meant === "number" ? `write ${compact}` : meant.hint;
    return { problem: `a duration has no spaces in it: ${JSON.stringify(input)}`, ...(hint === undefined ? {} : { hint }) };
  }
  if (text === "+") return { problem: `${JSON.stringify(input)} is not a duration` };
  if (text.startsWith("-")) return { problem: "a duration may not be negative" };
  let millis = 0;
  let at = text.startsWith("+") ? 1 : 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const part = PART.exec(text);
    if (part === null) return { problem: `${JSON.stringify(input)} is not a duration` };
    const [whole, amount, unit] = part as unknown as readonly [string, string, string];
    const factor = Object.hasOwn(MILLIS, unit) ? MILLIS[unit] : undefined;
    if (factor === undefined) {
      return unit === ""
        ? { problem: `${JSON.stringify(input)} ends in a number without a unit`, hint: `write ${text}s if seconds are meant` }
        : { problem: `${JSON.stringify(unit)} is not a unit of time`, ...unitHint(unit, amount) };
    }
    millis += Number(amount) * factor;
    at += whole.length;
  }
  if (!(millis <= Number.MAX_SAFE_INTEGER)) return { problem: `${JSON.stringify(input)} is too long` };
  return millis > 0 ? Math.max(1, Math.round(millis)) : 0;
};

/** What people write, by the unit that is meant. */
const SPELLINGS: ReadonlyArray<readonly [unit: string, spelling: RegExp]> = [
  ["ms", /^(msecs?|millis|milliseconds?)$/],
  ["s", /^(s|secs?|seconds?)$/],
  ["m", /^(m|mins?|minutes?)$/],
  ["h", /^(h|hrs?|hours?)$/],
  ["d", /^(d|days?)$/],
];

const unitHint = (unit: string, amount: string): { readonly hint?: string } => {
  const meant = SPELLINGS.find(([, spelling]) => spelling.test(unit.toLowerCase()))?.[0];
  return meant === undefined ? {} : { hint: `write ${amount}${meant}` };
};

/** Milliseconds as the shortest exact text: `90000` is `1m30s`. */
export const formatDuration = (millis: number): string => {
  if (millis === 0) return "0s";
  let rest = millis;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const count = Math.floor(rest / MILLIS[unit]!);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * MILLIS[unit]!;
  }
  return text;
};
