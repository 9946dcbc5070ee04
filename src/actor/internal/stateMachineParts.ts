/**
 * What a state machine is told and what it remembers.
 */
import type { Action, NextEvent, Timeout } from "../StateMachine.ts";
import type { Call } from "./cell.ts";
import type { Machine } from "./stateMachine.ts";

/** What a handler returns: how the machine goes on. */
export class Step {
  readonly kind: "next" | "keep" | "repeat" | "stop";
  /** The state to go to, or the reason to stop for. */
  readonly to: unknown;
  readonly data: unknown;
  readonly actions: ReadonlyArray<Action>;
  constructor(kind: Step["kind"], to: unknown, data: unknown, actions: ReadonlyArray<Action> = []) {
    this.kind = kind;
    this.to = to;
    this.data = data;
    this.actions = actions;
  }
}

type Handler = (data: unknown, input: unknown, machine: Machine) => unknown;

/** The handlers of each state, by the path under which they were given: `enter`, `on.Tag`, `stateTimeout`, `timeouts.name`, `info`. */
type Table = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

/** What all incarnations share. */
export interface Definition {
  readonly table: Table;
  /** Handlers whose errors are the caller's: by their path. */
  readonly typedErrors: ReadonlySet<string>;
}

/** It lives until it was handled: longer than a turn when it is postponed. */
export class MachineEvent {
  /** The path of its handler. */
  readonly key: string;
  readonly payload: unknown;
  readonly call: Call | null;
  /** The reply comes later. */
  deferred = false;
  constructor(key: string, payload: unknown, call: Call | null) {
    this.key = key;
    this.payload = payload;
    this.call = call;
  }
}

/** What one event and the enter handler after it have asked for. */
export class Transition {
  readonly event: MachineEvent | null;
  readonly from: string;
  changed = false;
  postpone = false;
  readonly nextEvents: Array<NextEvent<string, unknown>> = [];
  readonly timeouts: Array<Timeout<string>> = [];
  constructor(event: MachineEvent | null, from: string) {
    this.event = event;
    this.from = from;
  }
}
