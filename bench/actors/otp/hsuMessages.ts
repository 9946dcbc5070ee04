/**
 * Messages between HSU's actors, as the OTP programs of this folder send them.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef } from "../../../src/actor/index.ts";
import { burst } from "../plan.ts";
import { Counter, type CounterRef, rate, timed } from "./hsuServer.ts";
import type { Bench } from "./plan.ts";

const cast = rate((n) =>
  Effect.gen(function* () {
    const ref = yield* Actor.spawn(Counter, 0);
    return yield* timed(
      Effect.gen(function* () {
        for (let sent = 0; sent < n; sent += burst) {
          for (let i = 0; i < burst; i++) ref.cast("Tick");
          if ((yield* ref.call("Get")) !== sent + burst) throw new Error("a cast was lost");
        }
      }),
    );
  }),
);

const calls = (get: (ref: CounterRef) => ReturnType<CounterRef["call"]>): Bench =>
  rate((n) =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Counter, 7);
      return yield* timed(
        Effect.gen(function* () {
          for (let i = 0; i < n; i++) if ((yield* get(ref)) !== 7) throw new Error("a wrong answer");
        }),
      );
    }),
  );

const hopProtocol = RpcGroup.make(Rpc.make("Hop", { payload: { left: Schema.Number } }));
type HopRef = ActorRef<RpcGroup.Rpcs<typeof hopProtocol>>;

/** A member of a ring: knows the next one, and whom to tell at the end. */
interface Place {
  next: HopRef | undefined;
  done: () => void;
}

const Member = Actor.make({
  name: "member",
  protocol: hopProtocol,
  init: (place: Place) => place,
  handlers: {
    Hop: (place, { left }) => {
      if (left === 0) place.done();
      else place.next?.cast("Hop", { left: left - 1 });
      return place;
    },
  },
});

const ring = (size: number): Bench =>
  rate((n) =>
    Effect.gen(function* () {
      const places = Array.from({ length: size }, (): Place => ({ next: undefined, done: () => {} }));
      const refs = yield* Effect.forEach(places, (place) => Actor.spawn(Member, place));
      places.forEach((place, index) => (place.next = refs[(index + 1) % size]));
      return yield* timed(
        Effect.callback<void>((resume) => {
          for (const place of places) place.done = () => resume(Effect.void);
          refs[0]?.cast("Hop", { left: n });
        }),
      );
    }),
  );

const goProtocol = RpcGroup.make(Rpc.make("Go"));
const tickProtocol = RpcGroup.make(Rpc.make("Tick"));

const Sink = Actor.make({
  name: "sink",
  protocol: tickProtocol,
  init: (all: { readonly left: number; readonly done: () => void }) => all,
  handlers: {
    Tick: ({ done, left }) => {
      if (left === 1) done();
      return { left: left - 1, done };
    },
  },
});
type SinkRef = ActorRef<RpcGroup.Rpcs<typeof tickProtocol>>;

/** Sends a hundred at a time, then lets others go on. */
const Sender = Actor.make({
  name: "sender",
  protocol: goProtocol,
  init: (all: { readonly left: number; readonly sink: SinkRef }) => all,
  handlers: {
    Go: ({ left, sink }, _, context) => {
      const batch = Math.min(100, left);
      for (let i = 0; i < batch; i++) sink.cast("Tick");
      if (left > batch) context.self.cast("Go");
      return { left: left - batch, sink };
    },
  },
});

const fanIn = rate((n) =>
  Effect.gen(function* () {
    const end = Promise.withResolvers<void>();
    const sink = yield* Actor.spawn(Sink, { left: n, done: end.resolve });
    const senders = yield* Effect.forEach(Array.from({ length: 100 }), () => Actor.spawn(Sender, { left: n / 100, sink }));
    return yield* timed(
      Effect.promise(() => {
        for (const sender of senders) sender.cast("Go");
        return end.promise;
      }),
    );
  }),
);

export const messages = {
  cast,
  call: calls((ref) => ref.call("Get", undefined, { timeout: "infinity" })),
  callDeadline: calls((ref) => ref.call("Get")),
  pingPong: ring(2),
  ring: ring(1000),
  fanIn,
} satisfies Readonly<Record<string, Bench>>;
