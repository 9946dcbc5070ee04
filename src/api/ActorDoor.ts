/**
 * Exported actors through a door: each client has a session, which ends with the stream of what they tell it.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import { Remote } from "../actor/index.ts";
import type { Batch, NotServed } from "../protocol/Actors.ts";
import { Forbidden, TooMany } from "../protocol/RemoteErrors.ts";

/** Characters that wait for a client which does not read; beyond that it is given up. */
const mostWaiting = 8_000_000;
/** Batches that came before one that they have to wait for: no client has more under way. */
const mostEarly = 200;
const mostSessions = 1000;

interface Session {
  readonly put: (seq: number, text: string) => void;
  /** Who takes what is said in the same breath. */
  carrier: ((batch: Batch | null) => void) | null;
}

export interface ActorDoor {
  readonly open: (session: string, exports: Remote.Exports) => Stream.Stream<Batch, NotServed>;
  readonly messages: (session: string, batch: Batch) => Effect.Effect<Batch | null, NotServed>;
}

export const make = (): ActorDoor => {
  const sessions = new Map<string, Session>();

  const begin = Effect.fnUntraced(function* (id: string, exports: Remote.Exports) {
    if (sessions.has(id)) return yield* new Forbidden({ why: "there is a session of that name" });
    if (sessions.size >= mostSessions) return yield* new TooMany({ what: "sessions with actors", most: mostSessions });
    const out = yield* Queue.unbounded<Batch, NotServed>();
    let waiting = 0;
    let seq = 0;
    const end = (error: unknown): void =>
      void Queue.failCauseUnsafe(out, Cause.fail(new Forbidden({ why: error instanceof Error ? error.message : String(error) })));
    const write = (text: string): void => {
      const batch = { seq: seq++, text };
      const { carrier } = session;
      if (carrier !== null) {
        session.carrier = null;
        return carrier(batch);
      }
      waiting += text.length;
      if (waiting > mostWaiting) return end(new Error("it does not read what it is told"));
      Queue.offerUnsafe(out, batch);
    };
    const served = Remote.serve(exports, write, end);
    const order = new Remote.InOrder(served.hear);
    const session: Session = {
      carrier: null,
      put: (at, text) => {
        order.put(at, text);
        if (order.waiting > mostEarly) end(new Error("something of what it has sent is missing"));
      },
    };
    sessions.set(id, session);
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        sessions.delete(id);
        served.close();
      }),
    );
    write("");
    return Stream.map(Stream.fromQueue(out), (batch) => {
      waiting -= batch.text.length;
      return batch;
    });
  });

  return {
    open: (id, exports) => Stream.unwrap(begin(id, exports)),
    messages: (id, { seq, text }) =>
      Effect.callback((resume) => {
        const session = sessions.get(id);
        if (session === undefined) return resume(Effect.fail(new Forbidden({ why: "there is no such session" })));
        const carry = (batch: Batch | null): void => resume(Effect.succeed(batch));
        session.carrier?.(null);
        session.carrier = carry;
        session.put(seq, text);
        // An actor that answers at once has done so when the microtasks are through.
        setImmediate(() => {
          if (session.carrier !== carry) return;
          session.carrier = null;
          carry(null);
        });
      }),
  };
};
