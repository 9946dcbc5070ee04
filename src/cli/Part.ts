/**
 * What of a large file is another one than what the master runs: read, compiled and sent alone.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { ApplyFailed } from "../protocol/PlanRpc.ts";
import type { Marks } from "../unit/index.ts";
import type { Client } from "./Client.ts";
import * as ConfigFile from "./ConfigFile.ts";
import { CannotConnect, NotRunning } from "./Errors.ts";
import { type Invocation, isRemote, withMaster } from "./Invocation.ts";

/** What the file is that an invocation means, if that is a large one. */
const large = (invocation: Invocation): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    if (isRemote(invocation)) return undefined;
    const file = yield* ConfigFile.find(invocation.operands[0], invocation.io.env, invocation.io.cwd);
    const { MIN_LENGTH } = yield* Effect.promise(() => import("../config/plan/Part.ts"));
    const found = statSync(file, { throwIfNoEntry: false });
    return found?.isFile() === true && found.size > MIN_LENGTH ? file : undefined;
    // Whatever is wrong with it is told by who reads the whole.
  }).pipe(Effect.orElseSucceed(() => undefined));

/** Has the master do something with what has changed of it; undefined: nothing has happened, and it takes the whole. */
const sendPart = Effect.fnUntraced(function* <A, E>(
  invocation: Invocation,
  { call }: Client,
  file: string,
  send: (part: unknown) => Effect.Effect<A, E>,
) {
  const said = yield* call.Marks();
  if (said.marks === null || said.version !== invocation.io.version || dirname(said.source) !== dirname(file)) return undefined;
  const config = yield* Effect.promise(() => import("../config/index.ts"));
  const { ELSEWHERE, partOf } = yield* Effect.promise(() => import("../config/plan/Part.ts"));
  const text = yield* Effect.option(config.readText(file));
  const found = text._tag === "None" ? undefined : partOf(text.value, said.marks as Marks, file);
  if (found === undefined) return undefined;
  const read = found.text === null ? undefined : config.parse(found.text, file, invocation.io.env, () => {}, true, undefined, true);
  if (read !== undefined && (Result.isFailure(read) || read.success.warnings.length > 0)) return undefined;
  const part = found.with(read?.success);
  if (part === undefined) return undefined;
  return yield* Effect.catchIf(
    send(part) as Effect.Effect<A | undefined, E>,
    (error) => error instanceof ApplyFailed && error.reason === ELSEWHERE,
    () => Effect.succeed(undefined),
  );
});

/** The same, where there is a master and the file is a large one. */
export const ofLarge = Effect.fnUntraced(function* <A, E>(
  invocation: Invocation,
  send: (client: Client, part: unknown) => Effect.Effect<A, E>,
) {
  const file = yield* large(invocation);
  if (file === undefined) return undefined;
  return yield* Effect.catchIf(
    withMaster(invocation, (client) => sendPart(invocation, client, file, (part) => send(client, part))),
    // Then the file is looked at all the same, before it is said who does not answer.
    (error): error is Extract<typeof error, NotRunning | CannotConnect> => error instanceof NotRunning || error instanceof CannotConnect,
    () => Effect.succeed(undefined),
  );
});
