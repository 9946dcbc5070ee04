/**
 * The chain of the audit log: each record has the hash of the one before it. Pure.
 */
import { hash } from "node:crypto";
import type { AuditEntry, AuditHead, AuditRecord, AuditVerdict } from "../../protocol/Audit.ts";

export const sha256 = (data: string | Uint8Array): string => hash("sha256", data);

/** What the first record of all has before it. */
export const genesis: AuditHead = { seq: 0, hash: "0".repeat(64) };

/** The line of a record, and what comes after it is chained to. */
export const seal = (record: AuditRecord): { readonly line: string; readonly head: AuditHead } => {
  const body = JSON.stringify(record);
  const own = sha256(body);
  return { line: `${body.slice(0, -1)},"hash":"${own}"}\n`, head: { seq: record.seq, hash: own } };
};

const LINE = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/;

/** What a line holds; undefined: it is none of ours, or not as it was written. */
export const open = (line: string): AuditEntry | undefined => {
  const [, body, own] = LINE.exec(line) ?? [];
  if (body === undefined || own === undefined || sha256(`${body}}`) !== own) return undefined;
  try {
    const record = JSON.parse(line) as AuditEntry;
    return Number.isInteger(record.seq) && typeof record.prev === "string" ? record : undefined;
  } catch {
    return undefined;
  }
};

/** One line of a file, without its newline. */
export interface Line {
  readonly file: string;
  readonly line: number;
  readonly bytes: Uint8Array;
  /** It has no newline: it is the last one, and its writer was killed. */
  readonly isOpen: boolean;
}

export const textOf = ({ bytes }: Line): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");

/** Of what is no record: lines that were not written to their end. */
export const digestOf = (lines: ReadonlyArray<Line>): NonNullable<AuditRecord["torn"]> => {
  const all = Buffer.concat(lines.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [newline, bytes])));
  return { bytes: all.length, sha256: sha256(all) };
};
const newline = Buffer.from("\n");

/** Lines in a row that are no records: more than masters that are killed, or have no room, leave behind. */
const mostTorn = 100;

/** Looks at all lines, in their order, and compares their end with what the state knows. */
export const verifier = (known: AuditHead | null) => {
  let before: AuditHead | undefined;
  let records = 0;
  let first: number | null = null;
  let torn = 0;
  let broken: AuditVerdict["broken"] = null;
  let pending: Array<Line> = [];
  let at: Line | undefined;
  let sawKnown = known === null || known.seq === 0;
  const breaks = ({ file, line }: Pick<Line, "file" | "line">, seq: number | null, why: string): void => {
    broken ??= { file, line, seq, why };
  };
  const changed = ({ 0: line }: ReadonlyArray<Line>): void => breaks(line!, (before?.seq ?? 0) + 1, "the line is not as it was written");
  return {
    add: (line: Line): void => {
      if (broken !== null) return;
      at = line;
      const entry = open(textOf(line));
      if (entry === undefined) {
        pending.push(line);
        return pending.length > mostTorn ? changed(pending) : undefined;
      }
      if (pending.length > 0) {
        const { bytes, sha256: digest } = digestOf(pending);
        if (entry.torn?.bytes !== bytes || entry.torn.sha256 !== digest) return changed(pending);
        torn++;
        pending = [];
      } else if (entry.torn !== undefined) return breaks(line, entry.seq, "the torn line that it tells of is not there");
      if (before !== undefined) {
        if (entry.seq !== before.seq + 1) {
          const missing =
            entry.seq === before.seq + 2 ? `record ${before.seq + 1} is` : `records ${before.seq + 1} to ${entry.seq - 1} are`;
          return breaks(
            line,
            entry.seq,
            entry.seq > before.seq + 1 ? `${missing} missing before it` : `it comes after record ${before.seq}`,
          );
        }
        if (entry.prev !== before.hash) return breaks(line, entry.seq, "the record before it is another one than when it was written");
      }
      if (before === undefined && entry.seq > (known?.first ?? (known === null ? entry.seq : 1))) {
        return breaks(line, entry.seq, `records ${known?.first ?? 1} to ${entry.seq - 1} are missing before it`);
      }
      before = { seq: entry.seq, hash: entry.hash };
      first ??= entry.seq;
      records++;
      if (known !== null && entry.seq === known.seq) {
        sawKnown = true;
        if (entry.hash !== known.hash) breaks(line, entry.seq, "it is another record than the one that was written");
      }
    },
    /** `file`: where the next record would be. */
    end: (file: string): AuditVerdict => {
      // Whoever wrote it was killed, and nobody has come after him yet.
      if (pending.length > 0) torn++;
      if (broken === null && !sawKnown) {
        const last = before?.seq ?? 0;
        const why =
          first !== null && known!.seq < first
            ? `it begins after record ${known!.seq}, which was the last one that was written`
            : `the end was cut off: records up to ${known!.seq} were written, and there are none after ${last}`;
        broken = { file: at?.file ?? file, line: (at?.line ?? 0) + 1, seq: last + 1, why };
      }
      return { ok: broken === null, records, first, last: before?.seq ?? null, torn, headKnown: known !== null, broken };
    },
  };
};
