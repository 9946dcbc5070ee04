/**
 * The HTTP API's paths about the master's config, its program, other masters and its audit log.
 */
import * as Schema from "effect/Schema";
import * as Endpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import { AuditEntry, AuditVerdict } from "./Audit.ts";
import { Access, anyProblem, Needs } from "./HttpAccess.ts";
import { PeerSpec, PeerStatus } from "./Peers.ts";
import { Applied, Plan, Revision, Validated } from "./PlanRpc.ts";
import { needs } from "./Rights.ts";

const optional = Schema.optionalKey;
const Number = Schema.NumberFromString.check(Schema.isInt());

/** The text of a config file, or what the same version of hsu has compiled. */
const Sent = { yaml: optional(Schema.String), file: optional(Schema.String), spec: optional(Schema.Unknown) };

export const config = HttpApiGroup.make("config")
  .add(Endpoint.get("spec", "/", { success: Schema.Unknown, error: anyProblem }).annotate(Needs, needs.Spec))
  .add(
    Endpoint.post("validate", "/validate", {
      payload: Schema.Struct({ yaml: Schema.String, file: optional(Schema.String) }),
      success: Validated,
      error: anyProblem,
    }).annotate(Needs, needs.Validate),
  )
  .add(Endpoint.post("plan", "/plan", { payload: Schema.Struct(Sent), success: Plan, error: anyProblem }).annotate(Needs, needs.Plan))
  .add(
    Endpoint.post("apply", "/apply", {
      payload: Schema.Struct({ ...Sent, how: optional(Schema.String) }),
      success: Applied,
      error: anyProblem,
    }).annotate(Needs, needs.Apply),
  )
  .add(
    Endpoint.get("revisions", "/revisions", {
      success: Schema.Struct({ revisions: Schema.Array(Revision) }),
      error: anyProblem,
    }).annotate(Needs, needs.Revisions),
  )
  .add(
    Endpoint.get("revision", "/revisions/:revision", {
      params: { revision: Number },
      success: Schema.Struct({ revision: Schema.Int, spec: Schema.Unknown }),
      error: anyProblem,
    }).annotate(Needs, needs.Revision),
  )
  .add(
    Endpoint.get("diff", "/diff", { query: { revision: optional(Number) }, success: Plan, error: anyProblem }).annotate(Needs, needs.Diff),
  )
  .add(
    Endpoint.post("rollback", "/rollback", {
      payload: Schema.Struct({ revision: optional(Schema.Int) }),
      success: Applied,
      error: anyProblem,
    }).annotate(Needs, needs.Rollback),
  )
  .middleware(Access);

export const fleet = HttpApiGroup.make("fleet")
  .add(
    Endpoint.post("upgrade", "/upgrade", {
      payload: Schema.Struct({ command: Schema.Array(Schema.String) }),
      success: HttpApiSchema.Accepted,
      error: anyProblem,
    }).annotate(Needs, needs.Upgrade),
  )
  .add(Endpoint.get("peers", "/peers", { success: Schema.Struct({ peers: Schema.Array(PeerStatus) }), error: anyProblem }))
  .add(Endpoint.post("addPeer", "/peers", { payload: PeerSpec, success: PeerStatus, error: anyProblem }).annotate(Needs, needs.AddPeer))
  .add(
    Endpoint.delete("removePeer", "/peers/:name", { params: { name: Schema.String }, error: anyProblem }).annotate(Needs, needs.RemovePeer),
  )
  .middleware(Access);

export const audit = HttpApiGroup.make("audit")
  .add(
    Endpoint.get("records", "/audit", {
      query: { since: optional(Number), who: optional(Schema.String), unit: optional(Schema.String) },
      success: Schema.Struct({ records: Schema.Array(AuditEntry) }),
      error: anyProblem,
    }).annotate(Needs, needs.Audit),
  )
  .add(Endpoint.get("verify", "/audit/verify", { success: AuditVerdict, error: anyProblem }).annotate(Needs, needs.AuditVerify))
  .middleware(Access);
