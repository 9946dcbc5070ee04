import * as Data from "effect/Data";

const shown = 20;

/**
 * What a probe or a recorder was to see did not come. The message says what came instead.
 *
 * @example
 * ```ts run
 * import { Probe } from "hsu/testing"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { TestClock } from "effect/testing"
 *
 * const protocol = RpcGroup.make(Rpc.make("Ping"), Rpc.make("Pong", { payload: Schema.Number }))
 * const program = Effect.gen(function*() {
 *   const probe = yield* Probe.make(protocol)
 *   probe.ref.cast("Pong", 1)
 *   return yield* Effect.flip(probe.expect("Ping"))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer())))
 * error.message // => "expected Ping; came: Pong 1"
 * ```
 * @since 0.1.0
 */
export class ExpectationFailed extends Data.TaggedError("ExpectationFailed")<{
  readonly expected: string;
  /** What came instead, in order, as text. */
  readonly came: ReadonlyArray<string>;
}> {
  readonly code = "HSU-TST-001";
  override get message(): string {
    const { came, expected } = this;
    const more = came.length > shown ? `, and ${came.length - shown} more` : "";
    return `expected ${expected}; came: ${came.length === 0 ? "nothing" : came.slice(0, shown).join(", ") + more}`;
  }
}
