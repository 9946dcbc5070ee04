/**
 * What can go wrong with a call to a unit's own service.
 */
import * as Schema from "effect/Schema";

const quote = JSON.stringify;

/** The unit has no process to be called. */
export class UnitNotRunning extends Schema.TaggedError<UnitNotRunning>()("UnitNotRunning", { unit: Schema.String, state: Schema.String }) {
  readonly code = "HSU-CALL-001";
  override get message(): string {
    return `unit ${quote(this.unit)} cannot be called: it is ${this.state}`;
  }
  get hint(): string {
    return `\`hsu start ${this.unit}\` starts it, \`hsu status\` tells how it is`;
  }
}

/** The master knows no port of the unit. */
export class UnitHasNoPort extends Schema.TaggedError<UnitHasNoPort>()("UnitHasNoPort", { unit: Schema.String, kind: Schema.String }) {
  readonly code = "HSU-CALL-002";
  override get message(): string {
    return `unit ${quote(this.unit)} cannot be called: it is ${this.kind}, and has no port that the master knows of`;
  }
  get hint(): string {
    return "units of `type: integrated_managed` serve gRPC";
  }
}

/** Nobody takes connections at the unit's port. */
export class UnitUnreachable extends Schema.TaggedError<UnitUnreachable>()("UnitUnreachable", {
  unit: Schema.String,
  port: Schema.Int,
  reason: Schema.String,
}) {
  readonly code = "HSU-CALL-003";
  override get message(): string {
    return `unit ${quote(this.unit)} takes no connections at port ${this.port}: ${this.reason}`;
  }
  get hint(): string {
    return `it may not be ready yet, or not listen where --port says: see \`hsu logs ${this.unit}\``;
  }
}

/** Without a description of its services a unit cannot be called by name. */
export class NoReflection extends Schema.TaggedError<NoReflection>()("NoReflection", { unit: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-CALL-004";
  override get message(): string {
    return `unit ${quote(this.unit)} does not say what it serves: ${this.reason}`;
  }
  get hint(): string {
    return "have it serve gRPC server reflection (grpc.reflection.v1 or v1alpha)";
  }
}

/** The unit serves no such method. */
export class MethodNotFound extends Schema.TaggedError<MethodNotFound>()("MethodNotFound", {
  unit: Schema.String,
  method: Schema.String,
  nearest: Schema.NullOr(Schema.String),
}) {
  readonly code = "HSU-CALL-005";
  override get message(): string {
    return `unit ${quote(this.unit)} serves no method ${quote(this.method)}`;
  }
  get hint(): string {
    return this.nearest === null ? `\`hsu call ${this.unit}\` lists what it serves` : `did you mean ${quote(this.nearest)}?`;
  }
}

/** The method takes a stream of requests. */
export class MethodNotCallable extends Schema.TaggedError<MethodNotCallable>()("MethodNotCallable", {
  unit: Schema.String,
  method: Schema.String,
}) {
  readonly code = "HSU-CALL-006";
  override get message(): string {
    return `${quote(this.method)} of unit ${quote(this.unit)} takes a stream of requests, which a call has not`;
  }
  get hint(): string {
    return "a call sends one request, and gets one reply or a stream of them";
  }
}

/** The JSON is not what the method takes. */
export class RequestInvalid extends Schema.TaggedError<RequestInvalid>()("RequestInvalid", {
  method: Schema.String,
  /** Where in the JSON: `$.items[2].name`. */
  path: Schema.String,
  problem: Schema.String,
  expected: Schema.String,
}) {
  readonly code = "HSU-CALL-007";
  override get message(): string {
    return `the request does not fit ${quote(this.method)}: ${this.path}: ${this.problem}`;
  }
  get hint(): string {
    return `expected ${this.expected}`;
  }
}

/** The unit has answered with a gRPC status other than OK. */
export class CallFailed extends Schema.TaggedError<CallFailed>()("CallFailed", {
  unit: Schema.String,
  method: Schema.String,
  /** `NOT_FOUND`, `INVALID_ARGUMENT` … */
  status: Schema.String,
  details: Schema.String,
}) {
  readonly code = "HSU-CALL-008";
  override get message(): string {
    return `${this.status}: ${this.details === "" ? "(the unit says no more)" : this.details}`;
  }
  get hint(): string {
    return `this is what unit ${quote(this.unit)} answers to ${this.method}; see \`hsu logs ${this.unit}\``;
  }
}

/** The call took longer than it may. */
export class CallDeadline extends Schema.TaggedError<CallDeadline>()("CallDeadline", {
  unit: Schema.String,
  method: Schema.String,
  millis: Schema.Number,
}) {
  readonly code = "HSU-CALL-009";
  override get message(): string {
    return `${this.method} of unit ${quote(this.unit)} took longer than ${this.millis / 1000}s`;
  }
  get hint(): string {
    return "--timeout gives it longer";
  }
}

export const CallError = Schema.Union([
  UnitNotRunning,
  UnitHasNoPort,
  UnitUnreachable,
  NoReflection,
  MethodNotFound,
  MethodNotCallable,
  RequestInvalid,
  CallFailed,
  CallDeadline,
]);
export type CallError = typeof CallError.Type;
