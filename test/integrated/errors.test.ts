import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CallError } from "../../src/protocol/CallErrors.ts";
import { NoPort } from "../../src/platform/index.ts";

const text = { unit: "u", state: "s", kind: "k", reason: "r", method: "m", nearest: null, path: "$", problem: "p", expected: "e" };
const fields = { ...text, status: "NOT_FOUND", details: "no such user", port: 1, millis: 1 };
const errors = [...CallError.members.map((Failure) => new Failure(fields)), new NoPort({ reason: "r" })];

it("each error of a call has a code of its own and a page of that name", () => {
  const codes = errors.map(({ code }): string => code);
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) {
    expect(readFileSync(`docs/reference/errors/${code}.md`, "utf8").split("\n")[0]).toMatch(new RegExp(`^# ${code}: .`));
  }
});

it("each says what happened, and what to do next", () => {
  for (const { hint, message } of errors) {
    expect(message).toMatch(/\w+ .*\w/);
    expect(hint).toMatch(/\w+ .*\w/);
  }
});
