/**
 * What `start`, `stop`, `restart` and their like share: one command to each of several units.
 */
import * as Effect from "effect/Effect";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import type { InvalidTransition, NotAllowed, NotReloadable, StartFailed, UnitNotFound } from "../../protocol/Errors.ts";
import type { Refusal as Refused } from "../../protocol/RemoteErrors.ts";
import type { UnitStatus } from "../../protocol/MasterRpc.ts";
import type { Client } from "../Client.ts";
import { ExitCode } from "../ExitCode.ts";
import { complain, type Invocation, print, say, withMaster } from "../Invocation.ts";
import { named, whileWaiting } from "../Progress.ts";
import { stateStyle } from "../render/paint.ts";
import { clean } from "../render/text.ts";
import { select } from "../Selection.ts";
import type { Verb } from "../Verbs.ts";

type Refusal = UnitNotFound | InvalidTransition | NotAllowed | NotReloadable | StartFailed | Refused;

interface How {
  /** The verb. */
  readonly name: string;
  readonly command: (call: Client["call"], unit: string) => Effect.Effect<UnitStatus, Refusal | RpcClientError>;
  /** Nobody waits for the one before; the master sees to it that who is required ends last. */
  readonly atOnce?: boolean;
}

/** Who it is, and how it is now. */
export const statusLine = ({ paint }: Invocation, { id, pid, state }: UnitStatus): string =>
  `${clean(id)} ${stateStyle(paint, state)(state)}${pid === null ? "" : ` (pid ${pid})`}\n`;

/**
 * Commands the units that are meant, in the order of `select`, and prints the state each is in. One that fails does not keep the next ones from their
 * turn; the exit code is that of the first failure.
 */
export const each = ({ atOnce = false, command, name }: How): Verb =>
  Effect.fnUntraced(function* (invocation) {
    const { operands } = invocation;
    let exitCode: ExitCode = ExitCode.ok;
    const fail = (error: Refusal) => {
      if (exitCode === ExitCode.ok) exitCode = error._tag === "UnitNotFound" ? ExitCode.unknownUnit : ExitCode.failed;
      return complain(invocation, error);
    };
    yield* withMaster(invocation, ({ call }) =>
      Effect.gen(function* () {
        const { units } = yield* call.Status(undefined);
        const chosen = select(name, operands, units);
        if (chosen.length === 0) yield* say(invocation, `there is nothing to ${name}`);
        const left = new Set(chosen.filter((unit) => typeof unit === "string"));
        const all = (clear: Effect.Effect<void>) =>
          Effect.forEach(
            chosen,
            (unit) => {
              const show = (status: UnitStatus) => Effect.andThen(clear, print(invocation, statusLine(invocation, status)));
              const done = Effect.sync(() => void (typeof unit === "string" && left.delete(unit)));
              return (typeof unit === "string" ? Effect.flatMap(command(call, unit), show) : Effect.fail(unit)).pipe(
                Effect.catchTag(
                  [
                    "UnitNotFound",
                    "InvalidTransition",
                    "NotAllowed",
                    "NotReloadable",
                    "StartFailed",
                    "Forbidden",
                    "TooMany",
                    "PeerDown",
                    "OutcomeUnknown",
                  ],
                  (error) => Effect.andThen(clear, fail(error)),
                ),
                Effect.ensuring(done),
              );
            },
            { discard: true, concurrency: atOnce ? "unbounded" : 1 },
          );
        yield* whileWaiting(invocation, () => `${name}: waiting for ${named(left)}`, all);
      }),
    );
    return exitCode;
  });
