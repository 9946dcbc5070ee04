/**
 * What `ps` prints, read. Pure.
 */
import type { Sighting } from "../Probe.ts";

/** Of one pid. */
export const lookArgs = (pid: number): ReadonlyArray<string> => ["-o", "stat=,pgid=,lstart=", "-p", String(pid)];

/** `lstart` is a time of day in the language and the zone of who asks: English and UTC. Undefined when nobody has the pid. */
export const sightingOf = (text: string): Sighting | undefined => {
  const match = /^\s*(\S+)\s+(\d+)\s+(.+?)\s*$/m.exec(text);
  const startTime = Date.parse(`${match?.[3] ?? ""} UTC`) / 1000;
  return match?.[1] === undefined || Number.isNaN(startTime)
    ? undefined
    : { startTime, group: Number(match[2]), running: !match[1].startsWith("Z") };
};

/** Of all. */
export const membersArgs: ReadonlyArray<string> = ["-A", "-o", "pid=,pgid=,stat="];

/** The pids of a group, without those that have ended and only wait to be reaped. */
export const membersOf = (text: string, group: number): ReadonlyArray<number> =>
  text.split("\n").flatMap((line) => {
    const [pid, pgid, state] = line.trim().split(/\s+/);
    return Number(pgid) === group && state !== undefined && !state.startsWith("Z") ? [Number(pid)] : [];
  });
