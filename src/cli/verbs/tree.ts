/**
 * `hsu tree [-o text|json|yaml]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { json, yaml } from "../render/structured.ts";
import { treeText } from "../render/tree.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, paint } = invocation;
  const tree = yield* withMaster(invocation, ({ call }) => call.Tree(undefined));
  if (flags["output"] === "json") yield* print(invocation, json(tree));
  else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(tree)));
  else yield* print(invocation, treeText(tree, paint));
  return ExitCode.ok;
});
