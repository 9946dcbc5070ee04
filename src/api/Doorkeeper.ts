/**
 * Who stands at a door: a call is made by who may make it, and a command once. What is refused is written down.
 */
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { AuditWho } from "../protocol/Audit.ts";
import { Door } from "../protocol/Door.ts";
import { Forbidden, type TooMany } from "../protocol/RemoteErrors.ts";
import { commandId, includes, isCommand, needs, type Operation, type Role } from "../protocol/Rights.ts";
import { askedBy, type Trail } from "../security/index.ts";
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

/** Whether he may. */
const permit = ({ name, role }: Caller, operation: Operation): Effect.Effect<void, Forbidden> =>
  includes(role, needs[operation])
    ? Effect.void
    : Effect.fail(new Forbidden({ why: `this needs the role ${needs[operation]}, and ${JSON.stringify(name)} has ${role}` }));

export interface Guard<Stranger> {
  /** Asked with each call: what was good when he came may not be any more. */
  readonly who: Effect.Effect<Caller, Stranger>;
  /** Where he came from. */
  readonly origin: Effect.Effect<AuditWho>;
  readonly outcomes: Outcomes;
  readonly audit: Trail | undefined;
}

/** The same with his name, and what it is good for. */
export const known = (origin: AuditWho, { group, name, role }: Caller): AuditWho => ({
  ...origin,
  ...(name === "" ? {} : { name, role }),
  ...(group === null ? {} : { group }),
});

/** What a call is about, as far as it says so. */
const targetOf = (payload: unknown): { readonly target?: string } => {
  const { name, unit } = (payload ?? {}) as { readonly unit?: unknown; readonly name?: unknown };
  const target = typeof unit === "string" ? unit : name;
  return typeof target === "string" ? { target } : {};
};

/** What is asked for; `id` is that of the command, if it has one. */
export interface Asked {
  readonly operation: Operation;
  readonly payload: unknown;
  readonly id: string | undefined;
}

/** What every call passes, at every door, before it is answered. */
export const pass = <A, E, R, Stranger extends { readonly code: string }>(
  { audit, origin, outcomes, who }: Guard<Stranger>,
  { id, operation, payload }: Asked,
  answer: (caller: Caller) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | Stranger | Forbidden | TooMany, R> =>
  Effect.gen(function* () {
    const refused = (from: Effect.Effect<AuditWho>, code: string) =>
      audit === undefined ? Effect.void : Effect.flatMap(from, (him) => audit.refused(him, { operation, ...targetOf(payload) }, code));
    const caller = yield* Effect.tapError(who, ({ code }) => refused(origin, code));
    const from = Effect.map(origin, (him) => known(him, caller));
    const admitted = Effect.gen(function* () {
      yield* permit(caller, operation);
      const asked = askedBy(from)(answer(caller));
      return yield* id === undefined || !isCommand(operation) ? asked : outcomes.once(`${caller.name} ${id}`, asked);
    });
    return yield* Effect.tapError(admitted, (error) => (error instanceof Forbidden ? refused(from, error.code) : Effect.void));
  });

export const doorFor = ({ who, ...guard }: Guard<{ readonly message: string }>): Layer.Layer<Door> => {
  const door = { ...guard, who: Effect.mapError(who, ({ message }) => new Forbidden({ why: message })) };
  return Layer.succeed(Door, (answer, { headers, payload, rpc }) => {
    const id = Option.getOrUndefined(Headers.get(headers, commandId));
    return pass(door, { operation: rpc._tag as Operation, payload, id }, () => answer);
  });
};
