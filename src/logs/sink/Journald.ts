/**
 * The native protocol of systemd's journal: a datagram an entry.
 */
import { connectDatagram } from "../../platform/index.ts";
import { inDatagrams, overDatagrams } from "./Datagrams.ts";
import type { LogRecord, LogSink } from "./LogSink.ts";
import { severityOf } from "./Rfc5424.ts";
import type { Destination } from "./TargetSpec.ts";

const usualPath = "/run/systemd/journal/socket";

/** A value with a newline, or with anything that is no text, comes with its length. */
const fieldOf = (name: string, value: string): Buffer => {
  const bytes = Buffer.from(value);
  if (!value.includes("\n")) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from("\n")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from("\n")]);
};

export const entryOf = (record: LogRecord, facility?: number): Buffer => {
  const { body, id, stream, time, unit } = record;
  const fields: ReadonlyArray<readonly [string, string]> = [
    ["MESSAGE", body],
    ["PRIORITY", String(severityOf(record))],
    ["SYSLOG_IDENTIFIER", unit],
    ...(facility === undefined ? [] : [["SYSLOG_FACILITY", String(facility)] as const]),
    ["HSU_UNIT", unit],
    ["HSU_STREAM", stream],
    ["HSU_ID", id],
    ["HSU_TIME", new Date(time).toISOString()],
  ];
  return Buffer.concat(fields.map(([name, value]) => fieldOf(name, value)));
};

export const open = ({ facility, path = usualPath }: Destination): LogSink => {
  const wire = overDatagrams(() => connectDatagram(path));
  return {
    deliver: (records) =>
      inDatagrams(
        records,
        records.map((record) => [entryOf(record, facility)]),
        wire.send,
      ),
    close: () => wire.close(),
  };
};
