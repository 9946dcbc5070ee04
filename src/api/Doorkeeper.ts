/**
 * Who stands at a door: a call is made by who may make it, and a command once. What is refused is written down.
 */
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type * as Rpc from "effect/rpc/Rpc";
import * as RpcSchema from "effect/rpc/RpcSchema";
import type { AuditWho } from "../protocol/Audit.ts";
import { Door } from "../protocol/Door.ts";
import { Forbidden, TooMany, TooOften, TooSlow } from "../protocol/RemoteErrors.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import { commandId, includes, isCommand, needs, type Operation, type Role } from "../protocol/Rights.ts";
import type { Trail } from "../security/index.ts";
import { askedBy } from "../security/Origin.ts";
import { Traceparent } from "../security/Traceparent.ts";
import type { Staying } from "./Staying.ts";
import type { Throttle } from "./Throttle.ts";
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
  /** Absent: as much as he wants. */
  readonly throttle?: Throttle | undefined;
  /** Absent: somebody else sees to it that who follows something is still good for it. */
  readonly staying?: Staying | undefined;
  /** Told of each one who got less than he wanted. */
  readonly count?: ((code: string) => void) | undefined;
  /** Of a refusal that has a code of its own at this door. */
  readonly forbiddenAs?: string | undefined;
}

/** The same with his name, and what it is good for. */
const known = (origin: AuditWho, { group, name, role }: Caller): AuditWho => ({
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
  /** W3C's header. */
  readonly traceparent?: string | undefined;
  /** It is answered at once, also where others are answered bit by bit; what is followed is counted by who answers. */
  readonly whole?: boolean;
}

/** Whether it is answered more than once. */
export const isStreaming = (operation: Operation): boolean =>
  RpcSchema.isStreamSchema((MasterRpc.requests.get(operation) as unknown as Rpc.AnyWithProps).successSchema);

const isFollowed = (payload: unknown): boolean => (payload as { readonly follow?: unknown } | null)?.follow === true;

/** A call that has one answer, and has it in time; or one of not too many that are followed. */
const bounded = <A, E, R>(
  answer: Effect.Effect<A, E, R>,
  { limits: { deadlineMillis, streams }, stream }: Throttle,
  { name }: Caller,
  { operation, payload, whole = false }: Asked,
): Effect.Effect<A, E | TooMany | TooSlow, R> => {
  if (!whole && isStreaming(operation)) {
    if (!isFollowed(payload)) return answer;
    return Effect.acquireUseRelease(
      Effect.suspend(() => {
        const end = stream(name);
        return end === undefined
          ? Effect.fail(new TooMany({ what: name === "" ? "streams" : `streams of ${name}`, most: streams }))
          : Effect.succeed(end);
      }),
      () => answer,
      (end) => Effect.sync(end),
    );
  }
  if (deadlineMillis === 0) return answer;
  const orElse = () => Effect.fail(new TooSlow({ operation, millis: deadlineMillis }));
  return Effect.timeoutOrElse(answer, { duration: deadlineMillis, orElse });
};

const isLimit = (error: unknown): error is TooMany | TooOften | TooSlow =>
  error instanceof TooOften || error instanceof TooMany || error instanceof TooSlow;

/** What every call passes, at every door, before it is answered. */
export const pass = <A, E, R, Stranger extends { readonly code: string }>(
  { audit, count, forbiddenAs, origin, outcomes, staying, throttle, who }: Guard<Stranger>,
  call: Asked,
  answer: (caller: Caller) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | Stranger | Forbidden | TooMany | TooOften | TooSlow, R> =>
  Effect.gen(function* () {
    const { id, operation, payload } = call;
    const refused = (from: Effect.Effect<AuditWho>, code: string) =>
      audit === undefined ? Effect.void : Effect.flatMap(from, (him) => audit.refused(him, { operation, ...targetOf(payload) }, code));
    // Of those who come too often it is enough to know how many.
    const caller = yield* Effect.tapError(who, (error) => (isLimit(error) ? Effect.void : refused(origin, error.code)));
    const from = Effect.map(origin, (him) => known(him, caller));
    const admitted = Effect.gen(function* () {
      yield* permit(caller, operation);
      const wait = throttle?.call(caller.name) ?? 0;
      if (wait > 0) return yield* new TooOften({ what: caller.name, retryAfterMillis: wait });
      const told = Effect.provideService(askedBy(from)(answer(caller)), Traceparent, call.traceparent);
      const stays = staying !== undefined && call.whole !== true && isStreaming(operation) && isFollowed(payload);
      const asked = stays ? Effect.raceFirst(told, staying.until(who)) : told;
      const done = id === undefined || !isCommand(operation) ? asked : outcomes.once(`${caller.name} ${operation} ${id}`, asked);
      return yield* throttle === undefined ? done : bounded(done, throttle, caller, call);
    });
    return yield* Effect.tapError(admitted, (error) =>
      error instanceof Forbidden ? refused(from, forbiddenAs ?? error.code) : Effect.void,
    );
  }).pipe(Effect.tapError((error) => (count !== undefined && isLimit(error) ? Effect.sync(() => count(error.code)) : Effect.void)));

export const doorFor = ({ who, ...guard }: Guard<{ readonly message: string }>): Layer.Layer<Door> => {
  const door = { ...guard, who: Effect.mapError(who, ({ message }) => new Forbidden({ why: message })) };
  return Layer.succeed(Door, (answer, { headers, payload, rpc }) => {
    const id = Option.getOrUndefined(Headers.get(headers, commandId));
    const traceparent = Option.getOrUndefined(Headers.get(headers, "traceparent"));
    const operation = rpc._tag as Operation;
    const all = () => pass(door, { operation, payload, id, traceparent }, () => answer);
    if (operation !== "ActorMessages") return all();
    // Taken at once, bounded by the actors' own windows, and no command to the master: whoever may is let through by the shortest way.
    const onSuccess = ({ role }: Caller) => (includes(role, needs[operation]) ? answer : all());
    return Effect.matchEffect(door.who, { onSuccess, onFailure: all });
  });
};
