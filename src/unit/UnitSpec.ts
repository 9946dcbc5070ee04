/**
 * What a tree is made of, as plain data: the config room compiles YAML to it, the unit and master rooms run it.
 */

import type { AuditSpec, DoorLimits, TelemetrySpec } from "./Oversight.ts";
import type { LogsSpec } from "../logs/index.ts";
import type { Signal, SocketSpec } from "../platform/index.ts";
import type { Secrets } from "./Secrets.ts";
import type { ModuleSpec } from "./ModuleHost.ts";
import type { Unmanaged } from "./Unmanaged.ts";
import type { Controller } from "../platform/index.ts";
import type { ProbesSpec } from "../health/index.ts";
import type { PeerSpec } from "../protocol/Peers.ts";
import type { Limits } from "../resources/index.ts";
import type { Schedule } from "./Schedule.ts";

/** Supervision strategy of a group: which siblings are restarted when one child fails. */
export type GroupStrategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * When a unit is brought back: `always`, only after a failure, or `never` (OTP's permanent, transient, temporary). `unless_stopped` is `always`, and one
 * that was stopped by hand is not started with a later master either.
 */
export type RestartWhen = "always" | "unless_stopped" | "on_failure" | "never";

/** Whom a unit, or each unit of a group, waits for: ids of units and of groups. */
interface Waits {
  /** It starts when their starts are over, well or not, and stops before them. */
  readonly after?: ReadonlyArray<string>;
  /** The same, and it starts only while they can be used, and is stopped when one of them is stopped by hand. */
  readonly requires?: ReadonlyArray<string>;
}

/** How often and how fast it is tried again. All delays are milliseconds. */
export interface Retries {
  /** Restarts in a row before the unit is given up and shown as `failed`; absent: never given up. */
  readonly maxAttempts?: number;
  /** Delay before the first restart. */
  readonly delayMillis: number;
  /** Each further delay in a row is the one before times this. */
  readonly multiplier: number;
}

/** When a unit that fails again and again is left alone for a while. All times are milliseconds. */
export interface Breaker {
  /** This many failures within `windowMillis` open it. */
  readonly failures: number;
  readonly windowMillis: number;
  /** How long nothing is started once it is open. */
  readonly cooldownMillis: number;
  /** How long the start after that has to hold before it is closed again. */
  readonly stableMillis: number;
}

/** How a unit is restarted. All delays are milliseconds. */
export interface RestartPolicy extends Retries {
  readonly when: RestartWhen;
  /** Ends that are no failure: exit codes, and names of signals. */
  readonly successExits: ReadonlyArray<number | string>;
  /** No delay is longer than this. */
  readonly maxDelayMillis: number;
  /** After this long in `running` the row of attempts starts anew. */
  readonly resetAfterMillis: number;
  /** Part of each delay that is random, 0 to 1. */
  readonly jitter: number;
  readonly breaker?: Breaker;
  /** What holds for a failed health probe and for a broken limit instead of the above. */
  readonly contexts?: { readonly health?: Partial<Retries>; readonly resources?: Partial<Retries> };
  /** What attempts and delays are multiplied by: for how bad the failure was, and for the kind of program it is. */
  readonly factors?: { readonly warning: number; readonly critical: number; readonly emergency: number; readonly profile: number };
}

/** When a start is complete: when its process has said so, or when it has ended with success. */
export type StartKind = "notify" | "oneshot";

/**
 * A unit: one native process that the master owns from spawn to reaping, or, where it is unmanaged, that somebody else has started and the master finds.
 * An `integrated` one is told a port of its own at each start (`--port N` behind its arguments), and serves gRPC there.
 */
export interface UnitSpec extends Waits {
  readonly _tag: "Unit";
  readonly id: string;
  readonly kind: "managed" | "integrated" | "unmanaged" | "module";
  /** With the kind `unmanaged`: there is nothing to execute then. */
  readonly unmanaged?: Unmanaged;
  /** With the kind `module`: an actor of this process or of a thread, no process. */
  readonly module?: ModuleSpec;
  /** One of several that are alike, and that a change restarts one after the other: what they are called together. */
  readonly instanceOf?: string;
  /** So many of them may be down for that at a time; absent: one. */
  readonly maxUnavailable?: number;
  /** A disabled unit is listed and can be started by hand, but does not start with the master. */
  readonly enabled: boolean;
  readonly description?: string;
  readonly executable: string;
  readonly args: ReadonlyArray<string>;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Added to the master's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose values are read when the process starts, and are kept nowhere. */
  readonly secrets?: Secrets;
  /** The file of identities that open those of them that are encrypted; absent: the master's environment names it. */
  readonly ageIdentity?: string;
  /** Absent: a start is complete as soon as the process runs. */
  readonly start?: StartKind;
  /** Absent: it starts with its master, and by hand. */
  readonly schedule?: Schedule;
  /** One run that takes longer is ended, as a failure; absent: it may run for ever. */
  readonly runTimeoutMillis?: number;
  /** It is not started with its master but by the first call to it through the master, and stopped when nobody has called it for so long. */
  readonly onCall?: { readonly idleMillis?: number };
  /** Sockets that its master holds over its ends and starts, and hands to each process of it. */
  readonly listen?: ReadonlyArray<SocketSpec>;
  /** With `listen`: it is not told of its sockets, but listens on a port, to which its master passes connections on; absent: chosen for it. */
  readonly proxy?: { readonly port?: number };
  /** With `listen`: it is started by the first connection, and stopped when none has been open for so long. */
  readonly onDemand?: { readonly idleMillis?: number };
  /** Of a unit that tells its state: ended when it gives no sign of life for so long. */
  readonly watchdogMillis?: number;
  readonly startTimeoutMillis: number;
  /** What asks it to end: a signal's name. */
  readonly stopSignal: Signal.Signal;
  /** From that to SIGKILL. */
  readonly stopTimeoutMillis: number;
  /** What has it read its own configuration again: a signal's name; absent: it cannot. */
  readonly reloadSignal?: Signal.Signal;
  readonly restart: RestartPolicy;
  /** It can be written to (`hsu attach`); absent: it reads nothing. */
  readonly stdin?: "pipe";
  readonly capture: { readonly stdout: boolean; readonly stderr: boolean };
  /** How its output is kept; absent: as `defaultLogs` says. */
  readonly logs?: LogsSpec;
  /** What it may use of the machine; absent: all. */
  readonly limits?: Limits.LimitsSpec;
  /** What is asked of it while it runs; absent: nothing. */
  readonly probes?: ProbesSpec;
}

/** A supervisor of units and of further groups. */
export interface GroupSpec extends Waits {
  readonly _tag: "Group";
  readonly id: string;
  readonly strategy: GroupStrategy;
  /** More restarts than `intensity` within `periodMillis` escalate to the group above; absent: no limit. */
  readonly limit?: {
    readonly intensity: number;
    readonly periodMillis: number;
    /** Instead of escalating it restarts nothing for a while, then tries again. */
    readonly breaker?: Omit<Breaker, "failures" | "windowMillis">;
  };
  readonly children: ReadonlyArray<UnitSpec | GroupSpec>;
}

/** How long a piece of a text is, and what it is. */
export type Mark = readonly [length: number, hash: string];

/** Of the text that a tree came from, where that was a large one. */
export interface Marks {
  readonly dialect: string;
  /** Up to the first item of its list, and behind the last one. */
  readonly head: Mark;
  readonly tail: Mark;
  /** Spaces before each item. */
  readonly indent: number;
  /** Some items at a time, and how many children of the root group are in them. */
  readonly items: ReadonlyArray<readonly [length: number, hash: string, children: number]>;
}

/** Where a master is reached over a network, and who comes with which certificate. */
export interface DoorSpec {
  readonly address: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** By the names in their certificates. */
  readonly clients: ReadonlyArray<{ readonly name: string; readonly role: "viewer" | "operator" | "admin"; readonly group?: string }>;
}

/** What `hsu up` runs. */
export interface MasterSpec {
  /** The file it came from, for people to read. */
  readonly source: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Whether `hsu up` applies its file again when that has changed, or one that it takes in; absent: it does not. */
  readonly watch?: true;
  /** TCP port of the gRPC surface on 127.0.0.1, for `hsu up`; absent: none is opened. */
  readonly port?: number;
  /** Where the HTTP API listens, for `hsu up`; absent: there is none. The paths are absolute. */
  readonly http?: {
    readonly address: string;
    readonly port: number;
    readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa?: string };
  };
  /** Where other machines' command lines and other masters reach it, for `hsu up`; absent: they do not. The paths are absolute. */
  readonly rpc?: DoorSpec;
  /** Where the gRPC surface listens beside `port`, for `hsu up`; absent: nowhere. The paths are absolute. */
  readonly grpc?: DoorSpec;
  /** Other masters whose units are seen here, for `hsu up`. The paths are absolute. */
  readonly peers?: ReadonlyArray<PeerSpec>;
  /** Where the service registry listens, for `hsu up`; absent: there is none to be reached. */
  readonly registry?: { readonly unix?: string; readonly port?: number };
  /** What is written down of who did what; absent: all of it, in the usual place. */
  readonly audit?: AuditSpec;
  /** How much is let in by the doors; absent: as much as is usual. */
  readonly limits?: DoorLimits;
  /** Where traces, metrics and logs go to; absent: nowhere. */
  readonly telemetry?: TelemetrySpec;
  /** How often all units are looked at, and how long what was seen is kept; absent: every 10 seconds, for 10 minutes. */
  readonly sampling?: { readonly intervalMillis?: number; readonly retentionMillis?: number };
  /** Controllers of the kernel that may be used; absent: all. */
  readonly controllers?: ReadonlyArray<Controller>;
  /** Percent of the machine's memory that units may have together; 0: as much as they want; absent: 80. */
  readonly overcommitPercent?: number;
  /** A shutdown that takes longer kills what is left. */
  readonly forceShutdownTimeoutMillis: number;
  /** What the text of a large file was, piece by piece: no part of what the tree is. Absent: it is not known. */
  readonly marks?: Marks;
  /** Unit ids are unique in the whole tree. */
  readonly root: GroupSpec;
}

/** Every unit below a group, in the order of the file. */
export const unitsOf = (group: GroupSpec): ReadonlyArray<UnitSpec> =>
  group.children.flatMap((child) => (child._tag === "Unit" ? [child] : unitsOf(child)));
