/** How much each one gets who comes over a network. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, status as Code } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeThrottle, serveGrpc, serveHttp, serveNetwork } from "../../src/api/index.ts";
import * as Refusals from "../../src/api/Refusals.ts";
import { Control } from "../../src/master/Control.ts";
import { dial } from "../../src/peer/Dial.ts";
import { Bucket, Tokens } from "../../src/security/index.ts";
import type { DoorLimits } from "../../src/unit/index.ts";
import { make } from "./fakeControl.ts";

describe("a bucket", () => {
  const times = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
  const rates = fc.record({ rate: fc.double({ min: 0.1, max: 500, noNaN: true }), burst: fc.integer({ min: 1, max: 50 }) });

  it("lets through no more than its burst and what has come since, in any time; and whoever waits as long as it says", () => {
    fc.assert(
      fc.property(rates, times, (rate, gaps) => {
        let now = 0;
        let bucket = Bucket.full(rate, now);
        const through: Array<number> = [];
        for (const gap of gaps) {
          now += gap;
          const taken = Bucket.take(bucket, rate, now);
          bucket = taken.bucket;
          if (taken.waitMillis === 0) through.push(now);
          else expect(Bucket.take(bucket, rate, now + taken.waitMillis).waitMillis).toBe(0);
        }
        through.forEach((from, first) =>
          through.slice(first).forEach((to, more) => {
            expect(more + 1).toBeLessThanOrEqual(rate.burst + ((to - from) * rate.rate) / 1000 + 1e-6);
          }),
        );
      }),
    );
  });

  it("is not filled by a clock that goes back", () => {
    const rate = { rate: 10, burst: 1 };
    const { bucket } = Bucket.take(Bucket.full(rate, 1000), rate, 1000);
    expect(Bucket.take(bucket, rate, 0).waitMillis).toBeGreaterThan(0);
  });

  it("is one of many that do not take all memory: a hundred thousand addresses", () => {
    let now = 0;
    const throttle = makeThrottle({ rate: 1, burst: 1 }, () => now);
    for (let index = 0; index < 100_000; index++) {
      now += 0.01;
      throttle.call(`address ${index}`);
    }
    expect(throttle.known()).toBeLessThanOrEqual(10_000);
    expect(throttle.call("one")).toBe(0);
    expect(throttle.call("one")).toBeGreaterThan(0);
  });
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-limits-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const served = Effect.fnUntraced(function* (limits: DoorLimits, more: Partial<Control["Service"]> = {}) {
  const fake = yield* make;
  const control = { ...fake.control, ...more };
  const tokens = new Tokens.TokenFile(join(folder, "tokens.json"));
  const of = (name: string) => tokens.create({ name, role: "operator", createdAt: 0 });
  const [one, other] = [yield* of("one"), yield* of("other")];
  // Its time stands still: what is used up stays so.
  const throttle = makeThrottle(limits, () => 0);
  const rpc = yield* serveNetwork({ address: "127.0.0.1", port: 0, clients: [] }, { tokens: tokens.path, version: "test", throttle }).pipe(
    Effect.provideService(Control, control),
  );
  const http = yield* Effect.provideService(serveHttp({ address: "127.0.0.1", port: 0 }, tokens.path, throttle), Control, control);
  const grpc = yield* Effect.provideService(serveGrpc(0, { tokens: tokens.path, throttle }), Control, control);
  /** The name of its status. */
  const status = (token: string) =>
    Effect.callback<string>((resume) => {
      const client = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure());
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      const bytes = (value: Buffer) => value;
      client.makeUnaryRequest("/hsu.v1.MasterService/Status", bytes, bytes, Buffer.alloc(0), metadata, (error) => {
        client.close();
        resume(Effect.succeed(Code[error?.code ?? 0]!));
      });
    });
  const at = (token: string) => dial({ address: `tcp://127.0.0.1:${rpc}`, version: "test", token });
  const ask = (path: string, token?: string, init: RequestInit = {}) =>
    Effect.promise(() =>
      fetch(`http://127.0.0.1:${http}${path}`, {
        ...init,
        headers: { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      }),
    );
  return { ...fake, control, one, other, at, ask, status };
});

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));
const problem = (response: Response) =>
  Effect.promise(async () => ({ status: response.status, code: ((await response.json()) as { readonly code: string }).code }));

it("who asks too often is told when to come back, by each door and over all of them; others are served", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, at, control, one, other, status } = yield* served({ rate: 1, burst: 4 });
      const { call } = yield* at(one);
      yield* call.Status(undefined);
      yield* call.Status(undefined);
      expect((yield* ask("/v1/status", one)).status).toBe(200);
      expect(yield* status(one)).toBe("OK");
      expect(yield* status(one)).toBe("RESOURCE_EXHAUSTED");
      const refused = yield* Effect.flip(call.Status(undefined));
      expect(refused).toMatchObject({ _tag: "TooOften", code: "HSU-RPC-010", retryAfterMillis: 1000 });
      const late = yield* ask("/v1/status", one);
      expect(late.headers.get("retry-after")).toBe("1");
      expect(yield* problem(late)).toEqual({ status: 429, code: "HSU-RPC-010" });
      expect((yield* ask("/v1/status", other)).status).toBe(200);
      expect(yield* status(other)).toBe("OK");
      yield* (yield* at(other)).call.Status(undefined);
      // Of each door.
      expect(Refusals.of(control).get("HSU-RPC-010")).toBe(3);
    }),
  ));

it("paths without a token as well", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, one } = yield* served({ rate: 0.1, burst: 2 });
      expect((yield* ask("/health")).status).toBe(200);
      expect((yield* ask("/nowhere")).status).toBe(404);
      const late = yield* ask("/health");
      expect(late.status).toBe(429);
      expect(late.headers.get("retry-after")).toBe("10");
      expect((yield* ask("/health", one)).status).toBe(429);
      expect((yield* ask("/v1/status", one)).status).toBe(200);
    }),
  ));

it("whoever guesses tokens is stopped, and who has a good one comes in from the same address", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, at, one, status } = yield* served({ failures: 4 });
      expect(yield* status("hsu_0")).toBe("UNAUTHENTICATED");
      expect((yield* ask("/v1/status", "hsu_a")).status).toBe(401);
      expect(yield* Effect.flip(at("hsu_b"))).toMatchObject({ code: "HSU-RPC-003" });
      expect((yield* ask("/v1/status", "hsu_c")).status).toBe(401);
      expect(yield* problem(yield* ask("/v1/status", "hsu_d"))).toEqual({ status: 429, code: "HSU-RPC-010" });
      expect(yield* Effect.flip(at("hsu_e"))).toMatchObject({ code: "HSU-RPC-010" });
      expect(yield* status("hsu_f")).toBe("RESOURCE_EXHAUSTED");
      expect(yield* status(one)).toBe("OK");
      expect((yield* ask("/v1/status", one)).status).toBe(200);
      yield* (yield* at(one)).call.Status(undefined);
    }),
  ));

it("follows so many streams at a time, and another one when one has ended", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, at, following, one, other } = yield* served({ streams: 2 });
      const { call } = yield* at(one);
      const follow = (from: typeof call) => Effect.forkChild(Stream.runDrain(from.Events({ follow: true, since: 0 })));
      const are = (count: number) =>
        Effect.sleep(5).pipe(Effect.repeat({ until: () => following() === count }), Effect.timeout(5000), Effect.orDie);
      const first = yield* follow(call);
      const aborted = new AbortController();
      const response = yield* ask("/v1/events?follow=true", one, { signal: aborted.signal });
      yield* are(2);
      expect(yield* Effect.flip(Stream.runDrain(call.Events({ follow: true, since: 0 })))).toMatchObject({ code: "HSU-RPC-007" });
      expect(yield* problem(yield* ask("/v1/units/web/logs?follow=true", one))).toEqual({ status: 429, code: "HSU-RPC-007" });
      // What is not followed ends by itself.
      yield* Stream.runDrain(call.Events({ follow: false, since: 0 }));
      yield* follow((yield* at(other)).call);
      yield* are(3);
      yield* Fiber.interrupt(first);
      yield* are(2);
      yield* follow(call);
      yield* are(3);
      aborted.abort();
      yield* Effect.promise(() => response.body!.cancel().catch(() => {}));
    }),
  ));

it("what takes too long is not waited for, over the network alone", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, at, one } = yield* served({ deadlineMillis: 20 }, { restart: () => Effect.never });
      const { call } = yield* at(one);
      expect(yield* Effect.flip(call.Restart({ unit: "web" }))).toMatchObject({ code: "HSU-RPC-011" });
      expect(yield* problem(yield* ask("/v1/units/web/restart", one, { method: "POST" }))).toEqual({ status: 504, code: "HSU-RPC-011" });
    }),
  ));

it("a body that is too long is not read", () =>
  scoped(
    Effect.gen(function* () {
      const { ask, calls, one } = yield* served({ bodyBytes: 1024 });
      const send = (signal: string) =>
        ask("/v1/units/web/signal", one, {
          method: "POST",
          body: JSON.stringify({ signal }),
        });
      expect((yield* send("SIGHUP")).status).toBe(204);
      expect((yield* send("x".repeat(2000))).status).toBeGreaterThanOrEqual(400);
      expect(calls).toEqual(["signal SIGHUP web"]);
    }),
  ));
