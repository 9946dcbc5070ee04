/**
 * The key of a control block that has a unit started by the first call to it; the same in both dialects.
 */
import * as Schema from "effect/Schema";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import { block, dispatch, Flag, Timeout } from "./Values.ts";

const OnCallBlock = block({ idle_timeout: Timeout });
type OnCall = boolean | typeof OnCallBlock.Type;

export const onCallKeys = {
  on_call: Schema.optionalKey(dispatch<OnCall>((value) => (typeof value === "boolean" ? Flag : OnCallBlock))),
};

/** What it makes of a unit. `0` is no idle time: it is never stopped for that. */
export const onCallOf = (given: OnCall | undefined): Pick<UnitSpec, "onCall"> => {
  if (given === undefined || given === false) return {};
  const idle = given === true ? 0 : (given.idle_timeout ?? 0);
  return { onCall: idle === 0 ? {} : { idleMillis: idle } };
};
