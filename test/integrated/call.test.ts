/** Calls by name, with JSON, of a unit that says itself what it serves. */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { createServer, type Server } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import type { CallReply } from "../../src/protocol/MasterRpc.ts";
import { call } from "../../src/master/Call.ts";
import type { Entry } from "../../src/master/Entry.ts";
import { emptySlot } from "../../src/unit/index.ts";
import { serveUnit } from "../../src/integrated/index.ts";
import { brokenOff, serving, shop, shopDescriptors } from "./support.ts";
import { until } from "../e2e/program.ts";

let descriptors: Uint8Array;
beforeAll(() => {
  descriptors = shopDescriptors();
});

const entryAt = (port: number | null): Entry =>
  ({
    spec: { id: "shop", kind: "integrated", startTimeoutMillis: 1000 },
    groups: [],
    slot: { ...emptySlot(), task: {}, port },
  }) as unknown as Entry;

const replies = async (
  port: number | null,
  method: string | null,
  json = "{}",
  timeoutMillis = 10_000,
): Promise<ReadonlyArray<CallReply>> =>
  Effect.runPromise(
    Stream.runCollect(call(entryAt(port), Effect.succeed("running"), Effect.void, { unit: "shop", method, json, timeoutMillis })),
  );
const refused = async (port: number | null, method: string | null, json = "{}", timeoutMillis = 10_000) => {
  const error = await Effect.runPromise(
    Effect.flip(
      Stream.runDrain(call(entryAt(port), Effect.succeed("running"), Effect.void, { unit: "shop", method, json, timeoutMillis })),
    ),
  );
  return { code: error.code, message: error.message, hint: error.hint };
};
const values = (all: ReadonlyArray<CallReply>): ReadonlyArray<unknown> =>
  all.map((reply) => (reply._tag === "Reply" ? (JSON.parse(reply.json) as unknown) : reply));
const inShop = <A>(use: (port: number) => Promise<A>): Promise<A> => serving({ services: [shop(descriptors)] }, ({ port }) => use(port));

describe("a call", () => {
  it("is answered with JSON: nested messages, lists, maps, enums, times, bytes, 64 bits", () =>
    inShop(async (port) => {
      const order = {
        items: [{ name: "tea", amount: 2, size: "SIZE_LARGE" }],
        prices: { tea: "9007199254740993" },
        at: "2026-11-21T12:00:00Z",
        within: "1.500s",
        note: "aGk=",
        express: true,
        tags: ["a", "b"],
        spare: { x: { name: "y", amount: 0, size: "SIZE_UNSPECIFIED" } },
        card: "4111",
      };
      expect(values(await replies(port, "shop.v1.Shop/Order", JSON.stringify(order)))).toEqual([
        { order, number: "1", size: "SIZE_UNSPECIFIED" },
      ]);
    }));

  it.each(["shop.v1.Shop/Order", "/shop.v1.Shop/Order", "shop.v1.Shop.Order"])("finds the method as %s", (name) =>
    inShop(async (port) => {
      expect(await replies(port, name)).toHaveLength(1);
    }),
  );

  it("of a method with a stream of replies gives each of them", () =>
    inShop(async (port) => {
      expect(values(await replies(port, "shop.v1.Shop/Count", '{"to": 3}'))).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
      expect(await replies(port, "shop.v1.Shop/Count")).toEqual([]);
      expect(await replies(port, "shop.v1.Shop/Count", '{"to": 20000}')).toHaveLength(20_000);
    }));

  it("without a method tells which there are", () =>
    inShop(async (port) => {
      const all = await replies(port, null);
      expect(all).toContainEqual({
        _tag: "Method",
        method: "shop.v1.Shop/Count",
        request: "shop.v1.CountRequest",
        response: "shop.v1.CountReply",
        requestStream: false,
        responseStream: true,
      });
      const services = all.map((each): string => (each._tag === "Method" ? each.method.split("/")[0]! : ""));
      const names: ReadonlyArray<string> = [...new Set(services)].toSorted();
      expect(names).toEqual([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "hsu.unit.v1.UnitService",
        "proto.CoreService",
        "shop.v1.Shop",
      ]);
    }));
});

describe("what does not work is said", () => {
  it("no such method, with the nearest", () =>
    inShop(async (port) => {
      expect(await refused(port, "shop.v1.Shop/Oder")).toEqual({
        code: "HSU-CALL-005",
        message: 'unit "shop" serves no method "shop.v1.Shop/Oder"',
        hint: 'did you mean "shop.v1.Shop/Order"?',
      });
      expect((await refused(port, "Order")).hint).toBe('did you mean "shop.v1.Shop/Order"?');
      expect((await refused(port, "nothing.like/It")).hint).toBe("`hsu call shop` lists what it serves");
    }));

  it("a method that takes a stream", () =>
    inShop(async (port) => {
      expect((await refused(port, "shop.v1.Shop/Collect")).code).toBe("HSU-CALL-006");
    }));

  it.each([
    ["[1]", "$: it is a list", "shop.v1.OrderRequest, an object with items, prices, at, within, note, express, tags, spare, card, cash"],
    ['{"itms": []}', "$.itms: shop.v1.OrderRequest has no such field", "shop.v1.OrderRequest, an object with items"],
    ['{"items": [{"name": "a"}, {"name": 5}]}', "$.items[1].name: it is 5", "a text"],
    ['{"items": [{"amount": -1}]}', "$.items[0].amount: it is -1", "a whole number from 0 to 4294967295"],
    ['{"items": [{"size": "HUGE"}]}', '$.items[0].size: it is "HUGE"', "one of SIZE_UNSPECIFIED, SIZE_SMALL, SIZE_LARGE"],
    ['{"items": {}}', "$.items: it is an object", "a list; of each element: shop.v1.Item, an object with name, amount, size"],
    ['{"prices": {"a b": "x"}}', '$.prices["a b"]: it is "x"', "a whole number of 64 bits"],
    ['{"spare": {"x": {"amount": "many"}}}', '$.spare["x"].amount: it is "many"', "a whole number from 0 to 4294967295"],
    ['{"at": "yesterday"}', '$.at: it is "yesterday"', 'a time as in "2026-01-31T12:00:00Z"'],
    ['{"within": 5}', "$.within: it is 5", 'a duration as in "1.5s"'],
    ['{"note": "%%"}', '$.note: it is "%%"', "base64"],
    ['{"express": "yes"}', '$.express: it is "yes"', "true or false"],
    ['{"tags": ["a", null]}', "$.tags[1]: it is null", "a text"],
    ['{"message": ', "$: it is not JSON", "JSON, as in"],
    ['{"card": "1", "cash": true}', "$: cannot decode", "shop.v1.OrderRequest"],
  ])("JSON that does not fit, with the place and what was expected: %s", (json, problem, expected) =>
    inShop(async (port) => {
      const { code, hint, message } = await refused(port, "shop.v1.Shop/Order", json);
      expect(code).toBe("HSU-CALL-007");
      expect(message).toContain(`the request does not fit "shop.v1.Shop/Order": ${problem}`);
      expect(hint).toContain(`expected ${expected}`);
    }),
  );

  it("the unit's own status, by its name", () =>
    inShop(async (port) => {
      expect(await refused(port, "shop.v1.Shop/Fail", '{"code": 5, "details": "no tea"}')).toMatchObject({
        code: "HSU-CALL-008",
        message: "NOT_FOUND: no tea",
      });
      expect((await refused(port, "shop.v1.Shop/Fail", '{"code": 7}')).message).toContain("PERMISSION_DENIED");
    }));

  it("a deadline, and the unit hears that the call is broken off", () =>
    inShop(async (port) => {
      for (const name of ["Hang", "HangStream"]) {
        await until(
          "the unit knows",
          async () => {
            // One whose deadline is over before it has come to the unit is never called there.
            if (!brokenOff.includes(name)) expect((await refused(port, `shop.v1.Shop/${name}`, "{}", 300)).code).toBe("HSU-CALL-009");
            return brokenOff;
          },
          (all) => all.includes(name),
        );
      }
    }));

  it("a unit that ends in the middle of a call", async () => {
    const unit = await serveUnit({ services: [shop(descriptors)], argv: [], port: 0, graceMillis: 10, exit: () => {} });
    setTimeout(() => unit.shutdown(), 200);
    expect(await refused(unit.port, "shop.v1.Shop/HangStream")).toMatchObject({ code: "HSU-CALL-008" });
    await unit.ended;
  });

  it("a caller that has gone: the unit hears of it", () =>
    inShop(async (port) => {
      brokenOff.length = 0;
      const hanging = Stream.runDrain(
        call(entryAt(port), Effect.succeed("running"), Effect.void, {
          unit: "shop",
          method: "shop.v1.Shop/Hang",
          json: "{}",
          timeoutMillis: 60_000,
        }),
      );
      await until(
        "the unit knows",
        async () => {
          if (brokenOff.length === 0) await Effect.runPromise(Effect.timeoutOption(hanging, 300));
          return brokenOff;
        },
        (all) => all.includes("Hang"),
      );
    }));

  it("a port that takes connections and says nothing: the deadline holds", async () => {
    const mute = await new Promise<Server>((done) => {
      const server = createServer(() => {}).listen(0, "127.0.0.1", () => done(server));
    });
    try {
      const address = mute.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      expect((await refused(port, "shop.v1.Shop/Order", "{}", 200)).code).toBe("HSU-CALL-009");
    } finally {
      mute.close();
    }
  });

  it("a process that has just been started and does not listen: it is waited for, no longer than the deadline", async () => {
    const young = entryAt(1);
    young.slot.startedAt = Date.now() + 60_000;
    const options = { unit: "shop", method: "shop.v1.Shop/Order", json: "{}", timeoutMillis: 200 };
    const error = await Effect.runPromise(Effect.flip(Stream.runDrain(call(young, Effect.succeed("running"), Effect.void, options))));
    expect(error._tag).toBe("CallDeadline");
  });

  it("a unit without reflection, without a port, without a process, or where nobody listens", async () => {
    const { createServer: createGrpc } = await import("nice-grpc");
    const bare = createGrpc();
    const port = await bare.listen("127.0.0.1:0");
    expect(await refused(port, null)).toMatchObject({ code: "HSU-CALL-004", message: expect.stringContaining("it serves no reflection") });
    await bare.shutdown();
    expect(await refused(port, null)).toMatchObject({ code: "HSU-CALL-003", message: expect.stringContaining("ECONNREFUSED") });
    expect((await refused(null, null)).code).toBe("HSU-CALL-002");
    const stopped = { ...entryAt(1), slot: emptySlot() };
    const error = await Effect.runPromise(
      Effect.flip(
        Stream.runDrain(call(stopped, Effect.succeed("failed"), Effect.void, { unit: "shop", method: null, json: "{}", timeoutMillis: 1 })),
      ),
    );
    expect(error.message).toBe('unit "shop" cannot be called: it is failed');
  });
});
