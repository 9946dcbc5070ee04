/**
 * Who stands at a door: a call is made by who may make it, and a command once. What is refused is written down.
 */
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { AuditWho } from "../protocol/Audit.ts";
import { Door } from "../protocol/Door.ts";
import { Forbidden } from "../protocol/RemoteErrors.ts";
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

export interface Guard {
  /** Asked with each call: what was good when he came may not be any more. */
  readonly who: Effect.Effect<Caller, { readonly message: string }>;
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

export const doorFor = ({ audit, origin, outcomes, who }: Guard): Layer.Layer<Door> =>
  Layer.succeed(Door, (answer, { headers, payload, rpc }) =>
    Effect.gen(function* () {
      const operation = rpc._tag as Operation;
      const refused = (from: Effect.Effect<AuditWho>, code: string) =>
        audit === undefined ? Effect.void : Effect.flatMap(from, (him) => audit.refused(him, { operation, ...targetOf(payload) }, code));
      const caller = yield* Effect.mapError(who, ({ message }) => new Forbidden({ why: message })).pipe(
        Effect.tapError(({ code }) => refused(origin, code)),
      );
      const { name, role } = caller;
      const from = Effect.map(origin, (him) => known(him, caller));
      const admitted = Effect.gen(function* () {
        if (!includes(role, needs[operation])) {
          return yield* new Forbidden({ why: `this needs the role ${needs[operation]}, and ${JSON.stringify(name)} has ${role}` });
        }
        const id = isCommand(operation) ? Option.getOrUndefined(Headers.get(headers, commandId)) : undefined;
        const asked = askedBy(from)(answer);
        return yield* id === undefined ? asked : outcomes.once(`${name} ${id}`, asked);
      });
      return yield* Effect.tapError(admitted, (error) => (error instanceof Forbidden ? refused(from, error.code) : Effect.void));
    }),
  );
