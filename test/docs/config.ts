import * as Result from "effect/Result";
import { parse, renderAll } from "../../src/config/index.ts";
import { type Fence, programOf } from "./fences.ts";

/** What the configuration loader has against a fence, as a user would read it; warnings are no mistakes. */
export const mistakesIn = (fence: Fence): string => {
  const loaded = parse(programOf(fence), fence.file);
  return Result.isSuccess(loaded) ? "" : renderAll(loaded.failure.diagnostics);
};
