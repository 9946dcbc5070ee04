/**
 * A plan as people read it: one line for each unit, and below it what is different.
 */
import { formatDuration } from "../../config/Duration.ts";
import { summary } from "../../config/plan/Plan.ts";
import type { Action, Change, KeyChange, Plan, Revision } from "../../protocol/PlanRpc.ts";
import type { Paint } from "./paint.ts";
import { align, clean, truncate } from "./text.ts";
import { bound } from "./top.ts";
import { clock } from "./units.ts";

/** What a key of a spec is called in a config file. */
const NAMES: Readonly<Record<string, string>> = {
  args: "arguments",
  capture: "logging",
  delayMillis: "restart_delay",
  maxAttempts: "max_attempts",
  maxDelayMillis: "max_delay",
  multiplier: "backoff_multiplier",
  onCall: "on_call",
  restart: "restart_policy",
  startTimeoutMillis: "startup_timeout",
  stderr: "capture_stderr",
  stdout: "capture_stdout",
  stopTimeoutMillis: "shutdown_timeout",
  successExits: "success_exit_codes",
  when: "strategy",
};

const nameOf = (key: string): string =>
  Object.hasOwn(NAMES, key) ? NAMES[key]! : key.replace(/Millis$/, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** As it is written in a file, as far as that has one word for it. */
const pathOf = (path: ReadonlyArray<string>): string =>
  path[0] === "environment"
    ? path.join(".")
    : path
        .map(nameOf)
        .join(".")
        .replace(/^limit\./, "");

const valueOf = (key: string, value: unknown): string => {
  if (value === undefined) return "(none)";
  if (typeof value === "number" && key.endsWith("Millis")) return formatDuration(value);
  return clean(typeof value === "string" ? value : JSON.stringify(value));
};

/** Of a group's list, who comes and who goes; who only stands elsewhere is the order. */
const listLine = (was: ReadonlyArray<unknown>, is: ReadonlyArray<unknown>): string => {
  const [one, other] = [new Set(was), new Set(is)];
  const words = [
    ...is.filter((id) => !one.has(id)).map((id) => `+${String(id)}`),
    ...was.filter((id) => !other.has(id)).map((id) => `-${String(id)}`),
  ];
  return `children: ${words.length === 0 ? "in another order" : clean(words.join(" "))}`;
};

/** Of its limits, those that are others now. */
const limitsLine = (was: ReadonlyArray<Limit>, is: ReadonlyArray<Limit>): string => {
  const text = (limit: Limit | undefined): string =>
    limit === undefined ? "(none)" : `${bound({ ...limit, limit: limit.name })} ${limit.policy}`;
  const [one, other] = [was, is].map((limits) => new Map(limits.map((limit) => [limit.name, limit]))) as [
    Map<string, Limit>,
    Map<string, Limit>,
  ];
  const names = [...new Set([...one.keys(), ...other.keys()])].filter((name) => text(one.get(name)) !== text(other.get(name)));
  if (names.length === 0) return "limits: other thresholds";
  return names.map((name) => `${clean(name)}: ${clean(text(one.get(name)))} → ${clean(text(other.get(name)))}`).join(", ");
};

interface Limit {
  readonly name: string;
  readonly bound: number;
  readonly policy: string;
}

const keyLine = ({ from, path, to }: KeyChange): string => {
  if (path.join(".") === "limits.limits" && Array.isArray(from) && Array.isArray(to))
    return limitsLine(from as Array<Limit>, to as Array<Limit>);
  if (path.length === 1 && path[0] === "children" && Array.isArray(from) && Array.isArray(to)) return listLine(from, to);
  const key = path.at(-1) ?? "";
  return `${clean(pathOf(path))}: ${valueOf(key, from)} → ${valueOf(key, to)}`;
};

const SIGNS: Readonly<Record<Action, readonly [sign: string, style: keyof Paint]>> = {
  add: ["+", "green"],
  remove: ["-", "red"],
  restart: ["±", "yellow"],
  start: ["▶", "green"],
  stop: ["■", "red"],
  change: ["~", "cyan"],
  later: ["…", "dim"],
};

/** Of who comes and who goes, what tells one from another. */
const gist = ({ action, keys }: Change): ReadonlyArray<KeyChange> => (action === "add" || action === "remove" ? [] : keys);

const block = (change: Change, paint: Paint, columns: number): ReadonlyArray<string> => {
  const [sign, style] = SIGNS[change.action];
  const where = change.group === null ? "" : paint.dim(` in ${clean(change.group)}`);
  const what = change.kind === "master" ? "the master" : `${change.kind} ${clean(change.id)}${where}`;
  return [
    `${paint[style](`${sign} ${change.action.padEnd(7)}`)} ${what}${paint.dim(`: ${clean(change.because)}`)}`,
    ...gist(change).map((key) => truncate(`    ${keyLine(key)}`, columns)),
  ];
};

export const planText = (plan: Plan, paint: Paint, columns = 1_000): string =>
  [...plan.changes.flatMap((change) => block(change, paint, columns)), ...(plan.changes.length > 0 ? [""] : []), `${summary(plan)}\n`].join(
    "\n",
  );

const dateOf = (at: number): string => `${new Date(at).toISOString().slice(0, 10)} ${clock(at)}`;

export const historyTable = (revisions: ReadonlyArray<Revision>, paint: Paint): string => {
  const head = ["REVISION", "TIME", "UNITS", "HOW", "CHANGES", "FILE"].map((word) => paint.dim(word));
  const rows = revisions.map(({ at, how, revision, source, summary: text, units }) => [
    String(revision),
    dateOf(at),
    String(units),
    clean(how),
    clean(text),
    clean(source),
  ]);
  return align([head, ...rows], new Set([0, 2]))
    .map((line) => `${line}\n`)
    .join("");
};

export const appliedLine = (plan: Plan, revision: number): string =>
  plan.changes.length === 0 ? "no changes\n" : `applied as revision ${revision}: ${summary(plan)}\n`;
