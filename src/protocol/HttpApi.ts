/**
 * The master over HTTP: which path means what, who may, and what an error looks like.
 */
import * as Schema from "effect/Schema";
import * as Sse from "effect/encoding/Sse";
import * as HttpApi from "effect/http-api/HttpApi";
import * as Endpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as OpenApi from "effect/http-api/OpenApi";
import { Access, anyProblem, Does, problems, Readable } from "./HttpAccess.ts";
import { audit, config, fleet } from "./HttpMore.ts";
import {
  CallReply,
  LogLine,
  LogRequest,
  MasterEvent,
  MasterStatus,
  TreeNode,
  UnitDescription,
  UnitState,
  UnitStatus,
} from "./MasterRpc.ts";
import { ResourceReport } from "./Resources.ts";
import type { Operation } from "./Rights.ts";

const unit = { params: { unit: Schema.String } };
/** What a unit was when the client looked at it, as `GET` has told it. */
const ifMatch = { headers: { "if-match": Schema.optionalKey(Schema.String) } };
const tagged = <S extends Schema.Top>(schema: S) => HttpApiSchema.WithHeaders(schema, { etag: Schema.String });

const command = <const Name extends string>(name: Name, operation: Operation) =>
  Endpoint.post(name, `/units/:unit/${name}`, {
    ...unit,
    ...ifMatch,
    success: tagged(UnitStatus),
    error: [...anyProblem, problems.precondition],
  }).annotate(Does, operation);

const stream = <S extends Schema.Top>(data: S) =>
  HttpApiSchema.StreamSse({ events: Schema.Struct({ ...Sse.EventEncoded.fields, data: Schema.fromJsonString(data) }) });

const Whole = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0));
const Flag = Schema.Literals(["true", "false"]);

const looking = { history: Schema.optionalKey(Flag), detail: Schema.optionalKey(Flag) };

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
      error: anyProblem,
    }),
  )
  .add(
    Endpoint.get("describe", "/units/:unit", { ...unit, success: tagged(UnitDescription), error: anyProblem }).annotate(Does, "Describe"),
  )
  .add(command("start", "Start"))
  .add(command("stop", "Stop"))
  .add(command("restart", "Restart"))
  .add(command("reload", "Reload"))
  .add(command("reset-failed", "ResetFailed"))
  .add(
    Endpoint.post("signal", "/units/:unit/signal", {
      ...unit,
      payload: Schema.Struct({ signal: Schema.String }),
      error: anyProblem,
    }).annotate(Does, "Signal"),
  )
  .add(
    Endpoint.get("resources", "/units/:unit/resources", { ...unit, query: looking, success: ResourceReport, error: anyProblem }).annotate(
      Does,
      "Resources",
    ),
  )
  .add(
    Endpoint.post("call", "/units/:unit/call", {
      ...unit,
      payload: Schema.Struct({
        method: Schema.optionalKey(Schema.String),
        /** The request itself, as JSON is. */
        request: Schema.optionalKey(Schema.Unknown),
        timeoutMillis: Schema.optionalKey(Schema.Number),
      }),
      success: Schema.Struct({ replies: Schema.Array(CallReply) }),
      error: anyProblem,
    }).annotate(Does, "Call"),
  )
  .add(
    Endpoint.post("roll", "/roll", {
      payload: Schema.Struct({ units: Schema.Array(Schema.String) }),
      success: Schema.Struct({ units: Schema.Array(UnitStatus) }),
      error: anyProblem,
    }).annotate(Does, "Roll"),
  )
  .add(
    Endpoint.get("logs", "/units/:unit/logs", {
      ...unit,
      query: {
        lines: Schema.optionalKey(Whole),
        follow: Schema.optionalKey(Flag),
        since: Schema.optionalKey(Whole),
        until: Schema.optionalKey(Whole),
        grep: LogRequest.fields.grep,
        level: LogRequest.fields.level,
        /** The id of an event: what comes behind that line of both outputs. */
        after: LogRequest.fields.after,
      },
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      success: stream(LogLine),
      error: anyProblem,
    }).annotate(Does, "Logs"),
  )
  .middleware(Access);

const master = HttpApiGroup.make("master")
  .add(Endpoint.get("status", "/status", { success: MasterStatus, error: anyProblem }))
  .add(Endpoint.get("tree", "/tree", { success: TreeNode, error: anyProblem }).annotate(Does, "Tree"))
  .add(Endpoint.get("resources", "/resources", { query: looking, success: ResourceReport, error: anyProblem }).annotate(Does, "Resources"))
  .add(
    Endpoint.get("events", "/events", {
      query: { since: Schema.optionalKey(Whole), follow: Schema.optionalKey(Flag) },
      headers: { "last-event-id": Schema.optionalKey(Whole) },
      success: stream(MasterEvent),
    }).annotate(Does, "Events"),
  )
  .add(Endpoint.get("openapi", "/openapi.json", { success: Schema.Unknown }))
  .add(Endpoint.post("shutdown", "/shutdown", { success: HttpApiSchema.Accepted, error: anyProblem }).annotate(Does, "Shutdown"))
  .middleware(Access);

const scraped = HttpApiGroup.make("scraped")
  .add(
    Endpoint.get("metrics", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })),
      error: anyProblem,
    }),
  )
  .middleware(Access);

export class MasterHttp extends HttpApi.make("hsu")
  .add(open)
  .add(units.prefix("/v1"))
  .add(master.prefix("/v1"))
  .add(config.prefix("/v1/config"))
  .add(fleet.prefix("/v1"))
  .add(audit.prefix("/v1"))
  .add(scraped)
  .middleware(Readable)
  .annotateMerge(
    OpenApi.annotations({
      title: "HSU",
      version: "1",
      description: "A supervision tree and its units. Errors are application/problem+json with a stable `code`.",
    }),
  ) {}
