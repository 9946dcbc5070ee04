import { expect, test } from "vitest";
import { first, footer, pressed, type TopState } from "../../src/cli/TopKeys.ts";

const shown = ["web", "worker", "db"];
const start = first("cpu");

test.each<[string, string, Partial<TopState>, object | null]>([
  ["letters order", "m", { order: "memory", selected: 0 }, null],
  ["arrows mark, within what there is", "\x1b[B\x1b[B\x1b[B\x1b[A", { selected: 1 }, null],
  ["up from the first is the first", "\x1b[A", { selected: 0 }, null],
  ["q quits", "q", {}, { _tag: "Quit" }],
  ["Ctrl-C quits, also from a question", "k\x03", {}, { _tag: "Quit" }],
  ["a filter is typed, corrected and kept", "/wex\x7fb\r", { filter: "web", mode: "keys" }, null],
  ["letters of a filter are no commands", "/qk", { filter: "qk", mode: "filter" }, null],
  ["escape drops a filter", "/we\x1b", { filter: "", mode: "keys" }, null],
  ["escape shows all again", "/we\r\x1b", { filter: "", mode: "keys" }, null],
  ["k asks first", "\x1b[Bk", { mode: "confirm", selected: 1 }, null],
  ["y signals the unit that is marked", "\x1b[Bky", { mode: "keys" }, { _tag: "Kill", unit: "worker" }],
  ["anything else does not", "kn", { mode: "keys", order: "cpu" }, null],
])("%s", (_, keys, state, action) => {
  const [next, done] = pressed(start, keys, shown);
  expect(next).toMatchObject(state);
  expect(done).toEqual(action);
});

test("who was asked about is signalled, whoever is on that line by then", () => {
  const [asked] = pressed(start, "k", shown);
  expect(pressed(asked, "y", ["db", "web"])[1]).toEqual({ _tag: "Kill", unit: "web" });
});

test("where nothing is shown there is nothing to signal", () => {
  expect(pressed(start, "k\x1b[By", [])).toEqual([start, null]);
});

test("the last line says what can be done", () => {
  expect(footer(pressed(start, "\x1b[Bk", shown)[0])).toContain("send SIGTERM to worker?");
  expect(footer(pressed(start, "/wo", shown)[0])).toContain("filter: wo_");
  expect(footer(pressed(start, "/wo\r", shown)[0])).toContain("only *wo*");
});
