/**
 * The master's errors as HTTP has them. Pure.
 */
import type { Problem } from "../protocol/HttpAccess.ts";
import { type Failure, type HttpStatus, kinds } from "./Kinds.ts";

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

/** What any operation can fail with, as `kinds` says. A refusal has a code of its own here. */
export const problemOf = (error: Failure): Of<Exclude<HttpStatus, 412>> =>
  error._tag === "Forbidden" ? forbidden(error.why) : of(kinds[error._tag][0])(error);

export const tooOften = of(429);
export const tooMany = of(429);
export const tooSlow = of(504);

/** The token file cannot be read. */
export const tokensUnusable: (error: Explained) => Of<503> = of(503);

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
