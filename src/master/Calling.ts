/**
 * The part of a call that needs gRPC and protobuf: loaded with the first call of a master.
 */
import { type DescMethod, fromBinary, toJson } from "@bufbuild/protobuf";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import { connect, GrpcStatus, type Unreachable } from "../integrated/Channel.ts";
import { reflect, type NotReflected } from "../integrated/ReflectionClient.ts";
import { encodeRequest } from "../integrated/RequestJson.ts";
import type { CallError } from "../protocol/CallErrors.ts";
import type { CallReply } from "../protocol/MasterRpc.ts";
import type { CallOptions, Refusals } from "./Call.ts";

const nameOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

const listed = (method: DescMethod): CallReply => ({
  _tag: "Method",
  method: nameOf(method),
  request: method.input.typeName,
  response: method.output.typeName,
  requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
  responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
});

/** `/a.B/C`, `a.B/C` and `a.B.C` are one method. */
const named = (methods: ReadonlyArray<DescMethod>, name: string): DescMethod | undefined => {
  const plain = name.startsWith("/") ? name.slice(1) : name;
  return methods.find((method) => nameOf(method) === plain || `${method.parent.typeName}.${method.name}` === plain);
};

export const calling = ({
  deadline,
  options,
  port,
  refuse,
  runs,
  youngUntil,
}: {
  readonly port: number;
  /** Unix milliseconds. */
  readonly deadline: number;
  /** Until then a refused connection is tried again. */
  readonly youngUntil: number;
  /** Whether it is still the process that is called. */
  readonly runs: () => boolean;
  readonly options: CallOptions;
  readonly refuse: Refusals;
}): Stream.Stream<CallReply, CallError | GrpcStatus | Unreachable | NotReflected> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const left = Effect.map(Clock.currentTimeMillis, (now) => Math.max(1, deadline - now));
      const channel = yield* Effect.retry(connect(port), {
        schedule: Schedule.spaced(50),
        while: () => Effect.map(Clock.currentTimeMillis, (now) => now < youngUntil && runs()),
      });
      const { registry, services } = yield* reflect(channel, yield* left);
      const methods = services.flatMap((service) => service.methods);
      if (options.method === null) return Stream.fromIterable(methods.map(listed));
      const method = named(methods, options.method);
      if (method === undefined) return yield* Effect.fail(refuse.noMethod(options.method, methods));
      const name = nameOf(method);
      if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
        return yield* Effect.fail(refuse.notCallable(name));
      }
      const request = encodeRequest(method.input, options.json, registry);
      if ("misfit" in request) return yield* Effect.fail(refuse.misfit(name, request.misfit));
      const reply = (bytes: Uint8Array): Effect.Effect<CallReply, GrpcStatus> =>
        Effect.try({
          try: (): CallReply => {
            const message = fromBinary(method.output, bytes);
            // Also what has its default: whoever reads it need not know which fields there are.
            return { _tag: "Reply", json: JSON.stringify(toJson(method.output, message, { registry, alwaysEmitImplicit: true })) };
          },
          catch: (cause) =>
            new GrpcStatus({ code: 13, status: "INTERNAL", details: `its reply is no ${method.output.typeName}: ${String(cause)}` }),
        });
      const path = `/${name}`;
      return method.methodKind === "unary"
        ? Stream.fromEffect(Effect.flatMap(channel.unary(path, request.bytes, yield* left), reply))
        : Stream.mapEffect(channel.serverStream(path, request.bytes, yield* left), reply);
    }),
  );
