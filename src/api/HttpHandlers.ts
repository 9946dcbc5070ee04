/**
 * Each path of the HTTP API, answered by `Control`: for what the token of the request is good for, and no further.
 */
import { createHash } from "node:crypto";
import * as Effect from "effect/Effect";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as OpenApi from "effect/http-api/OpenApi";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { alone, type Own } from "../peer/Reach.ts";
import { Control } from "../master/Control.ts";
import type { InvalidTransition, NotAllowed, NotReloadable, StartFailed, UnitNotFound } from "../protocol/Errors.ts";
import { Scope } from "../protocol/HttpAccess.ts";
import { MasterHttp } from "../protocol/HttpApi.ts";
import { TooMany } from "../protocol/RemoteErrors.ts";
import { type MasterEvent, type MasterStatus, type UnitStatus, usualCallMillis } from "../protocol/MasterRpc.ts";
import { Followed } from "./HttpAccess.ts";
import { asked, here, withProblems } from "./HttpBehind.ts";
import { more } from "./HttpMore.ts";
import * as Metrics from "./Metrics.ts";
import { pageOf } from "./Pages.ts";
import { statusBytes } from "./Remembered.ts";
import * as Refusals from "./Refusals.ts";
import { within } from "./Restricted.ts";
import { changed, notReady, tooMany } from "./Problems.ts";

type CommandError = UnitNotFound | InvalidTransition | NotReloadable | NotAllowed | StartFailed;

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

const withTag = <A extends object>(body: A, status: UnitStatus) => HttpApiSchema.withHeaders({ body, headers: { etag: tagOf(status) } });

const event = (data: MasterEvent) => ({ id: String(data.seq), event: data.type, data });

/** One that is followed is one of not too many. It counts from when it is begun to be read: a client may have gone by then. */
const followed = Effect.fnUntraced(function* <A, E, R>(follow: boolean, stream: Stream.Stream<A, E, R>) {
  const following = yield* Followed;
  if (!follow || following === undefined) return stream;
  const { stays, throttle } = following;
  const { name } = yield* Scope;
  if (!throttle.mayStream(name))
    return yield* Effect.fail(tooMany(new TooMany({ what: `streams of ${name}`, most: throttle.limits.streams })));
  return Stream.unwrap(
    Effect.sync(() => {
      const end = throttle.stream(name);
      return end === undefined ? Stream.empty : Stream.ensuring(Stream.interruptWhen(stream, stays), Effect.sync(end));
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

/** A command on a unit that is, where the client says so, still what the client has seen. */
const command =
  (run: (own: Own) => (unit: string) => Effect.Effect<UnitStatus, CommandError>) =>
  ({ headers, params: { unit } }: { readonly params: { readonly unit: string }; readonly headers: { readonly "if-match"?: string } }) =>
    Effect.gen(function* () {
      const own = yield* here;
      const { status } = yield* withProblems(own.describe(unit));
      const match = headers["if-match"];
      if (match !== undefined && match !== "*" && match !== tagOf(status)) return yield* Effect.fail(changed(unit));
      const after = yield* withProblems(run(own)(unit));
      return withTag(after, after);
    });

interface Look {
  readonly history?: "true" | "false";
  readonly detail?: "true" | "false";
}
const used = (unit: string | null, { detail, history }: Look) =>
  asked(({ resources }) => resources({ unit, history: history === "true", detail: detail === "true" }));

const units = HttpApiBuilder.group(MasterHttp, "units", (handlers) =>
  Effect.succeed(
    handlers.handleAll({
      list: ({ query: { after, limit = 100, state } }) =>
        Effect.map(
          asked(({ status }) => status),
          (status) => pageOf(status.units, state, after, limit),
        ),
      describe: ({ params: { unit } }) =>
        Effect.map(
          asked(({ describe }) => describe(unit)),
          (description) => withTag(description, description.status),
        ),
      start: command(({ start }) => start),
      stop: command(({ stop }) => stop),
      restart: command(({ restart }) => restart),
      reload: command(({ reload }) => reload),
      "reset-failed": command(({ resetFailed }) => resetFailed),
      signal: ({ params: { unit }, payload: { signal } }) => asked((own) => own.signal(unit, signal)),
      roll: ({ payload: { units: ids } }) => asked(({ roll }) => Effect.map(Stream.runCollect(roll(ids)), (all) => ({ units: all }))),
      call: ({ params: { unit }, payload: { method = null, request = {}, timeoutMillis = usualCallMillis } }) =>
        asked(({ call }) =>
          Effect.map(Stream.runCollect(call({ unit, method, json: JSON.stringify(request), timeoutMillis })), (replies) => ({ replies })),
        ),
      resources: ({ params: { unit }, query }) => used(unit, query),
      logs: ({ headers, params: { unit }, query: { after = headers["last-event-id"], follow, lines, ...which } }) =>
        Effect.gen(function* () {
          const own = yield* here;
          yield* withProblems(own.describe(unit));
          // As `hsu logs` has it: the last hundred, or all that is asked for.
          const usual = Object.values(which).every((value) => value === undefined) ? 100 : null;
          // Who comes again says what he has seen last by himself, as browsers and curl do.
          const from = { ...(follow === "true" ? { resumable: true } : {}), ...(after === undefined ? {} : { after }) };
          const read = own.logs({ unit, follow: follow === "true", lines: lines ?? usual, ...which, ...from }).pipe(
            Stream.map((data) => ({ ...(data.cursor === undefined ? {} : { id: data.cursor }), event: data.stream, data })),
            // It was there a moment ago; whoever removed it, or has lost its master, has ended its output.
            Stream.catch(() => Stream.empty),
          );
          return yield* followed(follow === "true", read);
        }),
    }),
  ),
);

const master = HttpApiBuilder.group(MasterHttp, "master", (handlers) =>
  Effect.succeed(
    handlers.handleAll({
      status: () =>
        Effect.map(
          asked(({ status }) => status),
          (now) => HttpServerResponse.uint8Array(statusBytes(now), { contentType: "application/json" }),
        ),
      tree: () => asked(({ tree }) => tree),
      resources: ({ query }) => used(null, query),
      events: ({ headers, query: { follow, since } }) =>
        Effect.flatMap(here, ({ events }) => {
          const last = headers["last-event-id"];
          const from = since ?? (last === undefined ? 0 : last + 1);
          return followed(follow === "true", Stream.map(events({ follow: follow === "true", since: from }), event));
        }),
      openapi: () => Effect.succeed(OpenApi.fromApi(MasterHttp) as unknown),
      shutdown: () => asked(({ shutdown }) => shutdown),
    }),
  ),
);

const scraped = HttpApiBuilder.group(MasterHttp, "scraped", (handlers) =>
  handlers.handleAll({
    metrics: Effect.fnUntraced(function* () {
      const control = yield* Control;
      const { group } = yield* Scope;
      // Another master tells its own.
      const mine = within(group, alone(control)) as Own;
      const report = yield* withProblems(mine.resources({ unit: null, history: false, detail: false }));
      return Metrics.render(yield* mine.status, report, Refusals.of(control), group === null ? control.timings?.() : undefined);
    }),
  }),
);

export const handlers = Layer.mergeAll(open, units, master, scraped, more);
