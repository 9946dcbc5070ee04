/**
 * hsu.v1: each call is looked at as at every door, answered by the operation of its name, and said in the messages of proto/hsu/v1.
 * Loaded with the first such call of a master.
 */
import { randomUUID } from "node:crypto";
import type { Metadata, ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import type * as Rpc from "effect/rpc/Rpc";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaAST from "effect/SchemaAST";
import * as Stream from "effect/Stream";
import type { Own, Reach } from "../peer/Reach.ts";
import type { AuditWho } from "../protocol/Audit.ts";
import { MasterRpc, usualCallMillis } from "../protocol/MasterRpc.ts";
import type { MasterStatus } from "../protocol/MasterRpc.ts";
import type { TooOften, Unauthorized } from "../protocol/RemoteErrors.ts";
import { commandId, type Operation } from "../protocol/Rights.ts";
import { type Caller, pass } from "./Doorkeeper.ts";
import { MalformedRequest } from "./MalformedRequest.ts";
import * as Status from "./GrpcStatus.ts";
import type { Trail } from "../security/index.ts";
import { decode, encode, methodNamed } from "./GrpcWire.ts";
import { operationsOf } from "./Operations.ts";
import { pageOf } from "./Pages.ts";
import type { Outcomes } from "./Outcomes.ts";
import { once } from "./Remembered.ts";
import { within } from "./Restricted.ts";
import * as Staying from "./Staying.ts";
import type { Throttle } from "./Throttle.ts";
import { type SentConfig, specOf } from "./SentConfig.ts";

export interface Options {
  readonly reach: () => Reach;
  readonly outcomes: Outcomes;
  readonly audit: Trail | undefined;
  readonly throttle: Throttle;
  readonly count: (code: string) => void;
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>;
  /** Aborts when nobody is served any more. */
  readonly closing: AbortSignal;
}

type Fields = Readonly<Record<string, unknown>>;
type Bytes = Uint8Array;

/** What is asked of an operation, from what was said; where the two are not alike. */
const asks: Readonly<Record<string, (said: Fields, reach: Own) => Effect.Effect<Fields, unknown>>> = {
  "UnitService/Call": (said) => {
    const { json, timeoutMillis } = said;
    return Effect.succeed({
      ...said,
      json: json === "" ? "{}" : json,
      timeoutMillis: timeoutMillis === 0 ? usualCallMillis : timeoutMillis,
    });
  },
  "ConfigService/Plan": (said, reach) => Effect.map(sent(said, reach), (spec) => ({ spec })),
  "ConfigService/Apply": (said, reach) =>
    Effect.map(sent(said, reach), (spec) => ({ spec, how: said["how"] === "" ? "apply" : said["how"] })),
};

const badRequest = (why: string) => Effect.fail(new MalformedRequest({ why }));

/** `spec_json` is JSON. */
const sent = ({ config = {} }: Fields, reach: Own): Effect.Effect<unknown, unknown> => {
  const { specJson, ...rest } = config as SentConfig & { readonly specJson?: string };
  if (specJson === undefined) return specOf(rest, reach);
  return Effect.try({ try: () => JSON.parse(specJson) as unknown, catch: String }).pipe(
    Effect.catch((error) => badRequest(`config.spec_json is no JSON: ${error}`)),
  );
};

/** What is answered, where that is not what the operation yields. */
const replies: Readonly<Record<string, (result: never, said: Fields) => Fields>> = {
  "UnitService/List": ({ units }: MasterStatus, { after, limit, state }) => {
    const { next, units: page } = pageOf(units, state, after === "" ? undefined : after, limit === 0 ? Infinity : Number(limit));
    return { units: page, next: next ?? undefined };
  },
  "ConfigService/Spec": (spec) => ({ spec }),
  "ConfigService/Revisions": (revisions) => ({ revisions }),
  "PeerService/Peers": (peers) => ({ peers }),
};

/** What is not said, and may be null, is null. */
const payloadOf = (operation: Operation, said: Fields): Effect.Effect<unknown, unknown> => {
  const schema = (MasterRpc.requests.get(operation) as unknown as Rpc.AnyWithProps).payloadSchema;
  const { fields } = schema as unknown as { readonly fields?: Readonly<Record<string, Schema.Top>> };
  if (fields === undefined) return Effect.succeed(undefined);
  const absent = Object.entries(fields).filter(([key, { ast }]) => said[key] === undefined && !SchemaAST.isOptional(ast));
  const filled = { ...said, ...Object.fromEntries(absent.map(([key]) => [key, null])) };
  const decoded = Schema.decodeUnknownEffect(schema as unknown as Schema.Codec<unknown>)(filled);
  return Effect.catch(decoded, (error) => badRequest(error.message));
};

type Answer = Effect.Effect<unknown, unknown> | Stream.Stream<unknown, unknown>;

interface Method {
  readonly unary: (call: ServerUnaryCall<Bytes, Bytes>, from: From, done: sendUnaryData<Bytes>) => void;
  readonly stream: (call: ServerWritableStream<Bytes, Bytes>, from: From) => void;
}

/** Who has called, and from where. */
export interface From {
  readonly who: Effect.Effect<Caller, TooOften | Unauthorized>;
  readonly origin: Effect.Effect<AuditWho>;
}

export const make = ({
  audit,
  closing,
  count,
  outcomes,
  reach,
  run,
  throttle,
}: Options): ((name: string, operation: Operation) => Method) => {
  const known = new Map<string, Method>();
  const staying = Staying.make(run);
  const made = (name: string, operation: Operation): Method => {
    const { input, output } = methodNamed(name);
    const reply = replies[name] as ((result: unknown, said: Fields) => Fields) | undefined;
    const ask = asks[name];
    const whole = once((status: MasterStatus) => encode(output, status));

    /** What is asked of the operation by who may, and what comes of it. */
    const answered = Effect.fnUntraced(function* (
      said: Result.Result<Fields, string>,
      { group }: Caller,
    ): Effect.fn.Return<Answer, unknown> {
      if (Result.isFailure(said)) return yield* badRequest(`the message is none: ${said.failure}`);
      // A refusal is an error of the door, and as such one of each call: the types of operations alone do not know it.
      const own = (() => within(group, reach())) as () => Own;
      const asked = ask === undefined ? said.success : yield* ask(said.success, own());
      return (operationsOf(own)[operation] as unknown as (payload: unknown) => Answer)(yield* payloadOf(operation, asked));
    });

    const passed = (
      { metadata, request }: { readonly metadata: Metadata; readonly request: Bytes },
      { origin, who }: From,
      use: (answer: Answer, bytesOf: (result: unknown) => Bytes) => Effect.Effect<Bytes | void, unknown>,
    ): Effect.Effect<Bytes | void, unknown> => {
      const said = Result.try({ try: () => decode(input, request), catch: String });
      const fields = Result.getOrElse(said, (): Fields => ({}));
      const bytesOf = (result: unknown) =>
        operation === "Status" && reply === undefined
          ? whole(result as MasterStatus)
          : encode(output, reply?.(result, fields) ?? (result as Fields | undefined) ?? {});
      // Who does not wait any more has not taken a command back: each has an id, and goes on by itself.
      const id = metadata.get(commandId)[0]?.toString() ?? randomUUID();
      return pass(
        { who, origin, outcomes, audit, throttle, count, staying },
        { operation, payload: fields, id, traceparent: metadata.get("traceparent")[0]?.toString() },
        (caller) => Effect.flatMap(answered(said, caller), (answer) => use(answer, bytesOf)),
      );
    };

    /** Until it is done, or the client has gone, or his deadline has passed. */
    const follow = (call: ServerUnaryCall<Bytes, Bytes> | ServerWritableStream<Bytes, Bytes>, fiber: Fiber.Fiber<unknown, unknown>) => {
      const stop = (): void => fiber.interruptUnsafe();
      if (call.cancelled) stop();
      else call.once("cancelled", stop);
      return stop;
    };

    return {
      unary: (call, from, done) => {
        const fiber = run(passed(call, from, (answer, bytesOf) => Effect.map(answer as Effect.Effect<unknown, unknown>, bytesOf)));
        follow(call, fiber);
        fiber.addObserver((exit) => (Exit.isSuccess(exit) ? done(null, exit.value as Bytes) : done(Status.endOf(exit.cause))));
      },
      stream: (call, from) => {
        const fiber = run(
          passed(call, from, (answer, bytesOf) =>
            Stream.runForEach(answer as Stream.Stream<unknown, unknown>, (item) => written(call, bytesOf(item))),
          ),
        );
        const stop = follow(call, fiber);
        closing.addEventListener("abort", stop, { once: true });
        fiber.addObserver((exit) => {
          closing.removeEventListener("abort", stop);
          if (Exit.isSuccess(exit)) call.end();
          else if (!call.cancelled) call.emit("error", closing.aborted ? Status.ending : Status.endOf(exit.cause));
        });
      },
    };
  };
  return (name, operation) => {
    const method = known.get(name) ?? made(name, operation);
    known.set(name, method);
    return method;
  };
};

/** A client that does not read is waited for, with no more than one chunk for it at hand. */
const written = (call: ServerWritableStream<Bytes, Bytes>, bytes: Bytes): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (call.write(bytes)) return Effect.void;
    return Effect.callback<void>((resume) => {
      const go = (): void => resume(Effect.void);
      call.once("drain", go);
      return Effect.sync(() => call.off("drain", go));
    });
  });
