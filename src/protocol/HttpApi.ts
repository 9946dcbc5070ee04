/**
 * The master over HTTP: which path means what, who may, and what an error looks like.
 */
import * as Context from "effect/Context";
import * as Schema from "effect/Schema";
import * as Sse from "effect/encoding/Sse";
import * as HttpApi from "effect/http-api/HttpApi";
import * as Endpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity";
import * as OpenApi from "effect/http-api/OpenApi";
import { LogLine, MasterEvent, MasterStatus, TreeNode, UnitDescription, UnitState, UnitStatus } from "./MasterRpc.ts";
import { ResourceReport } from "./Resources.ts";

/** RFC 9457, with the stable code and what to do next. */
const problem = <Status extends number>(status: Status) =>
  Schema.Struct({
    /** `urn:hsu:error:HSU-UNIT-001` */
    type: Schema.String,
    title: Schema.String,
    status: Schema.Literal(status),
    detail: Schema.String,
    code: Schema.String,
    hint: Schema.String,
  }).pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType: "application/problem+json" }));

const problems = {
  badRequest: problem(400),
  unauthorized: problem(401),
  forbidden: problem(403),
  notFound: problem(404),
  conflict: problem(409),
  precondition: problem(412),
  tooOften: problem(429),
  failed: problem(502),
  unavailable: problem(503),
  late: problem(504),
};
export type Problem = (typeof problems)[keyof typeof problems]["Type"];

/** What a token has to be for: `viewer` where nothing is said. */
export const Needs = Context.Reference<"viewer" | "operator" | "admin">("hsu/protocol/HttpApi/Needs", { defaultValue: () => "viewer" });

/** The group that the token of this request is good for; null: all. */
export class Scope extends Context.Service<Scope, { readonly group: string | null; readonly name: string }>()(
  "hsu/protocol/HttpApi/Scope",
) {}

export class Access extends HttpApiMiddleware.Service<Access, { provides: Scope }>()("hsu/protocol/HttpApi/Access", {
  security: { bearer: HttpApiSecurity.bearer },
  error: [problems.unauthorized, problems.forbidden, problems.tooOften, problems.unavailable, problems.late],
}) {}

/** What cannot be read is said as any other error. */
export class Readable extends HttpApiMiddleware.Service<Readable>()("hsu/protocol/HttpApi/Readable", { error: problems.badRequest }) {}

const unit = { params: { unit: Schema.String } };
/** What a unit was when the client looked at it, as `GET` has told it. */
const ifMatch = { headers: { "if-match": Schema.optionalKey(Schema.String) } };
const tagged = <S extends Schema.Top>(schema: S) => HttpApiSchema.WithHeaders(schema, { etag: Schema.String });

const commandProblems = [problems.notFound, problems.conflict, problems.forbidden, problems.failed, problems.unavailable] as const;

const command = <const Name extends string>(name: Name) =>
  Endpoint.post(name, `/units/:unit/${name}`, {
    ...unit,
    ...ifMatch,
    success: tagged(UnitStatus),
    error: [...commandProblems, problems.precondition],
  }).annotate(Needs, "operator");

const stream = <S extends Schema.Top>(data: S) =>
  HttpApiSchema.StreamSse({ events: Schema.Struct({ ...Sse.EventEncoded.fields, data: Schema.fromJsonString(data) }) });

const Whole = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0));
const Flag = Schema.Literals(["true", "false"]);

/** For load balancers and probes: they have no token. */
const open = HttpApiGroup.make("open", { topLevel: true })
  .add(Endpoint.get("health", "/health", { success: Schema.Struct({ status: Schema.Literal("ok") }) }))
  .add(Endpoint.get("ready", "/ready", { success: Schema.Struct({ status: Schema.Literal("ready") }), error: problems.unavailable }));

const units = HttpApiGroup.make("units")
  .add(
    Endpoint.get("list", "/units", {
      query: {
        state: Schema.optionalKey(UnitState),
        limit: Schema.optionalKey(Whole.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
        /** The id behind which the page begins: `next` of the page before. */
        after: Schema.optionalKey(Schema.String),
      },
      success: Schema.Struct({ units: Schema.Array(UnitStatus), next: Schema.NullOr(Schema.String) }),
    }),
  )
  .add(Endpoint.get("describe", "/units/:unit", { ...unit, success: tagged(UnitDescription), error: problems.notFound }))
  .add(command("start"))
  .add(command("stop"))
  .add(command("restart"))
  .add(command("reload"))
  .add(command("reset-failed"))
  .add(
    Endpoint.post("signal", "/units/:unit/signal", {
      ...unit,
      payload: Schema.Struct({ signal: Schema.String }),
      error: commandProblems,
    }).annotate(Needs, "operator"),
  )
  .add(
    Endpoint.get("logs", "/units/:unit/logs", {
      ...unit,
      query: { lines: Schema.optionalKey(Whole), follow: Schema.optionalKey(Flag) },
      success: stream(LogLine),
      error: problems.notFound,
    }),
  )
  .middleware(Access);

const master = HttpApiGroup.make("master")
  .add(Endpoint.get("status", "/status", { success: MasterStatus }))
  .add(Endpoint.get("tree", "/tree", { success: TreeNode, error: problems.forbidden }))
  .add(Endpoint.get("resources", "/resources", { success: ResourceReport }))
  .add(
    Endpoint.get("events", "/events", {
      query: { since: Schema.optionalKey(Whole), follow: Schema.optionalKey(Flag) },
      headers: { "last-event-id": Schema.optionalKey(Whole) },
      success: stream(MasterEvent),
    }),
  )
  .add(Endpoint.get("openapi", "/openapi.json", { success: Schema.Unknown }))
  .add(Endpoint.post("shutdown", "/shutdown", { success: HttpApiSchema.Accepted, error: problems.forbidden }).annotate(Needs, "admin"))
  .middleware(Access);

const scraped = HttpApiGroup.make("scraped")
  .add(
    Endpoint.get("metrics", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })),
    }),
  )
  .middleware(Access);

export class MasterHttp extends HttpApi.make("hsu")
  .add(open)
  .add(units.prefix("/v1"))
  .add(master.prefix("/v1"))
  .add(scraped)
  .middleware(Readable)
  .annotateMerge(
    OpenApi.annotations({
      title: "HSU",
      version: "1",
      description: "A supervision tree and its units. Errors are application/problem+json with a stable `code`.",
    }),
  ) {}
