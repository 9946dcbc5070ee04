/**
 * A config that comes with a request: as its text, which is compiled here, or as what was compiled elsewhere.
 */
import * as Effect from "effect/Effect";
import type { Own } from "../peer/Reach.ts";
import type { ConfigInvalid } from "../protocol/PlanRpc.ts";
import { MalformedRequest } from "./MalformedRequest.ts";

export interface SentConfig {
  readonly yaml?: string;
  readonly file?: string;
  readonly spec?: unknown;
}

export const specOf = ({ file, spec, yaml }: SentConfig, reach: Own): Effect.Effect<unknown, ConfigInvalid | MalformedRequest> => {
  if (yaml !== undefined) {
    return Effect.map(reach.compile(yaml, file === undefined || file === "" ? null : file), (compiled) => compiled.spec);
  }
  return spec === undefined
    ? Effect.fail(new MalformedRequest({ why: "there is no config: neither its text (yaml) nor what was compiled of it" }))
    : Effect.succeed(spec);
};
