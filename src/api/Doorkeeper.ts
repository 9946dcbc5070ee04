/**
 * Who stands at a door: a call is made by who may make it, and a command once.
 */
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { Door } from "../protocol/Door.ts";
import { Forbidden } from "../protocol/RemoteErrors.ts";
import { commandId, includes, isCommand, needs, type Operation, type Role } from "../protocol/Rights.ts";
import type { Outcomes } from "./Outcomes.ts";

/** Who has come in. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** What he may see is below this group alone. */
  readonly group: string | null;
}

/** Who may write to the master's socket is who runs it. */
export const owner: Effect.Effect<Caller> = Effect.succeed({ name: "", role: "admin", group: null });

/** `who` is asked with each call: what was good when he came may not be any more. */
export const doorFor = (who: Effect.Effect<Caller, { readonly message: string }>, outcomes: Outcomes): Layer.Layer<Door> =>
  Layer.succeed(Door, (answer, { headers, rpc }) =>
    Effect.gen(function* () {
      const operation = rpc._tag as Operation;
      const { name, role } = yield* Effect.mapError(who, ({ message }) => new Forbidden({ why: message }));
      if (!includes(role, needs[operation])) {
        return yield* new Forbidden({ why: `this needs the role ${needs[operation]}, and ${JSON.stringify(name)} has ${role}` });
      }
      const id = isCommand(operation) ? Option.getOrUndefined(Headers.get(headers, commandId)) : undefined;
      return yield* id === undefined ? answer : outcomes.once(`${name} ${id}`, answer);
    }),
  );
