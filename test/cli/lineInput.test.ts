import { expect, test } from "vitest";
import { empty, type } from "../../src/cli/LineInput.ts";

const typing = (...pieces: ReadonlyArray<string>) => {
  let state = empty;
  let [send, echo, isOver] = ["", "", false];
  for (const piece of pieces) {
    const next = type(state, piece);
    [state, isOver] = [next.state, next.isOver];
    send += next.send;
    echo += next.echo;
  }
  return { send, echo, isOver, line: state.line };
};

test.each([
  ["a line is sent when it is done", ["ab", "c\rd"], { send: "abc\n", echo: "abc\nd", line: "d", isOver: false }],
  ["a key back takes one character, and none where there is none", ["aü😀\x7f\x7f\x7f\x7fb\r"], { send: "b\n", line: "", isOver: false }],
  ["Ctrl-U takes them all", ["abc\x15d\r"], { send: "d\n" }],
  ["Ctrl-P Ctrl-Q leaves, also in two pieces, and what was not done is not sent", ["ab\x10", "\x11cd\r"], { send: "", isOver: true }],
  ["Ctrl-P alone does not", ["\x10a\x11b\r"], { send: "ab\n", isOver: false }],
  ["Ctrl-C leaves", ["ab\r\x03cd\r"], { send: "ab\n", isOver: true }],
  ["Ctrl-D leaves an empty line alone", ["ab\x04\r\x04c"], { send: "ab\n", isOver: true }],
  ["control characters are none of it", ["a\x1b\x00b\r"], { send: "ab\n" }],
])("%s", (_, pieces, expected) => expect(typing(...pieces)).toMatchObject(expected));
