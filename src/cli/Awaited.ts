/**
 * What `hsu wait` waits for. Pure.
 */
import type { UnitStatus } from "../protocol/MasterRpc.ts";

export type Condition = "ready" | "running" | "healthy" | "completed" | "stopped" | "exit";

/** `never`: it will not be, as it is; somebody would have to do something. */
export type Verdict = "yes" | "notYet" | "never";

const isOver = ({ state }: UnitStatus): boolean => state === "stopped" || state === "failed" || state === "completed";

/** `first` is the same unit as it was when the wait began. */
export const verdict = (condition: Condition, unit: UnitStatus, first: UnitStatus): Verdict => {
  switch (condition) {
    case "running":
      return unit.state === "running"
        ? "yes"
        : isOver(unit) && unit.state !== "completed"
          ? "never"
          : unit.state === "completed"
            ? "yes"
            : "notYet";
    case "ready":
      // What has to be done once, and is done, is what others wait for.
      return (unit.state === "running" && unit.ready) || unit.state === "completed" ? "yes" : isOver(unit) ? "never" : "notYet";
    case "healthy":
      return unit.health === "healthy" ? "yes" : isOver(unit) || unit.health === null ? "never" : "notYet";
    case "completed":
      return unit.state === "completed" ? "yes" : unit.state === "failed" || unit.state === "stopped" ? "never" : "notYet";
    case "stopped":
      return isOver(unit) ? "yes" : "notYet";
    case "exit":
      if (isOver(unit)) return "yes";
      return first.pid !== null && unit.lastExit !== null && unit.lastExit.at !== first.lastExit?.at ? "yes" : "notYet";
  }
};
