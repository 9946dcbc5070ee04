/**
 * What is wrong with a config file, and where: found all in one go, rendered with the line, a caret and the way out.
 */
import * as Schema from "effect/Schema";
import { Finding } from "../protocol/PlanRpc.ts";

/** Every code with its title; each has a page in docs/reference/errors. From 101 on they are warnings. */
export const CODES = {
  "HSU-CFG-001": "the file cannot be read",
  "HSU-CFG-002": "the file is empty",
  "HSU-CFG-003": "not valid YAML",
  "HSU-CFG-004": "a key is given twice",
  "HSU-CFG-005": "unknown key",
  "HSU-CFG-006": "a required key is missing",
  "HSU-CFG-007": "wrong type",
  "HSU-CFG-008": "not a duration",
  "HSU-CFG-009": "not one of the values allowed",
  "HSU-CFG-010": "a number out of its range",
  "HSU-CFG-011": "not an id",
  "HSU-CFG-012": "an id is given twice",
  "HSU-CFG-013": "a group without children",
  "HSU-CFG-014": "a text that no process can be given",
  "HSU-CFG-016": "dialects are mixed",
  "HSU-CFG-017": "the type and the management block disagree",
  "HSU-CFG-018": "a probe that cannot work",
  "HSU-CFG-020": "waits for nobody that there is",
  "HSU-CFG-021": "waits for itself",
  "HSU-CFG-022": "units wait for each other",
  "HSU-CFG-030": "not a schedule",
  "HSU-CFG-031": "not a time zone",
  "HSU-CFG-032": "keys that do not go together",
  "HSU-CFG-033": "not a socket",
  "HSU-CFG-034": "an HTTP API that cannot be opened so",
  "HSU-CFG-035": "a door for RPC that cannot be opened so",
  "HSU-CFG-036": "no place that telemetry can be sent to",
  "HSU-CFG-040": "a log that cannot be kept so",
  "HSU-CFG-050": "a variable that has to be set",
  "HSU-CFG-051": "no such template",
  "HSU-CFG-052": "a file of variables that cannot be read",
  "HSU-CFG-060": "a file that cannot be included",
  "HSU-CFG-061": "not an age-encrypted value",
  "HSU-CFG-062": "a port that is wanted twice",
  "HSU-CFG-101": "accepted, not in effect in this version",
  "HSU-CFG-104": "nothing to run",
  "HSU-CFG-105": "unusual YAML",
  "HSU-CFG-106": "needs a disabled unit",
  "HSU-CFG-107": "cannot apply on this system",
  "HSU-CFG-108": "a variable that is not set",
  "HSU-CFG-109": "an include that matches nothing",
  "HSU-CFG-110": "an executable or a folder that is not there",
  "HSU-CFG-111": "an intensity that cannot hold",
} as const;

export type Code = keyof typeof CODES;

/** One finding. `line` and `column` count from 1; a finding about the file as a whole is at 1:1 and has no `text`. */
export const ConfigDiagnostic = Schema.Struct({ ...Finding.fields, code: Schema.Literals(Object.keys(CODES) as ReadonlyArray<Code>) });
export type ConfigDiagnostic = typeof ConfigDiagnostic.Type;

/** How many there are beside those that are told, by their code. */
export type More = Readonly<Partial<Record<Code, number>>>;
const More = Schema.Record(Schema.String, Schema.Number);

/** The file is not loaded. Carries what was found, warnings too, in the order of the file; `more` is what was only counted. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  file: Schema.String,
  diagnostics: Schema.Array(ConfigDiagnostic),
  more: Schema.optionalKey(More),
}) {
  get errors(): ReadonlyArray<ConfigDiagnostic> {
    return this.diagnostics.filter((found) => found.severity === "error");
  }
  get code(): Code {
    return this.errors[0]?.code ?? "HSU-CFG-001";
  }
  override get message(): string {
    return renderAll(this.diagnostics, {}, this.more);
  }
}

/** A finding, whoever has found it. */
type Shown = Omit<ConfigDiagnostic, "code"> & { readonly code: string };

export interface RenderOptions {
  readonly color?: boolean;
}

type Style = "red" | "yellow" | "cyan" | "bold" | "dim";
const SGR: Readonly<Record<Style, string>> = { red: "31", yellow: "33", cyan: "36", bold: "1", dim: "2" };

/** Takes two cells in a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;
/** As many cells of nothing; tabs stay tabs. */
const blank = (text: string): string => Array.from(text, (char) => (char === "\t" ? "\t" : WIDE.test(char) ? "  " : " ")).join("");
/** A config file may not steer the terminal that shows it. */
const harmless = (text: string): string => text.replaceAll(/[^\P{Cc}\t]|[\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

const MAX_SHOWN = 120;

/** One finding as text: `file:line:column: error CODE: message`, then the line, a caret, what was expected and the way out. */
export const render = (found: Shown, options: RenderOptions = {}): string => {
  const paint = (style: Style, text: string): string => (options.color === true ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text);
  const tone = found.severity === "error" ? "red" : "yellow";
  const place = paint("bold", harmless(`${found.file}:${found.line}:${found.column}:`));
  const lines = [`${place} ${paint(tone, found.severity)} ${found.code}: ${harmless(found.message)}`];
  const gutter = " ".repeat(String(found.line).length);
  if (found.text !== undefined) {
    const from = found.column - 1 > MAX_SHOWN ? found.column - 1 - MAX_SHOWN / 2 : 0;
    const shown = harmless(found.text.slice(from, from + 2 * MAX_SHOWN));
    const before = harmless(found.text.slice(from, found.column - 1));
    const width = blank(found.text.slice(found.column - 1, Math.min(found.column - 1 + found.length, from + 2 * MAX_SHOWN))).length;
    lines.push(`  ${paint("dim", `${found.line} |`)} ${shown}`);
    lines.push(`  ${paint("dim", `${gutter} |`)} ${blank(before)}${paint(tone, "^".repeat(Math.max(1, width)))}`);
  }
  const note = (text: string): void => void lines.push(`  ${paint("dim", `${gutter} =`)} ${harmless(text)}`);
  if (found.expected !== undefined) note(`expected ${found.expected}`);
  if (found.nearest !== undefined) note(`did you mean ${JSON.stringify(found.nearest)}?`);
  if (found.hint !== undefined) note(found.hint);
  return lines.map((line) => line.trimEnd()).join("\n");
};

const number = (many: number): string => String(many).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
const count = (many: number, word: string): string => `${number(many)} ${word}${many === 1 ? "" : "s"}`;

/** `and 59,900 more: 59,900 × HSU-CFG-005`. */
const moreText = (more: ReadonlyArray<readonly [code: string, many: number]>): string => {
  const total = more.reduce((sum, [, many]) => sum + many, 0);
  return `and ${number(total)} more: ${more.map(([code, many]) => `${number(many)} × ${code}`).join(", ")}`;
};

/** How many there are, and what was only counted. */
export const summary = (found: ReadonlyArray<Shown>, counted: More = {}): string => {
  const more = Object.entries(counted).sort(([one, many], [other, few]) => few - many || (one < other ? -1 : 1));
  const sum = (isMeant: (code: string) => boolean): number => more.reduce((total, [code, many]) => total + (isMeant(code) ? many : 0), 0);
  const errors = found.filter((one) => one.severity === "error").length + sum((code) => code < "HSU-CFG-1");
  const warnings = found.filter((one) => one.severity === "warning").length + sum((code) => code >= "HSU-CFG-1");
  const total = [errors > 0 ? count(errors, "error") : "", warnings > 0 ? count(warnings, "warning") : ""].filter((text) => text !== "");
  return [...(more.length > 0 ? [moreText(more)] : []), ...(total.length > 0 ? [total.join(", ")] : [])].join("\n\n");
};

/** All findings, a blank line between them, those that were only counted, and their number. */
export const renderAll = (found: ReadonlyArray<Shown>, options: RenderOptions = {}, more: More = {}): string =>
  [...found.map((one) => render(one, options)), summary(found, more)].filter((text) => text !== "").join("\n\n");
