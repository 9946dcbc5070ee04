/**
 * Several blocks as one, with `{index}` where they differ by their number. Pure.
 */
import { isDeepStrictEqual } from "node:util";

/** More places of a number in one text than that are not tried. */
const mostPlaces = 6;

const ofText = (texts: ReadonlyArray<string>): string | undefined => {
  const [first = ""] = texts;
  const parts = first.split("0");
  if (parts.length - 1 > mostPlaces) return undefined;
  // Each place of the first one's number is the number, or is a 0.
  for (let choice = 1; choice < 2 ** (parts.length - 1); choice++) {
    const text = parts.map((part, at) => (at === 0 ? part : `${(choice >> (at - 1)) & 1 ? "{index}" : "0"}${part}`)).join("");
    if (texts.every((each, index) => text.replaceAll("{index}", String(index)) === each)) return text;
  }
  return undefined;
};

const isText = (value: unknown): value is string => typeof value === "string";
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Undefined: they differ in more than their numbers. */
export const inOne = (values: ReadonlyArray<unknown>): unknown => {
  const [first] = values;
  if (isText(first) && first.includes("{index}")) return undefined;
  if (!isMap(first) && !Array.isArray(first)) {
    if (values.every((value) => isDeepStrictEqual(value, first))) return first;
    return values.every(isText) ? ofText(values) : undefined;
  }
  const keys = Object.keys(first);
  const isAlike = values.every(
    (value) =>
      (isMap(value) || Array.isArray(value)) &&
      Array.isArray(value) === Array.isArray(first) &&
      isDeepStrictEqual(Object.keys(value), keys),
  );
  if (!isAlike) return undefined;
  const inner = keys.map((key) => inOne(values.map((value) => (value as Readonly<Record<string, unknown>>)[key])));
  if (inner.some((value) => value === undefined)) return undefined;
  return Array.isArray(first) ? inner : Object.fromEntries(keys.map((key, at) => [key, inner[at]]));
};
