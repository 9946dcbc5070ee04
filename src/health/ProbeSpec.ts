/**
 * What is probed, and how often, as plain data. All times are milliseconds.
 */

/** Statuses from one to another, both included. */
export type StatusRange = readonly [from: number, to: number];

export interface HttpCheck {
  readonly kind: "http";
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Passes with a status in any of them. A redirect is not followed: 3xx is what it is. */
  readonly status: ReadonlyArray<StatusRange>;
  /** The body must contain this; at most 64 kB of it are read. */
  readonly body?: string;
  /** TLS: any certificate will do. */
  readonly insecureSkipVerify?: boolean;
  /** TLS: PEM file with the authorities that are trusted instead of the system's; read at each run. */
  readonly caFile?: string;
}

export interface TcpCheck {
  readonly kind: "tcp";
  readonly address: string;
  readonly port: number;
}

/** Paths are absolute, of PEM files, and read at each run. */
export interface TlsSpec {
  /** Any certificate will do. */
  readonly insecureSkipVerify?: boolean;
  /** The authorities that are trusted instead of the system's. */
  readonly caFile?: string;
  /** Whose certificate it has to be, and who is asked for where one address serves several; absent: the address. */
  readonly serverName?: string;
  /** What the probe shows of itself; one with the other. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface GrpcCheck {
  readonly kind: "grpc";
  readonly address: string;
  /** Null: the one that the unit was told, or has made known. */
  readonly port: number | null;
  /**
   * `check` and `watch` ask `grpc.health.v1`: one question a run, or a stream on which the server tells of each change. `ping` asks upstream's
   * `proto.CoreService/Ping`, and is content with a server that does not know it. `own` asks an integrated unit for what it has: `check`, else `ping`.
   */
  readonly method: "check" | "watch" | "ping" | "own";
  /** Of `grpc.health.v1`; empty: the server as a whole. */
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: plaintext. */
  readonly tls?: TlsSpec;
}

export interface ExecCheck {
  readonly kind: "exec";
  readonly command: string;
  readonly args: ReadonlyArray<string>;
}

/** The process is there: the system tells of its end, so nobody asks. */
export interface ProcessCheck {
  readonly kind: "process";
}

export type CheckSpec = HttpCheck | TcpCheck | GrpcCheck | ExecCheck | ProcessCheck;

/** One probe of a unit. */
export interface ProbeSpec {
  readonly check: CheckSpec;
  /** From the start of a run to the start of the next. */
  readonly intervalMillis: number;
  /** Less than the interval. */
  readonly timeoutMillis: number;
  /** From the start of the process to the first run. */
  readonly initialDelayMillis: number;
  /** For so long after the first run failures do not count, as long as none has passed; an interval at least. */
  readonly graceMillis?: number;
  /** Failures in a row that make it unhealthy. */
  readonly failureThreshold: number;
  /** Passes in a row that make it healthy. */
  readonly successThreshold: number;
  /** 0 to 1: an interval i becomes i × (1 - jitter … 1 + jitter). */
  readonly jitter: number;
}

/** The probes of a unit. */
export interface ProbesSpec {
  /** Until it passes, the unit is starting and the others wait; when it has failed, so has the start. */
  readonly startup?: ProbeSpec;
  /** Whether the unit can be used. */
  readonly readiness?: ProbeSpec;
  /** When it has failed, the process is ended and restarted as the unit's policy says. */
  readonly liveness?: ProbeSpec;
  /** There is no readiness probe, and the liveness probe says whether the unit can be used as well. */
  readonly livenessIsReadiness?: boolean;
}

export const probeKinds = ["startup", "readiness", "liveness"] as const;
export type ProbeKind = (typeof probeKinds)[number];
