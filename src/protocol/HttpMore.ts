/**
 * The HTTP API's paths about the master's config, its program, other masters and its audit log.
 */
import * as Schema from "effect/Schema";
import * as Endpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import { AuditEntry, AuditVerdict } from "./Audit.ts";
import { Access, anyProblem, Does } from "./HttpAccess.ts";
import { PeerSpec, PeerStatus } from "./Peers.ts";
import { Applied, Plan, Revision, Validated } from "./PlanRpc.ts";

const optional = Schema.optionalKey;
const Number = Schema.NumberFromString.check(Schema.isInt());

/** The text of a config file, or what the same version of hsu has compiled. */
const Sent = { yaml: optional(Schema.String), file: optional(Schema.String), spec: optional(Schema.Unknown) };

export const config = HttpApiGroup.make("config")
  .add(Endpoint.get("spec", "/", { success: Schema.Unknown, error: anyProblem }).annotate(Does, "Spec"))
  .add(
    Endpoint.post("validate", "/validate", {
      payload: Schema.Struct({ yaml: Schema.String, file: optional(Schema.String) }),
      success: Validated,
      error: anyProblem,
    }).annotate(Does, "Validate"),
  )
  .add(Endpoint.post("plan", "/plan", { payload: Schema.Struct(Sent), success: Plan, error: anyProblem }).annotate(Does, "Plan"))
  .add(
    Endpoint.post("apply", "/apply", {
      payload: Schema.Struct({ ...Sent, how: optional(Schema.String) }),
      success: Applied,
      error: anyProblem,
    }).annotate(Does, "Apply"),
  )
  .add(
    Endpoint.get("revisions", "/revisions", {
      success: Schema.Struct({ revisions: Schema.Array(Revision) }),
      error: anyProblem,
    }).annotate(Does, "Revisions"),
  )
  .add(
    Endpoint.get("revision", "/revisions/:revision", {
      params: { revision: Number },
      success: Schema.Struct({ revision: Schema.Int, spec: Schema.Unknown }),
      error: anyProblem,
    }).annotate(Does, "Revision"),
  )
  .add(Endpoint.get("diff", "/diff", { query: { revision: optional(Number) }, success: Plan, error: anyProblem }).annotate(Does, "Diff"))
  .add(
    Endpoint.post("rollback", "/rollback", {
      payload: Schema.Struct({ revision: optional(Schema.Int) }),
      success: Applied,
      error: anyProblem,
    }).annotate(Does, "Rollback"),
  )
  .middleware(Access);

export const fleet = HttpApiGroup.make("fleet")
  .add(
    Endpoint.post("upgrade", "/upgrade", {
      payload: Schema.Struct({ command: Schema.Array(Schema.String) }),
      success: HttpApiSchema.Accepted,
      error: anyProblem,
    }).annotate(Does, "Upgrade"),
  )
  .add(
    Endpoint.get("peers", "/peers", { success: Schema.Struct({ peers: Schema.Array(PeerStatus) }), error: anyProblem }).annotate(
      Does,
      "Peers",
    ),
  )
  .add(Endpoint.post("addPeer", "/peers", { payload: PeerSpec, success: PeerStatus, error: anyProblem }).annotate(Does, "AddPeer"))
  .add(Endpoint.delete("removePeer", "/peers/:name", { params: { name: Schema.String }, error: anyProblem }).annotate(Does, "RemovePeer"))
  .middleware(Access);

export const audit = HttpApiGroup.make("audit")
  .add(
    Endpoint.get("records", "/audit", {
      query: { since: optional(Number), who: optional(Schema.String), unit: optional(Schema.String) },
      success: Schema.Struct({ records: Schema.Array(AuditEntry) }),
      error: anyProblem,
    }).annotate(Does, "Audit"),
  )
  .add(Endpoint.get("verify", "/audit/verify", { success: AuditVerdict, error: anyProblem }).annotate(Does, "AuditVerify"))
  .middleware(Access);
