/**
 * Where else a unit's output goes, as plain data.
 */
import type { Secret } from "../../platform/index.ts";
import type { LogStream } from "../LogFiles.ts";
import type { LogFilters, LogFormat, Rotation } from "../LogsSpec.ts";

export const targetTypes = ["file", "stdout", "stderr", "syslog", "journald", "elasticsearch", "otlp", "loki"] as const;
export type TargetType = (typeof targetTypes)[number];

/** Where a value is that stands in no config, or the value itself, encrypted for the identity in a file. */
export type TargetSecret =
  | Secret
  | { readonly age: string; readonly identity?: string }
  | { readonly ageFile: string; readonly identity?: string };

/** Has its value as it is now; rejects, without it, where it cannot be had. */
export type Reveal = (secret: TargetSecret) => Promise<string>;

export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
}

/** What connects to it: units whose destinations are alike share it. */
export interface Destination {
  readonly type: TargetType;
  /** Of HTTP. */
  readonly url?: string;
  /** Of syslog: `udp://HOST:PORT`, `tcp://…`, `tls://…` or `unix:PATH`. */
  readonly address?: string;
  /** Of a file, and of journald's socket. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | TargetSecret>>;
  readonly username?: string;
  readonly password?: TargetSecret;
  readonly token?: TargetSecret;
  readonly tls?: TlsFiles;
  /** Of one delivery. */
  readonly timeoutMillis: number;
  /** Of Loki's streams, and of OTLP's resource. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of elasticsearch: `{date}` is the day of the line, `{process_id}` its unit. */
  readonly index?: string;
  readonly facility?: number;
  readonly appName?: string;
  readonly maxMessageBytes?: number;
  readonly rotation?: Rotation;
}

export interface Batch {
  readonly maxLines: number;
  readonly maxBytes: number;
  /** No more often than so. */
  readonly everyMillis: number;
}

export interface TargetSpec {
  /** Where its place in a log is kept under: of what makes it the same target. A file name. */
  readonly id: string;
  /** As people are told of it. */
  readonly name: string;
  readonly streams: ReadonlyArray<LogStream>;
  readonly format: LogFormat;
  readonly prefix?: string;
  readonly filters?: LogFilters;
  readonly withSequence?: boolean;
  readonly withHostname?: boolean;
  readonly batch: Batch;
  /** The longest pause between two tries. */
  readonly maxRetryMillis: number;
  readonly destination: Destination;
}
