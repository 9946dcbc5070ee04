/**
 * `hsu audit [show] [--since TIME] [--who NAME] [--unit UNIT] [--file PATH] [-o table|json]`, `hsu audit verify`
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { join, resolve } from "node:path";
import type { AuditEntry, AuditVerdict } from "../../protocol/Audit.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, isRemote, places, print, withMaster } from "../Invocation.ts";
import { auditLine, verdictText } from "../render/audit.ts";
import { json, ndjson } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";
import { printAll } from "./follow.ts";

/** The log itself, where no master is there to be asked. */
const here = (invocation: Invocation) =>
  Effect.gen(function* () {
    const { stateDirectory } = yield* places(invocation);
    const { NoAudit } = yield* Effect.promise(() => import("../../protocol/Audit.ts"));
    const parts = yield* Effect.promise(() => import("../../security/audit/Parts.ts"));
    const { auditHeadIn } = yield* Effect.promise(() => import("../../store/SqliteAudit.ts"));
    const { file } = invocation.flags;
    const head = auditHeadIn(stateDirectory);
    const path = typeof file === "string" ? resolve(invocation.io.cwd, file) : (head?.file ?? join(stateDirectory, "audit.log"));
    const known = head?.file === path ? head : null;
    if (known === null && parts.filesOf(path).length === 0) return yield* new NoAudit({ reason: `there is no ${path}` });
    return { path, known, ...parts };
  });

const show: Verb = (invocation) =>
  Effect.gen(function* () {
    const { flags, paint } = invocation;
    const { since, unit, who } = flags;
    const now = yield* Clock.currentTimeMillis;
    const request = {
      ...(typeof since === "number" ? { since: now - since } : {}),
      ...(typeof who === "string" ? { who } : {}),
      ...(typeof unit === "string" ? { unit } : {}),
    };
    const render = flags["output"] === "json" ? ndjson : auditLine(paint);
    const printed = (stream: Stream.Stream<AuditEntry, never>) => printAll(invocation, stream, (entry) => render(entry));
    const fromHere = Effect.flatMap(here(invocation), ({ path, recordsOf }) =>
      printed(Stream.fromIterable(recordsOf(path, request), { chunkSize: 64 })),
    );
    if (flags["file"] !== undefined) yield* fromHere;
    else {
      const asked = withMaster(invocation, ({ call }) => printAll(invocation, call.Audit(request), (entry) => render(entry)));
      yield* isRemote(invocation) ? asked : Effect.catchTag(asked, "NotRunning", () => fromHere);
    }
    return ExitCode.ok;
  });

const verify: Verb = (invocation) =>
  Effect.gen(function* () {
    const { flags } = invocation;
    const fromHere = Effect.flatMap(here(invocation), ({ known, path, verify: look }) => look(path, known));
    const asked = withMaster(invocation, ({ call }) => call.AuditVerify(undefined));
    const verdict: AuditVerdict =
      flags["file"] !== undefined
        ? yield* fromHere
        : yield* isRemote(invocation) ? asked : Effect.catchTag(asked, "NotRunning", () => fromHere);
    yield* print(invocation, flags["output"] === "json" ? json(verdict) : verdictText(verdict));
    return verdict.ok ? ExitCode.ok : ExitCode.failed;
  });

export const run: Verb = (invocation) => {
  const [action = "show"] = invocation.operands;
  if (action === "show") return show(invocation);
  if (action === "verify") return verify(invocation);
  return Effect.fail(new UsageError({ message: `there is no \`hsu audit ${action}\``, hint: "hsu audit, hsu audit verify" }));
};
