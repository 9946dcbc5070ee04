/** `hsu call` against a fake master behind a real socket. */
import * as Effect from "effect/Effect";
import { expect, test } from "vitest";
import type { Io } from "../../src/cli/index.ts";
import { folder, hsu, master, scoped, testIo } from "./testIo.ts";

const call = (argv: ReadonlyArray<string>, more?: Partial<Io>) =>
  scoped(
    Effect.gen(function* () {
      const path = yield* folder;
      const io = testIo(path, more);
      const { calls } = yield* master(path);
      const code = yield* hsu(io, "call", ...argv);
      return { code, out: io.out(), err: io.err(), calls };
    }),
  );

test("prints each reply as a line of JSON, whatever -o says", async () => {
  expect(await call(["web", "a.B/C", '{"x":1}'])).toEqual({ code: 0, out: '{"x":1}\n{}\n', err: "", calls: ["call a.B/C web"] });
  expect(await call(["-o", "json", "web", "a.B/C"])).toMatchObject({ code: 0, out: "{}\n{}\n" });
});

test("takes the request from stdin", async () => {
  expect(await call(["web", "a.B/C", "-"], { readStdin: () => Promise.resolve('{"of":"stdin"}') })).toMatchObject({
    code: 0,
    out: '{"of":"stdin"}\n{}\n',
  });
  expect(await call(["web", "a.B/C", "-"], { readStdin: () => Promise.reject(new Error("EIO")) })).toMatchObject({
    code: 2,
    err: expect.stringContaining("cannot read the request from stdin: Error: EIO"),
    calls: [],
  });
});

test("without a method lists what the unit serves, as in a .proto or as JSON", async () => {
  expect(await call(["web"])).toMatchObject({
    code: 0,
    out: "proto.EchoService/Echo (proto.EchoRequest) returns (stream proto.EchoResponse)\n",
  });
  const { out } = await call(["web", "-o", "json"]);
  expect(JSON.parse(out)).toMatchObject({ method: "proto.EchoService/Echo", responseStream: true });
});

test("a deadline that has passed is exit code 124, no such unit 4, too many words 2", async () => {
  expect(await call(["web", "late", "--timeout", "5ms"])).toMatchObject({
    code: 124,
    err: 'error: late of unit "web" took longer than 0.005s [HSU-CLI-004]\nhint: --timeout gives it longer\n',
  });
  expect((await call(["wep", "a.B/C"])).code).toBe(4);
  expect((await call(["web", "a.B/C", "{}", "more"])).code).toBe(2);
  expect((await call([])).code).toBe(2);
});
