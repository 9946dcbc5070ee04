/**
 * What the master says of its services to who may look.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
  type ServerReflectionResponse as Response,
} from "../protocol/gen/grpc/reflection/v1/reflection.ts";
import type { Unauthorized } from "../protocol/RemoteErrors.ts";
import type { Caller } from "./Doorkeeper.ts";
import * as Status from "./GrpcStatus.ts";

type Duplex = ServerDuplexStream<Uint8Array, Uint8Array>;

/** Any role may. */
export const GrpcReflection =
  (answer: (request: ServerReflectionRequest) => Partial<Response>, run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>) =>
  (call: Duplex, who: Effect.Effect<Caller, Unauthorized>): void => {
    run(who).addObserver((exit) => {
      if (Exit.isFailure(exit)) return void call.emit("error", Status.endOf(exit.cause));
      call.on("data", (bytes: Uint8Array) => {
        call.write(
          ServerReflectionResponse.encode(ServerReflectionResponse.fromPartial(answer(ServerReflectionRequest.decode(bytes)))).finish(),
        );
      });
      call.on("end", () => call.end());
    });
  };
