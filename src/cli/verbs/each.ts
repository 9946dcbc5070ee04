/**
 * What `start`, `stop`, `restart` and their like share: one command to each of several units.
 */
import * as Effect from "effect/Effect";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import type { InvalidTransition, NotAllowed, NotReloadable, StartFailed, UnitNotFound } from "../../protocol/Errors.ts";
import type { UnitStatus } from "../../protocol/MasterRpc.ts";
import type { Client } from "../Client.ts";
import { ExitCode } from "../ExitCode.ts";
import { complain, print, withMaster } from "../Invocation.ts";
import { stateStyle } from "../render/paint.ts";
import { clean } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";

type Refusal = UnitNotFound | InvalidTransition | NotAllowed | NotReloadable | StartFailed;

/**
 * Commands the units in the order they were given and prints the state each is in. One that fails does not keep the next ones from their turn; the
 * exit code is that of the first failure.
 */
export const each = (command: (call: Client["call"], unit: string) => Effect.Effect<UnitStatus, Refusal | RpcClientError>): Verb =>
  Effect.fnUntraced(function* (invocation) {
    const { operands, paint } = invocation;
    let exitCode: ExitCode = ExitCode.ok;
    const fail = (error: Refusal) => {
      if (exitCode === ExitCode.ok) exitCode = error._tag === "UnitNotFound" ? ExitCode.unknownUnit : ExitCode.failed;
      return complain(invocation, error);
    };
    const show = (status: UnitStatus) => {
      const pid = status.pid === null ? "" : ` (pid ${status.pid})`;
      return print(invocation, `${clean(status.id)} ${stateStyle(paint, status.state)(status.state)}${pid}\n`);
    };
    yield* withMaster(invocation, ({ call }) =>
      Effect.forEach(
        operands,
        (unit) =>
          Effect.flatMap(command(call, unit), show).pipe(
            Effect.catchTag(["UnitNotFound", "InvalidTransition", "NotAllowed", "NotReloadable", "StartFailed"], fail),
          ),
        { discard: true },
      ),
    );
    return exitCode;
  });
