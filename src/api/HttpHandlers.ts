/**
 * Each path of the HTTP API, answered by `Control`: for what the token of the request is good for, and no further.
 */
import { createHash } from "node:crypto";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as OpenApi from "effect/http-api/OpenApi";
import { HttpServerRequest } from "effect/http/HttpServerRequest";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import { Control } from "../master/Control.ts";
import type { AuditWho } from "../protocol/Audit.ts";
import { UnitNotFound } from "../protocol/Errors.ts";
import { TooMany, TooOften, TooSlow } from "../protocol/RemoteErrors.ts";
import { Access, MasterHttp, Needs, Scope } from "../protocol/HttpApi.ts";
import type { MasterEvent, MasterStatus, UnitStatus } from "../protocol/MasterRpc.ts";
import { askedBy, Tokens, Traceparent } from "../security/index.ts";
import { known } from "./Doorkeeper.ts";
import * as Metrics from "./Metrics.ts";
import type { Throttle } from "./Throttle.ts";
import * as Refusals from "./Refusals.ts";
import { subtree } from "./Restricted.ts";
import {
  changed,
  type CommandError,
  commandProblem,
  forbidden,
  notReady,
  problems,
  tooMany,
  tooOften,
  tooSlow,
  unauthorized,
} from "./Problems.ts";

const isIn = (group: string | null, unit: UnitStatus): boolean => group === null || unit.groups.includes(group);

/** Changes with what a command would depend on, and not with each byte of memory. */
const tagOf = ({ breaker, health, lastExit, pid, ready, restarts, startedAt, state }: UnitStatus): string => {
  const seen = JSON.stringify([state, pid, startedAt, restarts, ready, health, breaker, lastExit]);
  return `"${createHash("sha256").update(seen).digest("base64url").slice(0, 22)}"`;
};

/** Why not all units are as they should be; null when they are. */
const missing = ({ phase, units }: MasterStatus): string | null => {
  if (phase !== "running") return `the master is ${phase}`;
  const late = units.filter(
    ({ ready, state }) => ["starting", "blocked", "backoff", "failed"].includes(state) || (state === "running" && !ready),
  );
  return late.length === 0 ? null : `not ready: ${late.map(({ id, state }) => `${id} is ${state}`).join(", ")}`;
};

const visible = Effect.gen(function* () {
  const { status } = yield* Control;
  const { group } = yield* Scope;
  const all = yield* status;
  return group === null ? all : { ...all, units: all.units.filter((unit) => isIn(group, unit)) };
});

/** One that the token may not know of is not there. */
const seen = Effect.fnUntraced(function* (unit: string) {
  const { describe } = yield* Control;
  const { group } = yield* Scope;
  const description = yield* describe(unit);
  if (!isIn(group, description.status)) return yield* new UnitNotFound({ unit, nearest: null });
  return description;
});

const withTag = <A extends object>(body: A, status: UnitStatus) => HttpApiSchema.withHeaders({ body, headers: { etag: tagOf(status) } });

const event = (data: MasterEvent) => ({ id: String(data.seq), event: data.type, data });

/** What the response to this request says of when another one is worth it. */
export const RetryAfter = Context.Reference<{ seconds: number }>("hsu/api/RetryAfter", { defaultValue: () => ({ seconds: 1 }) });

const Throttled = Context.Reference<Throttle | undefined>("hsu/api/Throttled", { defaultValue: () => undefined });

/** One that is followed is one of not too many. It counts from when it is begun to be read: a client may have gone by then. */
const followed = Effect.fnUntraced(function* <A, E, R>(follow: boolean, stream: Stream.Stream<A, E, R>) {
  const throttle = yield* Throttled;
  if (!follow || throttle === undefined) return stream;
  const { name } = yield* Scope;
  if (!throttle.mayStream(name))
    return yield* Effect.fail(tooMany(new TooMany({ what: `streams of ${name}`, most: throttle.limits.streams })));
  return Stream.unwrap(
    Effect.sync(() => {
      const end = throttle.stream(name);
      return end === undefined ? Stream.empty : Stream.ensuring(stream, Effect.sync(end));
    }),
  );
});

const open = HttpApiBuilder.group(MasterHttp, "open", (handlers) =>
  Effect.map(Control, ({ status }) =>
    handlers.handleAll({
      health: () => Effect.succeed({ status: "ok" } as const),
      ready: () =>
        Effect.flatMap(status, (now) => {
          const why = missing(now);
          return why === null ? Effect.succeed({ status: "ready" } as const) : Effect.fail(notReady(why));
        }),
    }),
  ),
);

const units = HttpApiBuilder.group(MasterHttp, "units", (handlers) =>
  Effect.map(Control, (control) => {
    /** A command on a unit that is, where the client says so, still what the client has seen. */
    const command =
      (run: (unit: string) => Effect.Effect<UnitStatus, CommandError>) =>
      ({ headers, params: { unit } }: { readonly params: { readonly unit: string }; readonly headers: { readonly "if-match"?: string } }) =>
        Effect.gen(function* () {
          const { status } = yield* Effect.mapError(seen(unit), problems.UnitNotFound);
          const match = headers["if-match"];
          if (match !== undefined && match !== "*" && match !== tagOf(status)) return yield* Effect.fail(changed(unit));
          const after = yield* Effect.mapError(run(unit), commandProblem);
          return withTag(after, after);
        });
    return handlers.handleAll({
      list: ({ query: { after, limit = 100, state } }) =>
        Effect.map(visible, (status) => {
          const all = status.units.filter((unit) => state === undefined || unit.state === state);
          const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
          const page = all.slice(from, from + limit);
          return { units: page, next: from + limit < all.length ? (page.at(-1)?.id ?? null) : null };
        }),
      describe: ({ params: { unit } }) =>
        seen(unit).pipe(
          Effect.map((description) => withTag(description, description.status)),
          Effect.mapError(problems.UnitNotFound),
        ),
      start: command(control.start),
      stop: command(control.stop),
      restart: command(control.restart),
      reload: command(control.reload),
      "reset-failed": command(control.resetFailed),
      signal: ({ params: { unit }, payload: { signal } }) =>
        Effect.mapError(Effect.andThen(seen(unit), control.signal(unit, signal)), commandProblem),
      logs: ({ params: { unit }, query: { follow, lines = 100 } }) =>
        seen(unit).pipe(
          Effect.mapError(problems.UnitNotFound),
          Effect.andThen(
            followed(
              follow === "true",
              control.logs({ unit, follow: follow === "true", lines }).pipe(
                Stream.map((data) => ({ event: data.stream, data })),
                // It was there a moment ago; whoever removed it has ended its output.
                Stream.catchTag("UnitNotFound", () => Stream.empty),
              ),
            ),
          ),
        ),
    });
  }),
);

/** Of these units, which are those that the token may know of. */
const resourcesOf = Effect.fnUntraced(function* ({ units: mine }: MasterStatus) {
  const { resources } = yield* Control;
  const { group } = yield* Scope;
  const all = yield* Effect.orDie(resources({ unit: null, history: false, detail: false }));
  if (group === null) return all;
  const ids = new Set(mine.map(({ id }) => id));
  return { ...all, master: null, units: all.units.filter(({ unit }) => ids.has(unit)) };
});

const master = HttpApiBuilder.group(MasterHttp, "master", (handlers) =>
  Effect.map(Control, (control) =>
    handlers.handleAll({
      status: () => visible,
      tree: Effect.fnUntraced(function* () {
        const { group } = yield* Scope;
        const whole = yield* control.tree;
        const part = group === null ? whole : subtree(whole, group);
        return part ?? (yield* Effect.fail(forbidden(`there is no group ${JSON.stringify(group)}, which the token is for`)));
      }),
      resources: () => Effect.flatMap(visible, resourcesOf),
      events: ({ headers, query: { follow, since } }) =>
        Effect.flatMap(Scope, ({ group }) => {
          const last = headers["last-event-id"];
          const from = since ?? (last === undefined ? 0 : last + 1);
          const told = control.events({ follow: follow === "true", since: from }).pipe(
            Stream.filter(({ path }) => group === null || path.includes(group)),
            Stream.map(event),
          );
          return followed(follow === "true", told);
        }),
      openapi: () => Effect.succeed(OpenApi.fromApi(MasterHttp) as unknown),
      shutdown: Effect.fnUntraced(function* () {
        const { group } = yield* Scope;
        if (group !== null) return yield* Effect.fail(forbidden("the token is for a group, and this is for the whole master"));
        yield* control.shutdown;
      }),
    }),
  ),
);

const scraped = HttpApiBuilder.group(MasterHttp, "scraped", (handlers) =>
  handlers.handleAll({
    metrics: Effect.fnUntraced(function* () {
      const status = yield* visible;
      return Metrics.render(status, yield* resourcesOf(status), Refusals.of(yield* Control));
    }),
  }),
);

/** Who asks, as far as it matters what he may. */
export interface Asker {
  readonly name: string;
  readonly role: Tokens.Role;
  readonly group?: string | undefined;
}

/** Who may, by the tokens of this file. */
export const access = (tokens: Tokens.TokenFile, control: Control["Service"], throttle?: Throttle): Layer.Layer<Access> =>
  accessBy(
    (token) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => tokens.holder(token, now)).pipe(
        Effect.mapBoth({
          onFailure: problems.TokensUnusable,
          onSuccess: (found) => (found === undefined ? undefined : { name: `token ${found.name}`, role: found.role, group: found.group }),
        }),
      ),
    control,
    throttle,
  );

const fromOf = ({ remoteAddress }: HttpServerRequest): AuditWho => ({
  door: "http",
  ...(Option.isSome(remoteAddress) ? { address: remoteAddress.value } : {}),
});

/** Who may, by what is known of who asks; undefined: nobody knows him. */
export const accessBy = (
  whoIs: (token: string, request: HttpServerRequest) => Effect.Effect<Asker | undefined, ReturnType<typeof problems.TokensUnusable>>,
  control: Control["Service"],
  throttle?: Throttle,
): Layer.Layer<Access> =>
  Layer.succeed(Access, {
    bearer: (answer, { credential, endpoint }) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest;
        const from = fromOf(request);
        const { audit } = control;
        const again = Effect.fnUntraced(function* (what: string, wait: number) {
          const error = new TooOften({ what, retryAfterMillis: wait });
          Refusals.count(control, error.code);
          (yield* RetryAfter).seconds = Math.ceil(wait / 1000);
          return yield* Effect.fail(tooOften(error));
        });
        const refused = (who: AuditWho, code: string) =>
          audit === undefined ? Effect.void : audit.refused(who, { operation: `${endpoint.method} ${endpoint.path}` }, code);
        const holder = yield* whoIs(Redacted.value(credential), request);
        if (holder === undefined) {
          const guesses = throttle?.failure(from.address ?? "") ?? 0;
          if (guesses > 0) return yield* again("guesses", guesses);
          yield* refused(from, unauthorized.code);
          return yield* Effect.fail(unauthorized);
        }
        const { group = null, name, role } = holder;
        const who = known(from, { name, role, group });
        const needed = Context.get(endpoint.annotations, Needs);
        if (!Tokens.includes(role, needed)) {
          const problem = forbidden(`this needs the role ${needed}, and ${JSON.stringify(name)} has ${role}`);
          yield* refused(who, problem.code);
          return yield* Effect.fail(problem);
        }
        const told = answer.pipe(
          Effect.provideService(Scope, { group, name }),
          Effect.provideService(Traceparent, request.headers["traceparent"]),
        );
        const asked = askedBy(Effect.succeed(who));
        // Inside of another program that is the business of that program.
        if (throttle === undefined) return yield* asked(told);
        const wait = throttle.call(name);
        if (wait > 0) return yield* again(name, wait);
        const { deadlineMillis } = throttle.limits;
        const answered = asked(Effect.provideService(told, Throttled, throttle));
        const operation = `${endpoint.method} ${endpoint.path}`;
        return yield* deadlineMillis === 0
          ? answered
          : Effect.timeoutOrElse(answered, {
              duration: deadlineMillis,
              orElse: () => Effect.fail(tooSlow(new TooSlow({ operation, millis: deadlineMillis }))),
            });
      }),
  });

export const handlers = Layer.mergeAll(open, units, master, scraped);
