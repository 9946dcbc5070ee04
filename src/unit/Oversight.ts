/**
 * How a master is watched, and how much is let in by its doors.
 */

/** Absent values: the usual ones. */
export interface AuditSpec {
  readonly enabled?: boolean;
  /** Absolute; absent: `audit.log` in the state directory. */
  readonly path?: string;
  readonly maxBytes?: number;
  readonly maxFiles?: number;
  /** Of what cannot be written down. */
  readonly onFailure?: "refuse" | "go_on";
}

/** What comes over the network; 0: as much as they want. */
export interface DoorLimits {
  /** Calls a second of one identity, and how many may come at once. */
  readonly rate?: number;
  readonly burst?: number;
  /** Tokens that are no good, a minute, of one address. */
  readonly failures?: number;
  /** Events and logs that one client follows at a time. */
  readonly streams?: number;
  readonly bodyBytes?: number;
  /** An answer that takes longer is not waited for. */
  readonly deadlineMillis?: number;
}

export interface TelemetrySpec {
  readonly endpoint?: string;
  readonly protocol?: "http/json" | "http/protobuf";
  readonly headers?: Readonly<Record<string, string | { readonly file: string } | { readonly env: string }>>;
  readonly traces?: boolean;
  readonly metrics?: boolean;
  readonly logs?: boolean;
  /** Of traces that begin here. */
  readonly sampleRatio?: number;
  readonly intervalMillis?: number;
  readonly serviceName?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}
