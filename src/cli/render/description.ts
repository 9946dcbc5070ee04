/**
 * `hsu describe`: all that is known of one unit.
 */
import type { LogTarget } from "../../protocol/LogTargets.ts";
import type { UnitDescription } from "../../protocol/MasterRpc.ts";
import type { HeldLimit, UnitResources, UsageSample } from "../../protocol/Resources.ts";
import { type Paint, stateStyle } from "./paint.ts";
import { align, clean, count } from "./text.ts";
import { bound } from "./top.ts";
import { bytes, clock, duration, ending, note, uptime } from "./units.ts";

/** All that is known of a unit. */
export interface Described extends UnitDescription {
  readonly resources?: UnitResources;
}

/** A word as a shell would have to be given it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

type Fact = readonly [string, string | null];

/** What it uses, as far as the system tells. */
const usageFacts = (usage: UsageSample): ReadonlyArray<Fact> => {
  const { contextSwitches, cpuPercent, files, oomKills, pressure, processes, pssBytes, sockets, swapBytes, threads, virtualBytes } = usage;
  const share = pssBytes === null ? "" : `, ${bytes(pssBytes)} by share`;
  const more = `${virtualBytes === null ? "" : `, ${bytes(virtualBytes)} virtual`}${swapBytes === null ? "" : `, ${bytes(swapBytes)} swapped`}`;
  const io = (bps: number | null, all: number | null): string => `${bytes(bps ?? 0)}/s, ${bytes(all ?? 0)} in all`;
  return [
    ["cpu", cpuPercent === null ? null : `${cpuPercent.toFixed(1)}% of a core, ${duration(usage.cpuMillis)} in all`],
    ["memory", `${bytes(usage.rssBytes)} resident${share}${more}`],
    ["processes", `${processes}${threads === null ? "" : `, ${threads} threads`}`],
    ["files", files === null ? null : `${files} open${sockets === null ? "" : `, ${sockets} of them sockets`}`],
    ["reads", usage.readBytes === null ? null : io(usage.readBps, usage.readBytes)],
    ["writes", usage.writeBytes === null ? null : io(usage.writeBps, usage.writeBytes)],
    ["switches", contextSwitches === null ? null : String(contextSwitches)],
    ["oom kills", oomKills === null || oomKills === 0 ? null : String(oomKills)],
    [
      "pressure",
      pressure === null ? null : `cpu ${pressure.cpu.toFixed(1)}%, memory ${pressure.memory.toFixed(1)}%, io ${pressure.io.toFixed(1)}%`,
    ],
  ];
};

const limitRow = (limit: HeldLimit): ReadonlyArray<string> => [
  `  ${limit.limit}`,
  bound(limit),
  limit.policy,
  `held by: ${limit.by}${limit.why === undefined ? "" : ` (${clean(limit.why)})`}`,
];

/** Where its output goes besides its log, and how that is going. */
const targetRow = (of: LogTarget, now: number): ReadonlyArray<string> => {
  const state = of.awaySince === null ? "connected" : `away for ${duration(now - of.awaySince)} (${clean(of.why ?? "")})`;
  const lag =
    of.lagLines === undefined
      ? bytes(of.lagBytes)
      : `${of.hasMore === true ? "more than " : ""}${count(of.lagLines, "line")}, ${bytes(of.lagBytes)}`;
  return [
    `  ${clean(of.target)}`,
    state,
    of.lagBytes === 0 ? "" : `${lag} to come`,
    of.lost === 0 ? "" : `${count(of.lost, "line")} lost`,
    of.rejected === 0 ? "" : `${count(of.rejected, "line")} rejected`,
  ].filter((part) => part !== "");
};

/** A line for each thing that is known, then the states that it has been in, the last one at the end. */
export const description = (
  { after, history, own, program, requires, resources, status: unit }: Described,
  now: number,
  paint: Paint,
): string => {
  const facts: ReadonlyArray<Fact> = [
    ["unit", clean(unit.id)],
    ["kind", clean(unit.kind)],
    ["group", clean(unit.groups.join("/"))],
    ["runs", program === undefined ? null : clean(program.command.map(quoted).join(" "))],
    ["in", program === undefined ? null : clean(program.folder)],
    ["after", (after ?? []).map(clean).join(", ")],
    ["requires", (requires ?? []).map(clean).join(", ")],
    ["state", stateStyle(paint, unit.state)(unit.state)],
    ["note", note(unit, now)],
    ["pid", unit.pid === null ? null : String(unit.pid)],
    ["up", uptime(unit, now)],
    ...(resources?.usage == null ? [["memory", unit.memory === null ? null : bytes(unit.memory)] as const] : usageFacts(resources.usage)),
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
  const targets = (unit.logTargets ?? []).map((target) => targetRow(target, now));
  const limits = (resources?.limits ?? []).map(limitRow);
  return [
    ...align(known),
    ...(limits.length === 0 ? [] : [paint.bold("limits"), ...align(limits)]),
    ...(targets.length === 0 ? [] : [paint.bold("log targets"), ...targets.map(([name, ...rest]) => `${name}: ${rest.join(", ")}`)]),
    ...(states.length === 0 ? [] : [paint.bold("history"), ...align(states)]),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
};
