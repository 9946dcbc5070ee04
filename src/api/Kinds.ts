/**
 * What an error is on wires that know a few kinds of them: its status over HTTP, and over gRPC. Pure.
 */
import type * as Rpc from "effect/rpc/Rpc";
import type * as RpcGroup from "effect/rpc/RpcGroup";
import type { MasterRpc } from "../protocol/MasterRpc.ts";
import type { MalformedRequest } from "./MalformedRequest.ts";
import type { Refused, Unauthorized } from "../protocol/RemoteErrors.ts";

type ErrorOf<Call> = Call extends Rpc.Any ? Rpc.ErrorExit<Call> : never;

/** All that a call of a master can fail with, at any door. */
export type Failure = ErrorOf<RpcGroup.Rpcs<typeof MasterRpc>> | Refused | Unauthorized | MalformedRequest;

export type HttpStatus = 400 | 401 | 403 | 404 | 409 | 412 | 429 | 502 | 503 | 504;

/** Their names, as gRPC has them. */
export type GrpcCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "UNIMPLEMENTED"
  | "DEADLINE_EXCEEDED"
  | "UNKNOWN";

type Kind = readonly [http: HttpStatus, grpc: GrpcCode];

/** An error without a line here does not compile. */
export const kinds = {
  NotBeside: [409, "FAILED_PRECONDITION"],
  CommandNotStarted: [409, "FAILED_PRECONDITION"],
  NoInput: [409, "FAILED_PRECONDITION"],
  NoSuchExec: [404, "NOT_FOUND"],
  UnitNotFound: [404, "NOT_FOUND"],
  InvalidTransition: [409, "FAILED_PRECONDITION"],
  NotReloadable: [409, "FAILED_PRECONDITION"],
  NotAllowed: [403, "PERMISSION_DENIED"],
  StartFailed: [502, "ABORTED"],
  NotUpgradable: [409, "FAILED_PRECONDITION"],
  ApplyFailed: [409, "ABORTED"],
  ConfigInvalid: [400, "INVALID_ARGUMENT"],
  RevisionNotFound: [404, "NOT_FOUND"],
  UnitNotRunning: [409, "FAILED_PRECONDITION"],
  UnitHasNoPort: [409, "FAILED_PRECONDITION"],
  UnitUnreachable: [502, "UNAVAILABLE"],
  NoReflection: [502, "UNIMPLEMENTED"],
  MethodNotFound: [404, "NOT_FOUND"],
  MethodNotCallable: [400, "INVALID_ARGUMENT"],
  RequestInvalid: [400, "INVALID_ARGUMENT"],
  CallFailed: [502, "ABORTED"],
  CallDeadline: [504, "DEADLINE_EXCEEDED"],
  PeerNameTaken: [409, "ALREADY_EXISTS"],
  PeerNotFound: [404, "NOT_FOUND"],
  PeersUnusable: [409, "FAILED_PRECONDITION"],
  AddressNotUsable: [400, "INVALID_ARGUMENT"],
  MalformedRequest: [400, "INVALID_ARGUMENT"],
  NoAudit: [404, "NOT_FOUND"],
  AuditUnwritable: [503, "UNAVAILABLE"],
  Unauthorized: [401, "UNAUTHENTICATED"],
  CertificateRefused: [401, "UNAUTHENTICATED"],
  VersionMismatch: [400, "INVALID_ARGUMENT"],
  FrameRefused: [400, "INVALID_ARGUMENT"],
  Forbidden: [403, "PERMISSION_DENIED"],
  TooMany: [429, "RESOURCE_EXHAUSTED"],
  TooOften: [429, "RESOURCE_EXHAUSTED"],
  TooSlow: [504, "DEADLINE_EXCEEDED"],
  PeerDown: [503, "UNAVAILABLE"],
  OutcomeUnknown: [504, "UNKNOWN"],
} as const satisfies Readonly<Record<Failure["_tag"], Kind>>;
