/**
 * The last record of the audit log in an SQLite file: who cuts the end of the log off is found out by it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as Schema from "effect/Schema";
import { AuditHead } from "../protocol/Audit.ts";
import type { Store } from "./Store.ts";

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(AuditHead));

const read = (db: DatabaseSync): AuditHead | null => {
  const decoded = decode(db.prepare("SELECT value FROM meta WHERE key = 'audit'").get()?.["value"]);
  return decoded._tag === "Some" ? decoded.value : null;
};

type Writing = <Args extends ReadonlyArray<unknown>>(write: (...args: Args) => unknown) => (...args: Args) => void;

export const auditIn = (db: DatabaseSync, writing: Writing): Pick<Store, "auditHead" | "putAuditHead"> => ({
  auditHead: () => read(db),
  putAuditHead: writing((head) => db.prepare("INSERT OR REPLACE INTO meta VALUES ('audit', ?)").run(JSON.stringify(head))),
});

/** That of a directory whose master does not run; null: there is none, or it cannot be read. */
export const auditHeadIn = (directory: string): AuditHead | null => {
  const file = join(directory, "state.db");
  if (!existsSync(file)) return null;
  try {
    const db = new DatabaseSync(file);
    try {
      return read(db);
    } finally {
      db.close();
    }
  } catch {
    return null; // Another program has it, or it is none.
  }
};
