/**
 * The security room: who may do what from outside of the machine's own account.
 *
 * For: the doors of the api room, and the verbs that hand out tokens.
 * May import: `actor`, `platform`, `protocol`.
 * Never changes: a secret is shown once, when it is made; what is kept of it cannot be used.
 */
export { parseTraceparent, type TraceContext, Traceparent } from "./Traceparent.ts";
export { askedBy, Origin } from "./Origin.ts";
export * as Audit from "./audit/Trail.ts";
export type { Trail } from "./audit/Trail.ts";
export * as Bucket from "./Bucket.ts";
export * as Tokens from "./Tokens.ts";
export * as Masking from "./Masking.ts";
