/**
 * `hsu validate [-o text|json|yaml] [FILE]`
 */
import * as Effect from "effect/Effect";
import { type GroupSpec, unitsOf } from "../../unit/UnitSpec.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { withoutMarks } from "../../config/plan/Flat.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import { json, yaml } from "../render/structured.ts";
import { count } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags } = invocation;
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return ExitCode.usage;
  const { file } = loaded;
  const spec = withoutMarks(loaded.spec);
  if (flags["output"] === "json") yield* print(invocation, json(spec));
  else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(spec)));
  else yield* print(invocation, `${file}: valid, ${count(unitsOf(spec.root).length, "unit")} in ${count(groupsOf(spec.root), "group")}\n`);
  return ExitCode.ok;
});

const groupsOf = (group: GroupSpec): number =>
  group.children.reduce((sum, child) => sum + (child._tag === "Group" ? groupsOf(child) : 0), 1);
