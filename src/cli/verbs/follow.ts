/**
 * What `logs` and `events` share: a stream from the master, printed until it ends.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type { Scope } from "effect/Scope";
import * as Stream from "effect/Stream";
import type { OutputClosed } from "../Errors.ts";
import { type Invocation, print, say } from "../Invocation.ts";

/**
 * Prints what the stream brings. A master that ends in good order ends the stream too, by interrupting it; whoever was following is told so, and
 * that is no failure.
 */
export const printAll = <A, E>(
  invocation: Invocation,
  stream: Stream.Stream<A, E>,
  render: (value: A) => string,
): Effect.Effect<void, E | OutputClosed, Scope> =>
  Stream.runForEachArray(stream, (values) => print(invocation, values.map(render).join(""))).pipe(
    Effect.catchCause((cause) => (Cause.hasInterruptsOnly(cause) ? say(invocation, "the master has ended") : Effect.failCause(cause))),
  );
