/**
 * `hsu token create NAME [--role ROLE] [--group GROUP] [--expires TIME]`, `hsu token list`, `hsu token revoke NAME`
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { join } from "node:path";
import { Tokens } from "../../security/index.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { places, print, say } from "../Invocation.ts";
import { json, yaml } from "../render/structured.ts";
import { align } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

const usage = (message: string): UsageError =>
  new UsageError({ message, hint: "hsu token create NAME, hsu token list, hsu token revoke NAME" });

const day = (millis: number | undefined): string => (millis === undefined ? "never" : new Date(millis).toISOString().slice(0, 16) + "Z");

/** The master need not run: it looks at the file when somebody comes with a token. */
export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, operands } = invocation;
  const [action = "", name] = operands;
  const { stateDirectory } = yield* places(invocation);
  const file = new Tokens.TokenFile(join(stateDirectory, "tokens.json"));
  const now = yield* Clock.currentTimeMillis;
  if (action === "list") {
    // What is kept is of no use to anybody, and still nobody's business.
    const used = yield* file.used;
    const all = (yield* file.list).map(({ hash: _hash, ...rest }) => ({
      ...rest,
      usedAt: used.get(rest.name) ?? null,
      expired: rest.expiresAt !== undefined && rest.expiresAt <= now,
    }));
    if (flags["output"] === "json") yield* print(invocation, json(all));
    else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(all)));
    else {
      const rows = all.map(({ createdAt, expired, expiresAt, group, name: of, role, usedAt }) => {
        return [of, role, group ?? "all", day(createdAt), `${day(expiresAt)}${expired ? " (expired)" : ""}`, day(usedAt ?? undefined)];
      });
      yield* print(invocation, `${align([["NAME", "ROLE", "GROUP", "CREATED", "EXPIRES", "USED"], ...rows]).join("\n")}\n`);
    }
    return ExitCode.ok;
  }
  if (action !== "create" && action !== "revoke") return yield* usage(`there is no \`hsu token ${action}\``);
  if (name === undefined) return yield* usage(`\`hsu token ${action}\` needs the name of a token`);
  if (action === "revoke") {
    yield* file.revoke(name);
    return ExitCode.ok;
  }
  const { expires, group, role = "viewer" } = flags;
  const token = yield* file.create({
    name,
    role: Tokens.roles.find((known) => known === role) ?? "viewer",
    ...(typeof group === "string" ? { group } : {}),
    createdAt: now,
    ...(typeof expires === "number" ? { expiresAt: now + expires } : {}),
  });
  yield* say(invocation, "keep it: it is shown this once");
  yield* print(invocation, `${token}\n`);
  return ExitCode.ok;
});
