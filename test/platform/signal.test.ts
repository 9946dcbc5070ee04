import { constants } from "node:os";
import { expect, it } from "@effect/vitest";
import * as Option from "effect/Option";
import { Signal } from "../../src/platform/index.ts";

it("a signal is understood however people write it", () => {
  for (const input of ["TERM", "term", "SIGTERM", "sigTerm", " 15 ", "15", 15]) expect(Signal.parse(input)).toEqual(Option.some("SIGTERM"));
  for (const input of ["", "SIG", "TERMINATE", "0", 0, -9, 9.5, 999, "0x9", "toString"]) expect(Signal.parse(input)).toEqual(Option.none());
});

it("names and numbers are each other's inverse", () => {
  expect(Signal.all).toContain("SIGKILL");
  for (const name of Signal.all) expect(Signal.fromNumber(Signal.toNumber(name))).toEqual(Option.some(name));
  expect(Signal.fromNumber(constants.signals.SIGABRT)).toEqual(Option.some("SIGABRT"));
});
