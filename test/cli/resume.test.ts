import { expect, it } from "vitest";
import { nothingShown, resumed, shown } from "../../src/cli/Resume.ts";
import type { LogLine, LogRequest } from "../../src/protocol/MasterRpc.ts";

const request: LogRequest = { unit: "web", follow: true, lines: 100 };
const line = (over: Partial<LogLine> = {}): LogLine => ({ unit: "web", stream: "stdout", text: "x", time: 5, ...over });
const after = (...lines: ReadonlyArray<LogLine>) => lines.reduce(shown, nothingShown);

it("a cursor says where to go on; lines behind it that were shown are skipped", () => {
  const seen = after(line(), line({ cursor: "1:5,1:0" }));
  expect(resumed(request, seen, 1)).toEqual({ request: { ...request, lines: null, after: "1:5,1:0" }, skip: 0 });
  expect(resumed(request, shown(seen, line()), 1)).toMatchObject({ request: { after: "1:5,1:0" }, skip: 1 });
});

it("without a cursor, all lines are counted, and the last ones are asked for by time", () => {
  const all = { ...request, lines: null, since: 3 };
  expect(resumed(all, after(line(), line()), 1)).toEqual({ request: all, skip: 2 });
  expect(resumed(request, nothingShown, 7)).toEqual({ request: { ...request, lines: null, since: 7 }, skip: 0 });
  expect(resumed({ ...request, since: 9 }, nothingShown, 7)).toMatchObject({ request: { since: 9 } });
  expect(resumed(request, after(line({ time: 8 })), 7)).toMatchObject({ request: { lines: null, since: 9 } });
});
