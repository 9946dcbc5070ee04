/**
 * Figures as people read them: durations, bytes, times of day, endings, and what there is to say about a unit.
 */
import type { LastExit, UnitStatus } from "../../protocol/MasterRpc.ts";
import { clean } from "./text.ts";

const two = (number: number): string => String(number).padStart(2, "0");

/** `5s`, `1m05s`, `2h03m`, `3d04h`. */
export const duration = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3600) % 24)}h`;
};

/** `512B`, `12.0MiB`. */
export const bytes = (number: number): string => {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = number;
  let index = 0;
  while (value >= 1024 && index < names.length - 1) {
    value /= 1024;
    index++;
  }
  return `${value.toFixed(index === 0 ? 0 : 1)}${names[index]}`;
};

/** The time of day, in the user's own time zone. */
export const clock = (at: number): string => {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** `exited with code 1`, `killed by SIGKILL`, or why the master has ended it. */
export const ending = ({ because, code, signal }: LastExit): string => {
  const how = signal !== null ? `killed by ${clean(signal)}` : code === null ? "exit code unknown" : `exited with code ${code}`;
  return because === undefined ? how : clean(because);
};

/** How long its process, or the actor of a module, has run; empty while there is none. */
export const uptime = (unit: UnitStatus, now: number): string =>
  (unit.pid === null && unit.kind !== "module") || unit.startedAt === null ? "" : duration(now - unit.startedAt);

/** Why a unit is not simply running, and what comes next. */
export const note = (unit: UnitStatus, now: number): string => {
  const parts: Array<string> = [];
  if (unit.state === "running" && !unit.ready) parts.push("not ready");
  if (unit.port !== undefined) parts.push(`port ${unit.port}`);
  parts.push(...(unit.warnings ?? []).map(clean));
  parts.push(
    ...(unit.logTargets ?? []).flatMap(({ awaySince, target }) => (awaySince === null ? [] : [`log target ${clean(target)} is away`])),
  );
  if (unit.state === "running" || unit.state === "completed")
    return [...parts, ...(unit.reason === null ? [] : [clean(unit.reason)])].join(", ");
  if (unit.state !== "starting" && unit.nextStartAt !== null) parts.push(`next start in ${duration(unit.nextStartAt - now + 999)}`);
  if (unit.reason !== null) parts.push(clean(unit.reason));
  const { lastExit } = unit;
  const isOver = unit.state !== "starting" && unit.state !== "stopping";
  if (isOver && lastExit !== null && !tells(unit.reason, lastExit)) parts.push(ending(lastExit));
  return parts.join(", ");
};

/** Whether the reason already says how the process ended. */
const tells = (reason: string | null, { because, code, signal }: LastExit): boolean =>
  reason !== null &&
  (because !== undefined ? reason.includes(because) : signal === null ? reason.includes(`code ${code}`) : reason.includes(signal));

/** Whether a unit is as its config wants it: running and not unhealthy, disabled, or done with exit code 0 without anybody having stopped it. */
export const isAsWanted = (unit: UnitStatus): boolean => {
  if (unit.state === "running" || unit.state === "completed" || unit.state === "waiting") return unit.health !== "unhealthy";
  if (unit.state !== "stopped") return false;
  return (
    unit.reason === "disabled" || unit.reason === "waits for a call" || (unit.reason !== "stopped by hand" && unit.lastExit?.code === 0)
  );
};
