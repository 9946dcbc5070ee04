/**
 * A tree with all of another one that is the same in both: what comes after it sees by a look what has not changed. Pure.
 */
import type { GroupSpec, MasterSpec, UnitSpec } from "../../unit/UnitSpec.ts";
import { same } from "./Flat.ts";

type Child = UnitSpec | GroupSpec;

/** `to`, made of what it has in common with `from`. */
export const sharing = (from: MasterSpec, to: MasterSpec): MasterSpec => {
  const known = new Map<string, Child>();
  const add = (child: Child): void => {
    known.set(child.id, child);
    if (child._tag === "Group") child.children.forEach(add);
  };
  add(from.root);
  const unit = (child: UnitSpec): UnitSpec => {
    const was = known.get(child.id);
    return was?._tag === "Unit" && same(was, child) ? was : child;
  };
  const group = (child: GroupSpec): GroupSpec => {
    const children = child.children.map((below) => (below._tag === "Unit" ? unit(below) : group(below)));
    const was = known.get(child.id);
    if (was?._tag !== "Group" || was.children.length !== children.length) return { ...child, children };
    const isWhole = children.every((below, index) => below === was.children[index]);
    return isWhole && same({ ...was, children: [] }, { ...child, children: [] }) ? was : { ...child, children };
  };
  return { ...to, root: group(to.root) };
};
