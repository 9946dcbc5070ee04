/**
 * The master's errors as HTTP has them. Pure.
 */
import type { AuditUnwritable } from "../protocol/Audit.ts";
import type { InvalidTransition, NotAllowed, NotReloadable, StartFailed, UnitNotFound } from "../protocol/Errors.ts";
import type { Problem } from "../protocol/HttpApi.ts";

interface Explained {
  readonly _tag: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

type Of<Status extends number> = Extract<Problem, { readonly status: Status }>;

const titles: Readonly<Record<Problem["status"], string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  412: "Precondition failed",
  429: "Too many requests",
  502: "The unit failed",
  503: "Unavailable",
  504: "Too slow",
};

const problem = <Status extends Problem["status"]>(status: Status, code: string, detail: string, hint: string): Of<Status> =>
  ({ type: `urn:hsu:error:${code}`, title: titles[status], status, detail, code, hint }) as Of<Status>;

const of =
  <Status extends Problem["status"]>(status: Status) =>
  ({ code, hint, message }: Explained): Of<Status> =>
    problem(status, code, message, hint);

/** By the tags of errors that `Control` fails with. */
export const problems = {
  UnitNotFound: of(404),
  InvalidTransition: of(409),
  NotReloadable: of(409),
  NotAllowed: of(403),
  StartFailed: of(502),
  TokensUnusable: of(503),
  AuditUnwritable: of(503),
};

export const tooOften = of(429);
export const tooMany = of(429);
export const tooSlow = of(504);

export type CommandError = AuditUnwritable | UnitNotFound | InvalidTransition | NotReloadable | NotAllowed | StartFailed;

/** Why a command on a unit was not done. */
export const commandProblem = (error: CommandError): Of<403 | 404 | 409 | 502 | 503> => problems[error._tag](error);

const seeDocs = "docs/reference/http.md says what each path takes";
export const malformed = (detail: string): Of<400> => problem(400, "HSU-API-007", detail, seeDocs);
export const nothingHere = (path: string): Of<404> => problem(404, "HSU-API-008", `there is nothing at ${path}`, seeDocs);
export const unauthorized = problem(
  401,
  "HSU-API-009",
  "the request has no token that is known and has not expired",
  "send `Authorization: Bearer TOKEN`; `hsu token create` makes one",
);
export const forbidden = (detail: string): Of<403> =>
  problem(403, "HSU-API-010", detail, "use a token with a higher role, or for another group: `hsu token list`");
export const changed = (unit: string): Of<412> =>
  problem(412, "HSU-API-011", `unit ${JSON.stringify(unit)} is not any more what it was`, "look at it again, and decide anew");
export const notReady = (detail: string): Of<503> => problem(503, "HSU-API-012", detail, "`hsu status` tells how they are");
export const ended = problem(503, "HSU-API-013", "the tree has ended", "start it again");
