/**
 * What an actor's cell runs, and what its handlers may return.
 */
import * as Effect from "effect/Effect";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type * as ExitReason from "../ExitReason.ts";
import type { Mailbox } from "../Mailbox.ts";
import type { Op, Ops } from "./cell.ts";
import type { Shown } from "./crash.ts";

export interface View {
  readonly get: (state: any) => unknown;
  readonly set: (state: any, next: any) => unknown;
}

/** An actor definition with its types erased. */
export interface Behavior {
  readonly name: string;
  /** Absent: without a bound. */
  readonly mailbox: Mailbox | undefined;
  /** Whether the end of a linked actor comes as news instead of ending this one. */
  readonly trapExit: boolean;
  readonly ops: Ops;
  /** The same messages as definitions, for whom a message has to be written down. */
  readonly protocol: RpcGroup<any>;
  readonly init: (args: any, cell: any) => unknown;
  readonly continue: ((state: any, token: any, cell: any) => unknown) | undefined;
  readonly info: ((state: any, info: any, cell: any) => unknown) | undefined;
  /** How its state and its messages are shown to people. */
  readonly format: ((shown: any) => Partial<Shown<unknown>>) | undefined;
  /** What is its state to others, where the cell's own is something else. */
  readonly view: View | undefined;
  readonly terminate: ((state: any, reason: ExitReason.ExitReason, cell: any) => unknown) | undefined;
}

/**
 * What a handler may return instead of its next state. With `continue` and `timeout` the state is itself a result, and `value` is what comes after it.
 */
export class Directive {
  readonly kind: "reply" | "noReply" | "exit" | "ignore" | "continue" | "timeout" | "replyLater";
  readonly state: unknown;
  readonly value: unknown;
  constructor(kind: Directive["kind"], state: unknown, value: unknown) {
    this.kind = kind;
    this.state = state;
    this.value = value;
  }
}

/** What `timeout` carries. */
export interface IdleTimeout {
  readonly millis: number;
  readonly message: unknown;
}

/** In the lane of news, ahead of all else: the rest of what a handler began. */
export class Continuation {
  readonly token: unknown;
  constructor(token: unknown) {
    this.token = token;
  }
}

export const infoOp: Op = { tag: "info", handle: () => undefined, typedError: false };

/** A message outside of the protocol. */
export const informOp: Op = {
  tag: "info",
  typedError: false,
  handle: (state, message, context) => {
    const { behavior, path } = context as { readonly behavior: Behavior; readonly path: ReadonlyArray<string> };
    if (behavior.info !== undefined) return behavior.info(state, message, context);
    Effect.runFork(Effect.logWarning(`${path.join("/")}: a message outside of the protocol, and no info handler`, message));
    return undefined;
  },
};
