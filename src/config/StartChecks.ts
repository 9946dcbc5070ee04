/**
 * Which of the keys of Starts.ts go together.
 */
import { type Entry, get, type Located, type Problem } from "./Source.ts";

/** Where the control block and the restart policy of a unit are. */
export const CONTROLS = [
  { control: ["management", "control"], policy: ["management", "restart_policy"] },
  ...["standard_managed", "integrated_managed"].map((kind) => ({
    control: ["management", kind, "control"],
    policy: ["management", kind, "control", "restart_policy"],
  })),
];

export const clash = ({ end, start }: Pick<Entry, "end" | "start">, message: string, hint?: string): Problem => ({
  code: "HSU-CFG-032",
  start,
  end,
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** What a restart policy says, where it is a strategy under which an end with success is none. */
export const restartsAlways = (policy: Located | undefined): Located | undefined => {
  const strategy = policy?.kind === "map" ? get(policy, "strategy")?.node : policy;
  return strategy !== undefined && /^(always|unless[-_]stopped)$/.test(String(strategy.value)) ? strategy : undefined;
};

const ofSchedule = (schedule: Entry | undefined): ReadonlyArray<Problem> => {
  if (schedule?.node.kind !== "map") return [];
  const { entries } = schedule.node;
  const [cron, every, timezone] = [entries.get("cron"), entries.get("every"), entries.get("timezone")];
  if (cron === undefined && every === undefined) return [clash(schedule, '"schedule" says neither "cron" nor "every"')];
  if (every === undefined) return [];
  if (cron !== undefined) {
    const second = cron.start < every.start ? every : cron;
    return [clash(second, '"schedule" says both "cron" and "every"', "one of them: two schedules are two units")];
  }
  return timezone === undefined ? [] : [clash(timezone, '"timezone" means nothing to "every"')];
};

/** Keys of one unit that exclude each other, or mean nothing without another one. */
export const startProblems = (unit: Located, name: string): ReadonlyArray<Problem> =>
  CONTROLS.flatMap((place) => {
    const control = get(unit, ...place.control)?.node;
    const keys = {
      start: get(control, "start"),
      schedule: get(control, "schedule"),
      runTimeout: get(control, "run_timeout"),
      watchdog: get(control, "watchdog"),
    };
    const strategy = restartsAlways(get(unit, ...place.policy)?.node);
    const isOneshot = keys.start?.node.value === "oneshot";
    const problems = [...ofSchedule(keys.schedule)];
    if (isOneshot && keys.schedule !== undefined) {
      problems.push(
        clash(keys.schedule, `${name}: a "oneshot" has no "schedule"`, 'leave "start" out: a unit with a schedule ends by itself'),
      );
    }
    if (isOneshot && keys.runTimeout !== undefined) {
      problems.push(clash(keys.runTimeout, `${name}: the run of a "oneshot" is its start`, "startup_timeout is its deadline"));
    }
    if (keys.schedule !== undefined && strategy !== undefined) {
      const message = `${name}: with a "schedule" it cannot be restarted ${JSON.stringify(strategy.value)}: it would never end`;
      problems.push({ ...clash(strategy, message), expected: "on_failure or never" });
    }
    if (keys.watchdog !== undefined && keys.start?.node.value !== "notify") {
      const message = `${name}: a "watchdog" listens to a unit that tells its state`;
      problems.push(clash(keys.watchdog, message, "add start: notify, and have the program send WATCHDOG=1"));
    }
    return problems;
  });
