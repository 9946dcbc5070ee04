/**
 * The keys of a control block that say when a unit starts and when its start is complete; the same in both dialects.
 */
import * as Schema from "effect/Schema";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import { OneOf } from "./Values.ts";

const optional = Schema.optionalKey;

export const startKeys = {
  start: optional(OneOf("process", "oneshot")),
};

const StartBlock = Schema.Struct(startKeys);
export type StartBlock = typeof StartBlock.Type;

/** What they make of a unit. */
export const startsOf = ({ start }: StartBlock): Pick<UnitSpec, "start"> => (start === undefined || start === "process" ? {} : { start });
