/** Ends by itself only if nothing that is over keeps it alive: `node far.ts interrupt|reply|wake`. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor } from "../../src/actor/index.ts";

let place: Actor.ReplyTo<void> | null = null;
const Mute = Actor.make({
  name: "mute",
  protocol: RpcGroup.make(Rpc.make("Ask")),
  init: () => 0,
  handlers: {
    Ask: (state, _, context) => {
      place = context.deferReply();
      return Actor.noReply(state);
    },
  },
});

const ask = Effect.gen(function* () {
  const mute = yield* Actor.spawn(Mute, undefined);
  const call = yield* Effect.forkDetach(Effect.exit(mute.call("Ask", undefined, { timeout: 3_600_000 })), { startImmediately: true });
  yield* Effect.sleep(20);
  if (process.argv[2] === "reply") Actor.replyTo(place!, undefined);
  else yield* Fiber.interrupt(call);
  // A nearer alarm goes off when nothing is waited for, and finds the farther one.
  if (process.argv[2] === "wake") {
    yield* Effect.exit(Effect.timeout(mute.call("Ask", undefined, { timeout: 50 }), 5));
    yield* Effect.sleep(200);
  }
  process.stdout.write("done");
  // The scope stays open: what could keep the process is the call's deadline alone.
  yield* Effect.sync(() => void setTimeout(() => {}, 0));
  return yield* Effect.callback<never>(() => {});
});
Effect.runFork(Effect.scoped(ask));
