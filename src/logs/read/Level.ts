/**
 * How grave a line is, as far as it says so itself. Pure.
 */

/** From the least grave one. */
export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

const words: Readonly<Record<string, Level>> = {
  trace: "trace",
  debug: "debug",
  dbg: "debug",
  info: "info",
  information: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  panic: "fatal",
  alert: "fatal",
  emergency: "fatal",
  emerg: "fatal",
};

/** What a program calls it; pino's and bunyan's numbers count in tens. */
export const levelNamed = (name: unknown): Level | undefined => {
  if (typeof name === "number") return name >= 10 && name <= 60 ? levels[Math.floor(name / 10) - 1] : undefined;
  if (typeof name !== "string") return undefined;
  const word = name.toLowerCase();
  return Object.hasOwn(words, word) ? words[word] : undefined;
};

/** Only at the beginning: a word further on is part of what is said. */
const reach = 120;
const inJson = /"(?:level|severity|lvl|log\.level)"\s*:\s*(?:"([A-Za-z]+)"|(\d+))/;
const inLogfmt = /(?:^|\s)(?:level|severity|lvl)="?([A-Za-z]+)/;
const inCapitals = /(?:^|[\s[(|<])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|PANIC|ALERT|EMERG)(?=$|[\s\]):|>])/;
const inBrackets = /[[(<](trace|debug|info|notice|warn|warning|error|err|fatal|critical|panic|alert|emerg)[\])>]/i;
const atStart = /^(trace|debug|info|notice|warn|warning|error|fatal|critical|panic)\s*:/i;

/** The level that a line gives itself: in JSON, in logfmt, as a word in capitals, in brackets or before a colon; undefined: none. */
export const levelOf = (line: string): Level | undefined => {
  if (line.startsWith("{")) {
    const json = inJson.exec(line);
    if (json !== null) return levelNamed(json[1] ?? Number(json[2]));
  }
  const head = line.slice(0, reach);
  const word = inLogfmt.exec(head) ?? inCapitals.exec(head) ?? inBrackets.exec(head) ?? atStart.exec(head);
  return levelNamed(word?.[1]);
};

/** Whether one is at least as grave as the other. */
export const isAtLeast = (level: Level | undefined, least: Level): boolean =>
  level !== undefined && levels.indexOf(level) >= levels.indexOf(least);
