import * as fc from "fast-check";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../src/protocol/Ndjson.ts";

describe("lines of JSON", () => {
  it("are what Effect's reader makes of them, however they come in pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{"a":', '"é\\n"', "}", "\n", "\r\n", "[1", ",2]", "null", " "), { maxLength: 12 }),
        (pieces) => {
          const read = (decode: (text: string) => ReadonlyArray<unknown>): unknown => {
            try {
              return pieces.map(decode).flat();
            } catch {
              return "broken";
            }
          };
          expect(read(linesOf(1_000))).toStrictEqual(read(RpcSerialization.makeNdjson().makeUnsafe().decode));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("may be so long, in one piece and in several", () => {
    expect(() => linesOf(4)("[1,2]\n")).toThrow(RpcSerialization.MaxBufferSizeExceeded);
    const lines = linesOf(4);
    expect(lines("[1,")).toEqual([]);
    expect(() => lines("2,")).toThrow(RpcSerialization.MaxBufferSizeExceeded);
    expect(linesOf(5)("[1,2]\n")).toEqual([[1, 2]]);
  });
});
