/**
 * What the kernel says of the control group that a single process is in, with whoever else is in there; of pressure, in the root of all groups, of the machine.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { controllerMount, folderOf, hierarchies } from "./CgroupPlace.ts";

export interface Surroundings {
  /** Where it is told: of `cpu`, `memory` or `io`. */
  readonly pressureOf: (resource: string) => string;
  readonly oomKills: () => number | null;
}

const text = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Not on this system, or gone.
    return "";
  }
};

/** `mountinfo` and `cgroup`: of the process, as `/proc` has them. */
export const surroundings = (mountinfo: string, cgroup: string): Surroundings => {
  const unified = hierarchies(mountinfo).find(({ version }) => version === 2);
  const group = unified && folderOf(unified, cgroup);
  const memory = controllerMount(mountinfo, "memory");
  const counted = [group && join(group, "memory.events"), memory && join(folderOf(memory, cgroup, "memory") ?? "", "memory.oom_control")];
  return {
    pressureOf: (resource) => {
      const own = group && join(group, `${resource}.pressure`);
      return own !== undefined && existsSync(own) ? own : `/proc/pressure/${resource}`;
    },
    oomKills: () => {
      for (const path of counted) {
        const count = path && /^oom_kill (\d+)$/m.exec(text(path))?.[1];
        if (count) return Number(count);
      }
      return null;
    },
  };
};

export const surroundingsOf = (pid: number): Surroundings => surroundings(text("/proc/self/mountinfo"), text(`/proc/${pid}/cgroup`));
