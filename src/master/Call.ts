/**
 * Calls of a unit's own services by name, with JSON. gRPC is loaded with the first call.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { DescMethod } from "@bufbuild/protobuf";
import { nearest } from "../config/Nearest.ts";
import type { GrpcStatus, Unreachable } from "../integrated/Channel.ts";
import type { NotReflected } from "../integrated/ReflectionClient.ts";
import {
  CallDeadline,
  type CallError,
  CallFailed,
  MethodNotCallable,
  MethodNotFound,
  NoReflection,
  RequestInvalid,
  UnitHasNoPort,
  UnitNotRunning,
  UnitUnreachable,
} from "../protocol/CallErrors.ts";
import type { StartFailed } from "../protocol/Errors.ts";
import type { CallReply } from "../protocol/MasterRpc.ts";
import type { Entry } from "./Entry.ts";

export interface CallOptions {
  readonly unit: string;
  /** `package.Service/Method`; null lists what there is. */
  readonly method: string | null;
  /** The request, as JSON text. */
  readonly json: string;
  readonly timeoutMillis: number;
}

const youngMillis = 10_000;

/** Each reply of the unit as JSON, or each method that it has. The deadline is of the whole. */
export const call = (
  entry: Entry,
  state: Effect.Effect<string>,
  wake: Effect.Effect<void, StartFailed>,
  options: CallOptions,
): Stream.Stream<CallReply, CallError | StartFailed> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { timeoutMillis, unit } = options;
      const method = options.method ?? "the list of methods";
      const late = new CallDeadline({ unit, method, millis: timeoutMillis });
      const deadline = (yield* Clock.currentTimeMillis) + timeoutMillis;
      yield* Effect.timeoutOrElse(wake, { duration: timeoutMillis, orElse: () => Effect.fail(late) });
      const { task } = entry.slot;
      if (task === null) return yield* new UnitNotRunning({ unit, state: yield* state });
      const { port } = entry.slot;
      if (port === null) return yield* new UnitHasNoPort({ unit, kind: entry.spec.kind });
      // A process that has just been started may not listen yet: its first connection is waited for.
      const youngUntil = (entry.slot.startedAt ?? 0) + Math.min(entry.spec.startTimeoutMillis, youngMillis);
      const left = Math.max(1, deadline - (yield* Clock.currentTimeMillis));
      const { calling } = yield* Effect.promise(() => import("./Calling.ts"));
      const explain = (error: GrpcStatus | Unreachable | NotReflected | CallError): CallError => {
        switch (error._tag) {
          case "GrpcStatus":
            return error.status === "DEADLINE_EXCEEDED"
              ? late
              : new CallFailed({ unit, method, status: error.status, details: error.details });
          case "Unreachable":
            return new UnitUnreachable({ unit, port: error.port, reason: error.reason });
          case "NotReflected":
            return new NoReflection({ unit, reason: error.reason });
          default:
            return error;
        }
      };
      return calling({ port, youngUntil, runs: () => entry.slot.task === task, deadline, options, refuse: refusals(unit) }).pipe(
        Stream.mapError(explain),
        // Also where the unit takes a connection and then says nothing.
        Stream.interruptWhen(Effect.andThen(Effect.sleep(left), Effect.fail(late))),
      );
    }),
  );

/** What is wrong with a call before it is made. */
export interface Refusals {
  readonly noMethod: (method: string, known: ReadonlyArray<DescMethod>) => MethodNotFound;
  readonly notCallable: (method: string) => MethodNotCallable;
  readonly misfit: (
    method: string,
    misfit: { readonly path: string; readonly problem: string; readonly expected: string },
  ) => RequestInvalid;
}

const refusals = (unit: string): Refusals => ({
  noMethod: (method, known) => {
    const names = known.map((each) => `${each.parent.typeName}/${each.name}`);
    // The name of the method alone, or that of a service that has only one.
    const short = known.filter((each) => each.name === method || each.parent.typeName === method);
    const only = short.length === 1 ? `${short[0]!.parent.typeName}/${short[0]!.name}` : undefined;
    return new MethodNotFound({ unit, method, nearest: only ?? nearest(method, names) ?? null });
  },
  notCallable: (method) => new MethodNotCallable({ unit, method }),
  misfit: (method, misfit) => new RequestInvalid({ method, ...misfit }),
});
