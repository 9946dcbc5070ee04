/**
 * The audit log itself, as one lazy import: its files, and what is read from them.
 */
import * as Effect from "effect/Effect";
import type { AuditEntry, AuditHead, AuditRequest, AuditVerdict, AuditWho } from "../../protocol/Audit.ts";
import { filesOf, linesOf } from "./AuditFile.ts";
import { open, textOf, verifier } from "./Chain.ts";

export { AuditFile, filesOf } from "./AuditFile.ts";
export { sha256 } from "./Chain.ts";

const isHim = (who: AuditWho | undefined, asked: string): boolean => {
  if (who === undefined) return false;
  const names = [who.name, who.name?.replace(/^(token|certificate) /, ""), who.door, who.address, who.role];
  return names.includes(asked) || String(who.uid) === asked;
};

/** Those that are asked for, the oldest first; what is done with them is told of what is begun. */
export const recordsOf = function* (path: string, { since, unit, who }: AuditRequest): Generator<AuditEntry> {
  const begun = new Map<number, AuditEntry["who"]>();
  for (const file of filesOf(path)) {
    for (const line of linesOf(file)) {
      const entry = open(textOf(line));
      if (entry === undefined) continue;
      if (entry.kind === "begun") begun.set(entry.seq, entry.who);
      const from = entry.who ?? begun.get(entry.of ?? 0);
      if (entry.of !== undefined) begun.delete(entry.of);
      if (since !== undefined && entry.at < since) continue;
      if (unit !== undefined && entry.target !== unit) continue;
      if (who !== undefined && !isHim(from, who)) continue;
      yield entry;
    }
  }
};

/** Lines that are looked at in a row: others have their turn between. */
const batch = 500;

export const verify = (path: string, known: AuditHead | null): Effect.Effect<AuditVerdict> =>
  Effect.gen(function* () {
    const looking = verifier(known);
    let count = 0;
    for (const file of filesOf(path)) {
      for (const line of linesOf(file)) {
        looking.add(line);
        if (++count % batch === 0) yield* Effect.yieldNow;
      }
    }
    return looking.end(path);
  });
