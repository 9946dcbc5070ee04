/**
 * Whether something that came over a wire, or out of a store, is a tree at all. What makes sense in a config has been checked where it was compiled.
 */
import { isRecord } from "../Values.ts";

const ID = /^[A-Za-z0-9_-]{1,64}$/;

const unitKeys: Readonly<Record<string, (value: unknown) => boolean>> = {
  kind: (value) => value === "managed" || value === "integrated" || value === "unmanaged" || value === "module",
  enabled: (value) => typeof value === "boolean",
  executable: (value) => typeof value === "string",
  args: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  workingDirectory: (value) => typeof value === "string",
  environment: (value) => isRecord(value) && Object.values(value).every((each) => typeof each === "string"),
  startTimeoutMillis: Number.isFinite,
  stopTimeoutMillis: Number.isFinite,
  stopSignal: (value) => typeof value === "string",
  restart: isRecord,
  capture: isRecord,
};

/** What is wrong with it; null: nothing that would make it no tree. */
export const problemOf = (spec: unknown): string | null => {
  if (!isRecord(spec) || !isRecord(spec["root"]) || spec["root"]["_tag"] !== "Group") return "this is no compiled config";
  const seen = new Set<string>();
  const check = (entry: unknown, depth: number): string | null => {
    if (!isRecord(entry)) return "an entry of the tree is no unit and no group";
    const { id } = entry;
    if (typeof id !== "string" || !ID.test(id)) return `${JSON.stringify(id)} is no id`;
    if (seen.has(id)) return `the id ${JSON.stringify(id)} is given twice`;
    seen.add(id);
    if (depth > 256) return "its groups are nested more than 256 deep";
    if (entry["_tag"] === "Group") {
      if (!Array.isArray(entry["children"])) return `group ${JSON.stringify(id)} has no children`;
      for (const child of entry["children"]) {
        const wrong = check(child, depth + 1);
        if (wrong !== null) return wrong;
      }
      return null;
    }
    const wrong = Object.entries(unitKeys).find(([key, isRight]) => !isRight(entry[key]));
    return wrong === undefined
      ? null
      : `${JSON.stringify(wrong[0])} of unit ${JSON.stringify(id)} is not what it should be: is it of this version of hsu?`;
  };
  return check(spec["root"], 0);
};
