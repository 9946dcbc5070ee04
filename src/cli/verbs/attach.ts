/**
 * `hsu attach [--no-stdin] UNIT`
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { ExitCode } from "../ExitCode.ts";
import { say, withMaster } from "../Invocation.ts";
import { empty, type } from "../LineInput.ts";
import type { Verb } from "../Verbs.ts";
import { printAll } from "./follow.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, operands } = invocation;
  const [unit = ""] = operands;
  yield* withMaster(invocation, ({ call }) =>
    Effect.gen(function* () {
      const write = (text: string | Uint8Array) =>
        text.length === 0 ? Effect.void : call.Input({ unit, data: typeof text === "string" ? Buffer.from(text) : text });
      const output = Stream.runForEach(call.Logs({ unit, follow: true, lines: 0 }), ({ stream, text }) => io[stream].write(`${text}\n`));
      if (flags["no-stdin"] === true)
        return yield* printAll(invocation, call.Logs({ unit, follow: true, lines: 0 }), ({ text }) => `${text}\n`);
      // Whether it can be written to is known at once.
      yield* call.Input({ unit, data: new Uint8Array() });
      const input = Stream.fromAsyncIterable(io.stdin.bytes(), (cause) => cause).pipe(Stream.orDie);
      if (!io.stdin.isTTY) return yield* Effect.raceFirst(output, Stream.runForEach(input, write));
      yield* say(invocation, `attached to ${unit}: Ctrl-P Ctrl-Q leaves it, and it runs on`);
      yield* Effect.acquireRelease(
        Effect.sync(() => io.stdin.raw(true)),
        () => Effect.sync(() => io.stdin.raw(false)),
      );
      const decoder = new TextDecoder();
      let state = empty;
      const typed = Stream.runForEachWhile(input, (keys) => {
        const next = type(state, decoder.decode(keys, { stream: true }));
        state = next.state;
        return io.stdout.write(next.echo).pipe(Effect.andThen(write(next.send)), Effect.as(!next.isOver));
      });
      return yield* Effect.raceFirst(output, typed);
    }),
  );
  return ExitCode.ok;
});
