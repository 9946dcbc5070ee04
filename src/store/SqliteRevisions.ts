/**
 * The revisions of the config in an SQLite file. They are looked up when somebody asks, and take no memory until then.
 */
import type { DatabaseSync } from "node:sqlite";
import * as Schema from "effect/Schema";
import { Revision } from "../protocol/PlanRpc.ts";
import { keptRevisions, type Store } from "./Store.ts";

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Revision));

/** A row that a later version has written is not ours to understand: it counts as none. */
const read = (record: unknown): ReadonlyArray<Revision> => {
  const decoded = decode(record);
  return decoded._tag === "Some" ? [decoded.value] : [];
};

export const revisionsIn = (
  db: DatabaseSync,
  failed: (cause: unknown) => void,
): Pick<Store, "revisions" | "revisionSpec" | "addRevision"> => ({
  revisions: () =>
    db
      .prepare("SELECT record FROM revisions ORDER BY revision")
      .all()
      .flatMap(({ record }) => read(record)),
  revisionSpec: (revision) => {
    const spec = db.prepare("SELECT spec FROM revisions WHERE revision = ?").get(revision)?.["spec"];
    return typeof spec === "string" ? spec : null;
  },
  addRevision: (revision, spec) => {
    try {
      const last = Number(db.prepare("SELECT max(revision) AS last FROM revisions").get()?.["last"] ?? 0);
      const number = last + 1;
      db.prepare("INSERT INTO revisions VALUES (?, ?, ?)").run(number, JSON.stringify({ revision: number, ...revision }), spec);
      db.prepare("DELETE FROM revisions WHERE revision <= ?").run(number - keptRevisions);
      return number;
    } catch (cause) {
      failed(cause);
      return 0;
    }
  },
});
