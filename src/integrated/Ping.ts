/**
 * Whether an integrated unit is alive: gRPC's health where it is served, else upstream's Ping. Who answers that it has neither is alive.
 */
import * as Effect from "effect/Effect";
import { CoreServiceDefinition } from "../protocol/gen/core.ts";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  HealthDefinition,
} from "../protocol/gen/grpc/health/v1/health.ts";
import { type Channel, connect, type GrpcStatus, unimplemented, type Unreachable } from "./Channel.ts";

export type Pinged =
  | { readonly alive: true; readonly how: "health" | "ping" | "unimplemented" }
  /** It answers, and says that it does not serve. */
  | { readonly alive: false; readonly reason: string };

const checkPath = `/${HealthDefinition.fullName}/${HealthDefinition.methods.check.name}`;
const pingPath = `/${CoreServiceDefinition.fullName}/${CoreServiceDefinition.methods.ping.name}`;

const isUnimplemented = (error: GrpcStatus): boolean => error.code === unimplemented;

/** On a channel. `service`: the one to ask gRPC's health for; the unit as a whole without. */
export const ping = (channel: Channel, timeoutMillis: number, service = ""): Effect.Effect<Pinged, GrpcStatus> => {
  const check = Effect.map(channel.unary(checkPath, HealthCheckRequest.encode({ service }).finish(), timeoutMillis), (reply): Pinged => {
    const { status } = HealthCheckResponse.decode(reply);
    if (status === Serving.SERVING) return { alive: true, how: "health" };
    const name = Object.entries(Serving).find(([, number]) => number === status)?.[0] ?? `status ${status}`;
    return { alive: false, reason: `its health is ${name}` };
  });
  const core = Effect.as(channel.unary(pingPath, new Uint8Array(), timeoutMillis), { alive: true, how: "ping" } satisfies Pinged);
  const neither: Effect.Effect<Pinged> = Effect.succeed({ alive: true, how: "unimplemented" });
  return Effect.catchIf(check, isUnimplemented, () => Effect.catchIf(core, isUnimplemented, () => neither));
};

/** Dials the port on 127.0.0.1, then ::1. The whole of it takes no longer than `timeoutMillis`. */
export const pingUnit = (port: number, timeoutMillis: number, service = ""): Effect.Effect<Pinged, GrpcStatus | Unreachable> =>
  Effect.scoped(Effect.flatMap(connect(port), (channel) => ping(channel, timeoutMillis, service)));
