/**
 * What the master asks of an integrated unit that serves hsu.unit.v1: to end by itself, and how it is. A unit that does not serve it is asked in vain, and
 * nothing comes of that.
 */
import * as Effect from "effect/Effect";
import type { Task } from "../driver/index.ts";
import type { OwnStatus } from "../protocol/MasterRpc.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

const service = "/hsu.unit.v1.UnitService";

/** Null where it gives no answer in time, for whatever reason. The parts that know HTTP/2 are loaded here. */
const ask = (port: number, method: string, request: Uint8Array, millis: number): Effect.Effect<Uint8Array | null> =>
  Effect.flatMap(
    Effect.promise(() => import("../health/GrpcCall.ts")),
    ({ call }) =>
      Effect.callback<Uint8Array | null>((resume) => {
        let answer: Uint8Array | null = null;
        const close = call({
          address: "localhost",
          port,
          path: `${service}/${method}`,
          headers: {},
          tls: null,
          request,
          onAnswer: (bytes) => void (answer = bytes),
          onEnd: (end) => resume(Effect.succeed(end._tag === "Status" && end.status === 0 ? answer : null)),
        });
        return Effect.sync(close);
      }),
  ).pipe(Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.succeed(null) }));

const messages = Effect.promise(() => import("../protocol/gen/hsu/unit/v1/unit.ts"));

/** No longer than this is waited for the word that it will end. */
const answerMillis = 1000;

/**
 * Asks a unit to end by itself. It returns when the process has ended, when half of the time that it has for its stop is over, or at once where it
 * does not serve that: what comes next is its stop signal.
 */
export const askToEnd = (task: Task, { port }: Slot, { kind, stopTimeoutMillis }: UnitSpec): Effect.Effect<void> => {
  if (kind !== "integrated" || port === null) return Effect.void;
  const half = Math.floor(stopTimeoutMillis / 2);
  return Effect.gen(function* () {
    const { ShutdownRequest } = yield* messages;
    const request = ShutdownRequest.encode({ graceMillis: BigInt(half), reason: "stopped by its master" }).finish();
    const answer = yield* ask(port, "Shutdown", request, Math.min(answerMillis, half));
    if (answer !== null) yield* Effect.timeoutOption(task.wait, half);
  });
};

const statusMillis = 500;

/** How it is, in its own words; null where it does not say. */
export const statusOf = (port: number): Effect.Effect<OwnStatus | null> =>
  Effect.gen(function* () {
    const { GetStatusResponse, GetStatusResponse_State: states, LogLevel: levels } = yield* messages;
    const answer = yield* ask(port, "GetStatus", new Uint8Array(), statusMillis);
    if (answer === null) return null;
    // One that answers something else does not serve this.
    return yield* Effect.try(() => GetStatusResponse.decode(answer)).pipe(
      Effect.map(({ logLevel, message, state, version }) => ({
        state: wordOf(states, "STATE_", state),
        message,
        version,
        logLevel: wordOf(levels, "LOG_LEVEL_", logLevel),
      })),
      Effect.orElseSucceed(() => null),
    );
  });

/** `STATE_RUNNING` as `running`; empty where nothing is said. */
const wordOf = (names: Readonly<Record<string, number>>, prefix: string, value: number): string => {
  const name = Object.keys(names).find((each) => names[each] === value) ?? "";
  return value <= 0 ? "" : name.slice(prefix.length).toLowerCase();
};
