/**
 * What carries messages to the actors of a master, and theirs to us: two calls of `MasterRpc`, over a connection that somebody has opened.
 */
import * as Cause from "effect/Cause";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import { randomUUID } from "node:crypto";
import { Remote } from "../actor/index.ts";
import type { Client } from "./Client.ts";

/** Calls that may be under way: the other side has a limit, and what comes in the meantime goes together. */
const mostUnderway = 16;
/** Characters that go together, if more than one message does. */
const together = 250_000;

const isTransport = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RpcClientError";

/** Why it was over, for people. */
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause);
  if (isTransport(error)) return "it has closed the connection";
  return error instanceof Error ? error.message : String(error);
};

/** The node's actors are spoken to over this connection, from the first that is wanted on; it returns when that is over, with the reason. */
export const carry = Effect.fnUntraced(function* (node: Remote.Node, { call }: Pick<Client, "call">): Effect.fn.Return<string> {
  const remote = node["~hsu/node"];
  yield* Effect.callback<void>((resume) => remote.whenWanted(() => resume(Effect.void)));
  const session = randomUUID();
  const run = Effect.runForkWith(yield* Effect.context<never>());
  const over = yield* Deferred.make<string>();
  const end = (why: string): void => void Deferred.doneUnsafe(over, Exit.succeed(why));
  let seq = 0;
  let underway = 0;
  let waiting: Array<string> = [];
  let order: Remote.InOrder | null = null;

  const send = (text: string): void => {
    underway++;
    const sent = call.ActorMessages({ session, seq: seq++, text });
    run(
      Effect.onExit(sent, (exit) =>
        Effect.sync(() => {
          underway--;
          if (Exit.isFailure(exit)) return end(reasonOf(exit.cause));
          if (waiting.length > 0) send(gathered());
          if (exit.value !== null) order?.put(exit.value.seq, exit.value.text);
        }),
      ).pipe(Effect.exit),
    );
  };
  /** As many of those that wait as may go together. */
  const gathered = (): string => {
    let length = 0;
    const count = waiting.findIndex((text) => (length += text.length) > together);
    const taken = waiting.splice(0, count === -1 ? waiting.length : Math.max(1, count));
    return taken.join(",");
  };
  const write = (text: string): void => {
    if (underway < mostUnderway) send(text);
    else waiting.push(text);
  };

  const hear = Stream.runForEach(call.Actors({ session }), (batch) =>
    Effect.sync(() => {
      // The first one says that there is somebody who hears.
      order ??= new Remote.InOrder(remote.connect(write, (error) => end(String(error))).hear);
      order.put(batch.seq, batch.text);
    }),
  ).pipe(
    Effect.as("it has ended the session"),
    Effect.catchCause((cause) => Effect.succeed(reasonOf(cause))),
  );
  return yield* Effect.raceFirst(hear, Deferred.await(over)).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        order = null;
        waiting = [];
      }),
    ),
  );
});
