/**
 * The first line that comes over a connection. What comes behind it is left in the connection.
 */
import * as Effect from "effect/Effect";
import type { Duplex } from "node:stream";

/** Why there is none: too much came without one, the connection ended, or it broke. */
export type NoLine = "too long" | "ended" | Error;

/** It may be followed by bytes of anything. The connection is paused afterwards. */
export const firstLine = (connection: Duplex, longest: number): Effect.Effect<string, NoLine> =>
  Effect.callback<string, NoLine>((resume) => {
    let seen: Buffer = Buffer.alloc(0);
    const off = (): void => {
      connection.off("data", data).off("end", end).off("close", end).off("error", broken);
      connection.pause();
    };
    const finish = (outcome: Effect.Effect<string, NoLine>): void => {
      off();
      resume(outcome);
    };
    const data = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const at = seen.indexOf(10);
      if (at > longest || (at === -1 && seen.length > longest)) return finish(Effect.fail("too long"));
      if (at === -1) return;
      const rest = seen.subarray(at + 1);
      const text = seen.toString("utf8", 0, at);
      off();
      if (rest.length > 0) connection.unshift(rest);
      resume(Effect.succeed(text));
    };
    const end = (): void => finish(Effect.fail("ended"));
    const broken = (error: Error): void => finish(Effect.fail(error));
    connection.on("data", data).once("end", end).once("close", end).once("error", broken);
    if (connection.destroyed) end();
    else connection.resume();
    return Effect.sync(off);
  });
