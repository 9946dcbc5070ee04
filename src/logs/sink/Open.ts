/**
 * What brings lines to a destination; loaded when the first one of its kind is needed.
 */
import type { LogSink } from "./LogSink.ts";
import { readSecret } from "../../platform/index.ts";
import type { Destination, Reveal, TargetType } from "./TargetSpec.ts";

type Module = { readonly open: (destination: Destination, reveal: Reveal) => LogSink };

const modules: Readonly<Record<TargetType, () => Promise<Module>>> = {
  file: () => import("./FileSink.ts"),
  stdout: () => import("./OwnOutput.ts"),
  stderr: () => import("./OwnOutput.ts"),
  syslog: () => import("./Syslog.ts"),
  journald: () => import("./Journald.ts"),
  elasticsearch: () => import("./Elasticsearch.ts"),
  otlp: () => import("./Otlp.ts"),
  loki: () => import("./Loki.ts"),
};

/** What needs no library. */
const plainly: Reveal = async (secret) => {
  if ("age" in secret || "ageFile" in secret) throw new Error("there is nobody to open an encrypted value");
  return readSecret(secret);
};

/** Opened with the first batch. */
export const lazySink = (destination: Destination, reveal: Reveal = plainly): LogSink => {
  let sink: Promise<LogSink> | undefined;
  let isClosed = false;
  return {
    deliver: async (records) => {
      sink ??= modules[destination.type]().then(({ open }) => open(destination, reveal));
      const opened = await sink;
      if (isClosed) throw new Error("closed");
      return opened.deliver(records);
    },
    close: () => {
      isClosed = true;
      void sink?.then((opened) => opened.close?.());
    },
  };
};
