/**
 * Records of the audit log, each as a line for people. Pure.
 */
import type { AuditEntry, AuditVerdict, AuditWho } from "../../protocol/Audit.ts";
import type { Paint } from "./paint.ts";

const whoText = ({ address, door, master, name, pid, role, uid }: AuditWho): string => {
  const him = name ?? (uid === undefined ? door : `uid ${uid}${pid === undefined ? "" : ` pid ${pid}`}`);
  const more = [role, master === true ? "a master" : undefined, address].filter((word) => word !== undefined);
  return `${him}${more.length === 0 ? "" : ` (${more.join(", ")})`} by ${door}`;
};

const payloadText = (payload: AuditEntry["payload"]): string =>
  Object.entries(payload ?? {})
    .map(([key, value]) => ` ${key}=${key === "sha256" ? `${String(value).slice(0, 12)}…` : JSON.stringify(value)}`)
    .join("");

/** `begun` and `done` of one thing follow each other by their numbers. */
export const auditLine = (paint: Paint): ((entry: AuditEntry) => string) => {
  return (entry) => {
    const { at, code, kind, lost, millis, missing, of, operation, outcome, payload, pid, seq, suppressed, target, torn, version, who } =
      entry;
    const what = `${operation ?? ""}${target === undefined ? "" : ` ${target}`}`;
    const words = {
      opened: () => `opened by the master ${pid}, hsu ${version}`,
      begun: () => `${what}${payloadText(payload)}, asked for by ${who === undefined ? "?" : whoText(who)}`,
      done: () => {
        const how = outcome === "ok" ? paint.green("ok") : paint.red(`${outcome}${code === undefined ? "" : ` ${code}`}`);
        return `${what}: ${how} after ${millis} ms${of === undefined ? "" : `, as ${of} asked for`}`;
      },
      refused: () => `${what}: ${paint.red(`refused ${code}`)} to ${who === undefined ? "?" : whoText(who)}`,
    }[kind]();
    const notes = [
      torn === undefined ? [] : [`after a torn line of ${torn.bytes} bytes`],
      missing === undefined ? [] : [`records ${missing.from} to ${missing.to} were gone`],
      lost === undefined ? [] : [`${lost} before it could not be written`],
      suppressed === undefined ? [] : [`${suppressed} refusals before it were not written`],
    ].flat();
    return `${paint.dim(new Date(at).toISOString())} ${String(seq).padStart(6)} ${words}${notes.length === 0 ? "" : ` [${notes.join("; ")}]`}\n`;
  };
};

export const verdictText = ({ broken, first, headKnown, last, records, torn }: AuditVerdict): string => {
  if (broken !== null) {
    const number = broken.seq === null ? "" : `, record ${broken.seq}`;
    return `the chain breaks at ${broken.file}:${broken.line}${number}: ${broken.why}\n`;
  }
  const range = records === 0 ? "no records" : `${records} records, ${first} to ${last}`;
  const marks = torn === 0 ? "" : `; ${torn} torn by the end of a master`;
  const head = headKnown ? "" : "; whether its end was cut off cannot be told without the state of its master";
  return `the chain holds: ${range}${marks}${head}\n`;
};
