import { expect, it } from "vitest";
import { findDifference } from "./treeProperty.ts";

it("trees of supervisors do what the model does: the same order of starts and stops, the same children and incarnations", async () => {
  expect(await findDifference(1500)).toBeNull();
}, 60_000);
