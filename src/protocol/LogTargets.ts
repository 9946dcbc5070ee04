/**
 * Where else a unit's output goes, and how that is going.
 */
import * as Schema from "effect/Schema";

export const LogTarget = Schema.Struct({
  target: Schema.String,
  /** Unix milliseconds; null: it is not away. */
  awaySince: Schema.NullOr(Schema.Number),
  why: Schema.NullOr(Schema.String),
  /** Lines that it has got since the master started. */
  delivered: Schema.Int,
  /** Lines that rotation has removed before it got them, and ones that it did not want to have. */
  lost: Schema.Int,
  rejected: Schema.Int,
  /** What of the log on the disk is still to come. */
  lagBytes: Schema.Int,
  /** The same in lines; only where one unit is described. */
  lagLines: Schema.optionalKey(Schema.Int),
  /** There are more lines than that. */
  hasMore: Schema.optionalKey(Schema.Boolean),
});
export type LogTarget = typeof LogTarget.Type;
