/**
 * Who stands at the door of the HTTP API: the same as at each door, with errors as HTTP has them.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpRouter from "effect/http/HttpRouter";
import { HttpServerRequest } from "effect/http/HttpServerRequest";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type { Control } from "../master/Control.ts";
import type { AuditWho } from "../protocol/Audit.ts";
import { Access, Does, Scope } from "../protocol/HttpAccess.ts";
import { Forbidden, TooMany, TooOften, TooSlow } from "../protocol/RemoteErrors.ts";
import { commandId } from "../protocol/Rights.ts";
import { Tokens } from "../security/index.ts";
import { type Caller, pass } from "./Doorkeeper.ts";
import * as Outcomes from "./Outcomes.ts";
import { forbidden, tokensUnusable, tooMany, tooOften, tooSlow, unauthorized } from "./Problems.ts";
import * as Refusals from "./Refusals.ts";
import * as Staying from "./Staying.ts";
import type { Throttle } from "./Throttle.ts";

/** What the response to this request says of when another one is worth it. */
export const RetryAfter = Context.Reference<{ seconds: number }>("hsu/api/RetryAfter", { defaultValue: () => ({ seconds: 1 }) });

/** How much of what is followed who asks gets, and for how long. */
export interface Following {
  readonly throttle: Throttle;
  /** Ends when he is not good for it any more. */
  readonly stays: Effect.Effect<void>;
}
export const Followed = Context.Reference<Following | undefined>("hsu/api/Followed", { defaultValue: () => undefined });

type Stranger = typeof unauthorized | ReturnType<typeof tokensUnusable>;

/** Who asks; undefined: nobody knows him. */
type WhoIs = (token: string, request: HttpServerRequest) => Effect.Effect<Caller | undefined, ReturnType<typeof tokensUnusable>>;

/** As the tokens of this file have it. */
const byTokens =
  (tokens: Tokens.TokenFile): WhoIs =>
  (token) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => tokens.holder(token, now)).pipe(
      Effect.mapBoth({
        onFailure: tokensUnusable,
        onSuccess: (found) =>
          found === undefined ? undefined : { name: `token ${found.name}`, role: found.role, group: found.group ?? null },
      }),
    );

/** Who may, by the tokens of this file. Who guesses them is not heard for a while. */
export const access = (tokens: Tokens.TokenFile, control: Control["Service"], throttle: Throttle): Layer.Layer<Access> =>
  accessBy(byTokens(tokens), control, throttle, throttle.failure);

const fromOf = ({ remoteAddress }: HttpServerRequest): AuditWho => ({
  door: "http",
  ...(Option.isSome(remoteAddress) ? { address: remoteAddress.value } : {}),
});

type Own = Forbidden | TooMany | TooOften | TooSlow;

/** The door's own errors; those of what is asked for are problems already. */
const isOwn = (error: unknown): error is Own =>
  error instanceof Forbidden || error instanceof TooOften || error instanceof TooMany || error instanceof TooSlow;

const problemOf = (error: Own) => {
  if (error instanceof Forbidden) return forbidden(error.why);
  if (error instanceof TooSlow) return tooSlow(error);
  return error instanceof TooOften ? tooOften(error) : tooMany(error);
};

/** Who may, by what is known of who asks. `failure`: how long an address waits that has shown nothing good. */
export const accessBy = (
  whoIs: WhoIs,
  control: Control["Service"],
  throttle: Throttle,
  failure: (address: string) => number = () => 0,
): Layer.Layer<Access> =>
  Layer.effect(
    Access,
    Effect.map(Effect.context<never>(), (context) => {
      const run = Effect.runForkWith(context);
      const outcomes = Outcomes.make(run);
      const staying = Staying.make(run);
      return {
        bearer: (answer, { credential, endpoint }) =>
          Effect.gen(function* () {
            const request = yield* HttpServerRequest;
            const { params } = yield* HttpRouter.RouteContext;
            const from = fromOf(request);
            const who = Effect.flatMap(whoIs(Redacted.value(credential), request), (found): Effect.Effect<Caller, Stranger | TooOften> => {
              if (found !== undefined) return Effect.succeed(found);
              const wait = failure(from.address ?? "");
              return Effect.fail(wait > 0 ? new TooOften({ what: "guesses", retryAfterMillis: wait }) : unauthorized);
            });
            const guard = {
              who,
              origin: Effect.succeed(from),
              outcomes,
              throttle,
              audit: control.audit,
              count: (code: string) => Refusals.count(control, code),
              forbiddenAs: forbidden("").code,
            };
            const asked = {
              operation: Context.get(endpoint.annotations, Does),
              payload: params,
              id: request.headers[commandId],
              traceparent: request.headers["traceparent"],
              whole: true,
            };
            const stays = Effect.ignore(staying.until(who));
            const passed = pass(guard, asked, ({ group, name }) =>
              answer.pipe(Effect.provideService(Scope, { group, name }), Effect.provideService(Followed, { throttle, stays })),
            );
            const later = yield* RetryAfter;
            return yield* Effect.mapError(passed, (error) => {
              if (error instanceof TooOften) later.seconds = Math.ceil(error.retryAfterMillis / 1000);
              return isOwn(error) ? problemOf(error) : error;
            });
          }),
      };
    }),
  );
