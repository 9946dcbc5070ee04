/** A worker without a thread, for tests that start many: the tree runs behind a message channel. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, WorkerSupervisor } from "../../src/actor/index.ts";
import { quiet } from "../actor/actors.ts";

export const numbered = RpcGroup.make(Rpc.make("Number", { payload: { n: Schema.Number } }), Rpc.make("Last", { success: Schema.Number }));

export class CounterPort {
  /** Numbers, as the actor behind the port has handled them. */
  readonly seen: Array<number> = [];
  private life = 0;
  private fail: (error: unknown) => void = () => {};

  /** Ends the worker as an uncaught error would. */
  crash(): void {
    this.fail(new Error("crash"));
  }

  readonly spawn = (): WorkerSupervisor.WorkerPort => {
    const life = ++this.life;
    const Numbered = Actor.make({
      name: "numbered",
      protocol: numbered,
      init: () => -1,
      handlers: {
        Number: (last, { n }) => {
          // A thread that was ended runs no further; one that only lost its port is made to look so.
          if (this.life === life) this.seen.push(n);
          return Math.max(last, n);
        },
        Last: (last) => Actor.reply(last, last),
      },
    });
    const child = ChildSpec.make(Numbered, undefined, { id: "numbered" });
    const port = behindChannel({ children: [child], exports: { numbered: child } });
    return {
      ...port,
      on: (event, listener) => {
        if (event === "error") this.fail = listener;
        else port.on?.(event, listener);
      },
    };
  };
}

/** Serves a tree in this thread, behind a message channel. */
export const behindChannel = (tree: WorkerSupervisor.Tree<never>): WorkerSupervisor.WorkerPort => {
  const { port1, port2 } = new MessageChannel();
  Effect.runFork(quiet(WorkerSupervisor.serve({ port: port2, tree })));
  return {
    postMessage: (message) => port1.postMessage(message),
    on: (event, listener) => port1.on(event, listener),
    terminate: () => port1.close(),
  };
};
