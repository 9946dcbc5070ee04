/**
 * What each path of the HTTP API shares with the others: what an error looks like, and who may.
 */
import * as Context from "effect/Context";
import * as Schema from "effect/Schema";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity";
import type { Operation } from "./Rights.ts";

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

export const problems = {
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
/** What any operation can fail with. */
export const anyProblem = [
  problems.badRequest,
  problems.unauthorized,
  problems.forbidden,
  problems.notFound,
  problems.conflict,
  problems.tooOften,
  problems.failed,
  problems.unavailable,
  problems.late,
] as const;
export type Problem = (typeof problems)[keyof typeof problems]["Type"];

/** The operation that a path is of, and whose right it takes: the status in one form or another, where nothing is said. */
export const Does = Context.Reference<Operation>("hsu/protocol/HttpApi/Does", { defaultValue: () => "Status" });

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
