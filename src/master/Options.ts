/**
 * What a master is made from.
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Supervisor } from "../actor/index.ts";
import type { Driver } from "../driver/index.ts";
import type { Outputs } from "../logs/index.ts";
import type { Trail } from "../security/index.ts";
import type { Store } from "../store/index.ts";
import type { MasterSpec } from "../unit/index.ts";
import type { NotUpgradable } from "../protocol/Errors.ts";
import type { Control } from "./Control.ts";

/** The tree that a part of the master is in. */
export interface Within {
  /** It is free once it has started that part. */
  readonly root: Supervisor.SupervisorRef;
  /** Tells what has happened, as an event of the master. */
  readonly publish: (path: ReadonlyArray<string>, type: string, message: string) => void;
}

/** A part of the master that runs beside the units, under the same root: an API server, a collector. */
export interface Service {
  readonly id: string;
  /** Starts it; what it acquires is released when the worker ends. */
  readonly start: (control: Control["Service"], within: Within) => Effect.Effect<void, unknown, Scope.Scope>;
}

export interface Options {
  readonly spec: MasterSpec;
  readonly driver: Driver;
  readonly stateDirectory: string;
  /** Who takes over what the units write, the driver's as well; absent: nobody does. */
  readonly outputs?: Outputs;
  /** What an earlier master has left, and what is kept for a later one. */
  readonly store: Store;
  readonly version: string;
  readonly pid: number;
  /** Resident bytes of this process. */
  readonly memory: Effect.Effect<number | null>;
  /** Has another program take this one's place, soon, with the same arguments; absent where it has no process of its own. */
  readonly replace?: (command: ReadonlyArray<string>) => Effect.Effect<void, NotUpgradable>;
  /** Where what is done is written down; absent: it is not. */
  readonly audit?: Trail;
  /** Started before the units and stopped after them. */
  readonly services: ReadonlyArray<Service>;
}
