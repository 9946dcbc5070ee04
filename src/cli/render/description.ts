/**
 * `hsu describe`: all that is known of one unit.
 */
import type { UnitDescription } from "../../protocol/MasterRpc.ts";
import { type Paint, stateStyle } from "./paint.ts";
import { align, clean } from "./text.ts";
import { bytes, clock, duration, ending, note, uptime } from "./units.ts";

/** A word as a shell would have to be given it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** A line for each thing that is known, then the states that it has been in, the last one at the end. */
export const description = ({ history, own, program, status: unit }: UnitDescription, now: number, paint: Paint): string => {
  const facts: ReadonlyArray<readonly [string, string | null]> = [
    ["unit", clean(unit.id)],
    ["kind", clean(unit.kind)],
    ["group", clean(unit.groups.join("/"))],
    ["runs", program === undefined ? null : clean(program.command.map(quoted).join(" "))],
    ["in", program === undefined ? null : clean(program.folder)],
    ["state", stateStyle(paint, unit.state)(unit.state)],
    ["note", note(unit, now)],
    ["pid", unit.pid === null ? null : String(unit.pid)],
    ["up", uptime(unit, now)],
    ["memory", unit.memory === null ? null : bytes(unit.memory)],
    ["ready", unit.state === "running" ? String(unit.ready) : null],
    ["health", unit.health],
    ["breaker", unit.breaker ?? null],
    ["port", unit.port === undefined ? null : String(unit.port)],
    ["says", own === undefined ? null : clean([own.state, own.message].filter((part) => part !== "").join(": "))],
    ["version", own === undefined ? null : clean(own.version)],
    ["log level", own === undefined ? null : clean(own.logLevel)],
    ["restarts", String(unit.restarts)],
    ["last exit", unit.lastExit === null ? null : `${ending(unit.lastExit)}, ${duration(now - unit.lastExit.at)} ago`],
  ];
  const known = facts.filter(([, value]) => value !== null && value !== "").map(([name, value]) => [paint.bold(name), value ?? ""]);
  const states = history.map(({ at, reason, state }) => [`  ${clock(at)}`, stateStyle(paint, state)(state), clean(reason ?? "")]);
  return [...align(known), ...(states.length === 0 ? [] : [paint.bold("history"), ...align(states)])]
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
};
