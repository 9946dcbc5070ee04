/**
 * Values as systemd writes them: spans of time, sizes, truth values, words, calendar events. Pure; null is what is none.
 */

const FACTORS: ReadonlyArray<readonly [spelling: RegExp, millis: number]> = [
  [/^(us|usec|µs|μs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(|s|sec|second|seconds)$/, 1_000],
  [/^(m|min|minute|minutes)$/, 60_000],
  [/^(h|hr|hour|hours)$/, 3_600_000],
  [/^(d|day|days)$/, 86_400_000],
  [/^(w|week|weeks)$/, 604_800_000],
  [/^(M|month|months)$/, 30.44 * 86_400_000],
  [/^(y|year|years)$/, 365.25 * 86_400_000],
];

/** Milliseconds of `5min 20s`, `90` (seconds), `infinity`. */
export const spanOf = (text: string): number | null => {
  const written = text.trim();
  if (written === "infinity") return Infinity;
  if (!/^(\s*\d+(\.\d+)?\s*[A-Za-zµμ]*)+$/.test(written)) return null;
  let millis = 0;
  for (const [, amount, unit] of written.matchAll(/(\d+(?:\.\d+)?)\s*([A-Za-zµμ]*)/g)) {
    const factor = FACTORS.find(([spelling]) => spelling.test(unit!))?.[1];
    if (factor === undefined) return null;
    millis += Number(amount) * factor;
  }
  return millis;
};

/** Bytes of `512M`: powers of 1024. A percentage is none. */
export const bytesOf = (text: string): number | null => {
  if (text.trim() === "infinity") return Infinity;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)(?:i?B)?$/.exec(text.trim()) ?? [];
  return amount === undefined ? null : Math.round(Number(amount) * 1024 ** (unit === "" ? 0 : "KMGTPE".indexOf(unit) + 1));
};

export const isYes = (text: string | undefined): boolean => /^(1|yes|y|true|t|on)$/i.test(text ?? "");

const ESCAPES: Readonly<Record<string, string>> = { a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", s: " ", t: "\t", v: "\v" };

/** Words, with quotes and with the escapes of C, which hold inside and outside of quotes. */
export const wordsIn = (text: string): ReadonlyArray<string> | null => {
  const words: Array<string> = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === "\\") {
      const [whole = "", hex, octal, other] = /^\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|(.))/s.exec(text.slice(at)) ?? [];
      if (whole === "") return null;
      const code = hex === undefined ? (octal === undefined ? undefined : Number.parseInt(octal, 8)) : Number.parseInt(hex, 16);
      word = (word ?? "") + (code === undefined ? (ESCAPES[other!] ?? other!) : String.fromCharCode(code));
      at += whole.length - 1;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") return null;
  if (word !== null) words.push(word);
  return words;
};

const SHORT: Readonly<Record<string, string>> = {
  minutely: "* * * * *",
  hourly: "0 * * * *",
  daily: "0 0 * * *",
  weekly: "0 0 * * 1",
  monthly: "0 0 1 * *",
  quarterly: "0 0 1 1,4,7,10 *",
  semiannually: "0 0 1 1,7 *",
  yearly: "0 0 1 1 *",
  annually: "0 0 1 1 *",
};

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const weekdaysOf = (text: string): string | null => {
  const found: Array<number> = [];
  for (const part of text.split(",")) {
    const [from, to = from] = part.split(/\.\.|-/).map((day) => DAYS.indexOf(day.trim().slice(0, 3).toLowerCase()));
    if (from === undefined || to === undefined || from < 0 || to < 0) return null;
    for (let day = from; ; day = (day + 1) % 7) {
      found.push(day);
      if (day === to) break;
    }
  }
  return [...new Set(found)].sort((one, other) => one - other).join(",");
};

/** One component: `*`, `1,15`, `8..18`, `0/15`, as cron has it. */
const fieldOf = (text: string, most: number): string | null => {
  const parts = text.split(",").map((part) => {
    const [, start, from, to, step] = /^(\*|(\d+)(?:\.\.(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (start === undefined) return null;
    const first = start === "*" ? "*" : String(Number(from));
    if (step === undefined) return to === undefined ? first : `${first}-${Number(to)}`;
    return start === "*" ? `*/${Number(step)}` : `${first}-${to === undefined ? most : Number(to)}/${Number(step)}`;
  });
  return parts.some((part) => part === null) ? null : parts.join(",");
};

export interface Calendar {
  readonly cron: string;
  readonly timezone?: string;
}

/** A calendar event as cron; null: cron cannot say it. */
export const calendarOf = (text: string): Calendar | null => {
  const parts = text.trim().split(/\s+/);
  const last = parts.at(-1) ?? "";
  const zone = parts.length > 1 && /^(UTC|[A-Z][A-Za-z_]+\/[A-Za-z_/+-]+)$/.test(last) ? parts.pop() : undefined;
  const timezone = zone === undefined ? {} : { timezone: zone };
  const [only = ""] = parts;
  const short = parts.length === 1 && Object.hasOwn(SHORT, only.toLowerCase()) ? SHORT[only.toLowerCase()] : undefined;
  if (short !== undefined) return { cron: short, ...timezone };
  const day = /^[A-Za-z]{3}/.test(only) ? weekdaysOf(parts.shift()!) : "*";
  const date = /^[\d*,./]+(-[\d*,./]+){1,2}$/.test(parts[0] ?? "") ? parts.shift()!.split("-") : ["*", "*"];
  const time = (parts.shift() ?? "0:0").split(":");
  if (parts.length > 0 || time.length < 2 || time.length > 3 || day === null) return null;
  const [year, month, dayOfMonth] = date.length === 3 ? date : ["*", ...date];
  const fields = [fieldOf(time[1]!, 59), fieldOf(time[0]!, 23), fieldOf(dayOfMonth!, 31), fieldOf(month!, 12)];
  const seconds = fieldOf(time[2] ?? "0", 59);
  if (year !== "*" || seconds === null || fields.some((field) => field === null)) return null;
  // Cron takes either day where both are given, systemd only what is both.
  if (day !== "*" && fields[2] !== "*") return null;
  return { cron: [...(seconds === "0" ? [] : [seconds]), ...fields, day].join(" "), ...timezone };
};
