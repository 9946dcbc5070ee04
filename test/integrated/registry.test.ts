/** The registry by itself, under a clock that stands still unless it is told. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as TestClock from "effect/testing/TestClock";
import * as fc from "fast-check";
import * as Publication from "../../src/integrated/Publication.ts";
import * as Registry from "../../src/integrated/Registry.ts";

const publication = (moduleID: string, more: Partial<Publication.Publication> = {}): Publication.Publication => ({
  moduleID,
  processID: 7,
  apis: [{ serviceIDs: ["a.B"], serverPort: 4000, protocol: "grpc", address: null, metadata: undefined }],
  ...more,
});
const unknown = { sight: () => "unknown" as const };

describe("ages", () => {
  it.effect("what was not seen for 5 minutes is not found; a discover refreshes it", () =>
    Effect.gen(function* () {
      const registry = yield* Registry.make(unknown);
      yield* registry.publish(publication("a"));
      yield* TestClock.adjust("5 minutes");
      expect((yield* registry.discover("a")).moduleID).toBe("a");
      yield* TestClock.adjust("5 minutes");
      expect(yield* registry.list).toHaveLength(1);
      yield* TestClock.adjust("1 millis");
      expect((yield* Effect.flip(registry.discover("a"))).why).toContain("5 minutes");
      expect(yield* registry.list).toEqual([]);
    }),
  );

  it.effect("it is forgotten after 10 minutes, and comes back when it is published again", () =>
    Effect.gen(function* () {
      const registry = yield* Registry.make(unknown);
      yield* registry.publish(publication("a"));
      yield* TestClock.adjust("10 minutes");
      expect(yield* registry.health).toEqual({ registeredModules: 1, totalAPIs: 1, uptimeMillis: 600_000 });
      yield* TestClock.adjust("1 millis");
      expect(yield* registry.health).toMatchObject({ registeredModules: 0, totalAPIs: 0 });
      yield* registry.publish(publication("a"));
      expect((yield* registry.discover("a")).apis).toHaveLength(1);
    }),
  );

  it.effect("one whose process the master sees does not age, and is gone with its process", () =>
    Effect.gen(function* () {
      let sighting: Registry.Sighting = "runs";
      const registry = yield* Registry.make({ sight: () => sighting });
      yield* registry.publish(publication("a"));
      yield* TestClock.adjust("3 hours");
      expect((yield* registry.discover("a")).moduleID).toBe("a");
      sighting = "ended";
      expect((yield* Effect.flip(registry.discover("a"))).why).toBe("module not found");
    }),
  );
});

describe("operations", () => {
  it.effect("a module that publishes again takes its own place; the master hears of each", () =>
    Effect.gen(function* () {
      const heard: Array<string> = [];
      const registry = yield* Registry.make({
        ...unknown,
        published: ({ moduleID, processID }) => void heard.push(`${moduleID} ${processID}`),
      });
      yield* registry.publish(publication("a"));
      yield* registry.publish(publication("a", { processID: 8, apis: [] }));
      expect(yield* registry.list).toEqual([publication("a", { processID: 8, apis: [] })]);
      expect(heard).toEqual(["a 7", "a 8"]);
    }),
  );

  it.effect("only the process that has published, or who names none, can unpublish", () =>
    Effect.gen(function* () {
      const registry = yield* Registry.make(unknown);
      yield* registry.publish(publication("a"));
      expect((yield* Effect.flip(registry.unpublish("a", 8))).why).toContain("process 7");
      yield* registry.unpublish("a", 7);
      expect((yield* Effect.flip(registry.unpublish("a", null)))._tag).toBe("ModuleNotFound");
      yield* registry.publish(publication("a"));
      yield* registry.unpublish("a", null);
      expect(yield* registry.list).toEqual([]);
    }),
  );

  it.effect("it holds no more than it has room for, and what is there can still be published anew", () =>
    Effect.gen(function* () {
      const registry = yield* Registry.make(unknown);
      for (let n = 0; n < 10_000; n++) yield* registry.publish(publication(`m${n}`, { apis: [] }));
      expect((yield* Effect.flip(registry.publish(publication("more"))))._tag).toBe("RegistryFull");
      yield* registry.publish(publication("m1"));
      expect((yield* registry.health).registeredModules).toBe(10_000);
    }),
  );
});

describe("what is posted", () => {
  const go = { ModuleID: "m", ProcessID: 12, APIs: [{ ServiceIDs: ["a", "b"], ServerPort: 4000, Protocol: "grpc", Metadata: { v: 1 } }] };
  const rust = { moduleId: "m", processId: 12, apis: [{ serviceId: "a", protocol: "Grpc", address: "http://127.0.0.1:4001" }] };

  it("keys are matched whatever their case, in both dialects", () => {
    expect(Publication.read(go)).toEqual({
      moduleID: "m",
      processID: 12,
      apis: [{ serviceIDs: ["a", "b"], serverPort: 4000, protocol: "grpc", address: null, metadata: { v: 1 } }],
    });
    expect(Publication.read(rust)).toEqual({
      moduleID: "m",
      processID: 12,
      apis: [{ serviceIDs: ["a"], serverPort: null, protocol: "Grpc", address: "http://127.0.0.1:4001", metadata: undefined }],
    });
    expect(Publication.read({ moduleID: "m" })).toEqual({ moduleID: "m", processID: null, apis: [] });
    expect(Publication.read({ moduleID: "m", processID: "12", apis: null })).toMatchObject({ processID: 12, apis: [] });
  });

  it("is shown under the names of both", () => {
    expect(Publication.shown(Publication.read(rust) as Publication.Publication)).toMatchObject({
      moduleID: "m",
      moduleId: "m",
      apis: [{ serviceIDs: ["a"], serviceId: "a", serverPort: 4001, protocol: "Grpc", address: "http://127.0.0.1:4001" }],
    });
  });

  it.each([
    [[], "body"],
    [null, "body"],
    [{}, "moduleID"],
    [{ moduleID: 5 }, "moduleID"],
    [{ moduleID: "m".repeat(257) }, "moduleID"],
    [{ moduleID: "m", processID: "x" }, "processID"],
    [{ moduleID: "m", processID: -1 }, "processID"],
    [{ moduleID: "m", apis: {} }, "apis"],
    [{ moduleID: "m", apis: [1] }, "apis[0]"],
    [{ moduleID: "m", apis: [{}, { serviceIDs: [1] }] }, "apis[1].serviceIDs"],
    [{ moduleID: "m", apis: [{ serverPort: 70_000 }] }, "apis[0].serverPort"],
    [{ moduleID: "m", apis: [{ protocol: 1 }] }, "apis[0].protocol"],
    [{ moduleID: "m", apis: [{ address: [] }] }, "apis[0].address"],
  ])("that is none is told where: %j", (json, context) => {
    expect(Publication.read(json)).toMatchObject({ context, error: expect.stringContaining(`${context} must be`) });
  });

  it("any JSON is read or refused", () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => void Publication.read(json)));
    const loose = fc.record(
      {
        moduleID: fc.constant("m"),
        processId: fc.jsonValue(),
        APIS: fc.array(fc.dictionary(fc.constantFrom("serviceIDs", "serverPort", "address"), fc.jsonValue())),
      },
      { requiredKeys: ["moduleID"] },
    );
    fc.assert(
      fc.property(loose, (json) => {
        const read = Publication.read(json);
        if (!Publication.isMalformed(read)) Publication.shown(read);
      }),
    );
  });

  it("the port of gRPC comes before others, and an address will do", () => {
    const api = (protocol: string, serverPort: number | null, address: string | null = null): Publication.Api => ({
      serviceIDs: [],
      serverPort,
      protocol,
      address,
      metadata: undefined,
    });
    const portOf = (...apis: ReadonlyArray<Publication.Api>) => Publication.portOf(publication("m", { apis }));
    expect(portOf(api("http", 1), api("GRPC", 2))).toBe(2);
    expect(portOf(api("http", 1), api("grpc", null))).toBe(1);
    expect(portOf(api("Grpc", null, "[::1]:77"))).toBe(77);
    expect(portOf(api("Grpc", null, "http://127.0.0.1:78/"))).toBe(78);
    expect(portOf(api("Grpc", null, "nowhere"), api("grpc", null))).toBe(null);
    expect(portOf()).toBe(null);
  });
});
