/**
 * Amounts of bytes, as people write them.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import { told } from "./Values.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1000,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1000 ** 2,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1000 ** 3,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1000 ** 4,
};
const sizeExpected = "a size: bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024)";

/** Undefined: it is none. */
export const parseSize = (value: unknown): number | undefined => {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? [];
  const factor = Object.hasOwn(factors, unit.toLowerCase()) ? factors[unit.toLowerCase()] : undefined;
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
};

/** Bytes. */
export const size = (least: number) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Number, {
      decode: SchemaGetter.transformEffect((value: unknown, options) => {
        const bytes = parseSize(value);
        if (bytes !== undefined && bytes >= least) return Effect.succeed(bytes);
        const expected = bytes === undefined ? sizeExpected : `a size of at least ${least} bytes`;
        return Effect.fail(new SchemaIssue.InvalidValue({ message: "", ...told("HSU-CFG-040", expected) }, value, options));
      }),
      encode: SchemaGetter.transform((bytes: number): unknown => bytes),
    }),
  );
