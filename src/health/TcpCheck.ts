/**
 * Passes when a connection is made; it is closed at once.
 */
import * as Effect from "effect/Effect";
import { connect } from "node:net";
import { failed, type Outcome, passed } from "./Check.ts";
import { explain } from "./NetworkErrors.ts";
import type { TcpCheck } from "./ProbeSpec.ts";

export const run = ({ address, port }: TcpCheck): Effect.Effect<Outcome> =>
  Effect.callback((resume) => {
    const socket = connect({ host: address, port });
    const end = (outcome: Outcome): void => {
      socket.destroy();
      resume(Effect.succeed(outcome));
    };
    socket.on("error", (error) => end(failed(explain(error))));
    socket.on("connect", () => end(passed("connected")));
    return Effect.sync(() => socket.destroy());
  });
