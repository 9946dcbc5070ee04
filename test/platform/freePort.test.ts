import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { createServer } from "node:net";
import { makePorts } from "../../src/platform/index.ts";

it.live("a port that is taken is free for the one it is for", () =>
  Effect.gen(function* () {
    const port = yield* makePorts().take;
    const bound = yield* Effect.callback<number>((resume) => {
      const server = createServer().listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(port))));
    });
    expect(bound).toBe(port);
  }),
);

it.effect("nobody is given what somebody has, until that is given back", () =>
  Effect.gen(function* () {
    const offers = [1, 1, 2, 1, 1, 3];
    const ports = makePorts(Effect.sync(() => offers.shift()!));
    ports.reserve(3);
    expect(yield* ports.take).toBe(1);
    expect(yield* ports.take).toBe(2);
    ports.giveBack(1);
    expect(yield* ports.take).toBe(1);
    ports.giveBack(3);
    expect(yield* ports.take).toBe(3);
  }),
);

it.effect("a port that two have is free when both have given it back", () =>
  Effect.gen(function* () {
    const offers = [7, 8, 7];
    const ports = makePorts(Effect.sync(() => offers.shift()!));
    ports.reserve(7);
    ports.reserve(7);
    ports.giveBack(7);
    expect(yield* ports.take).toBe(8);
    ports.giveBack(7);
    expect(yield* ports.take).toBe(7);
  }),
);

it.effect("a system that has none left is said so", () =>
  Effect.gen(function* () {
    const ports = makePorts(Effect.succeed(5));
    ports.reserve(5);
    expect((yield* Effect.flip(ports.take)).message).toBe("no free port on 127.0.0.1: each one that was free is another unit's");
  }),
);
