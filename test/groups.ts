/**
 * Control groups that a master has left: one that is ended with its test does not come to remove them.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { controllerMount, folderOf, hierarchies, instanceName } from "../src/platform/linux/CgroupPlace.ts";

export const removeGroups = (stateDirectory: string): void => {
  const mountinfo = readFileSync("/proc/self/mountinfo", "latin1");
  const own = readFileSync("/proc/self/cgroup", "latin1");
  const together = hierarchies(mountinfo).map((hierarchy) => folderOf(hierarchy, own));
  const limits = ["memory", "cpu", "pids", "blkio"].map((controller) => {
    const mount = controllerMount(mountinfo, controller);
    return mount && folderOf(mount, own, controller);
  });
  for (const above of [...together, ...limits]) {
    const instance = join(above ?? "", instanceName(stateDirectory));
    if (!existsSync(instance)) continue;
    const units = readdirSync(instance, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const place of [...units.map(({ name }) => join(instance, name)), instance]) {
      try {
        rmdirSync(place);
      } catch {
        // Who was killed a moment ago is still on the way out.
      }
    }
  }
};
