/** OTP's own cases (gen_server_SUITE), by their names: looking inside, and what is missing. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, CrashReport, ExitReason, Inspect } from "../../src/actor/index.ts";
import { reporting, settled } from "../actor/actors.ts";

const protocol = RpcGroup.make(
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Log", { success: Schema.Array(Schema.String) }),
);
const Server = Actor.make({
  name: "server",
  protocol,
  init: (log: Array<string>) => log,
  handlers: { Note: (log, { text }) => void log.push(text), Log: (log) => Actor.reply(log, [...log]) },
});
const endOf = (ref: ActorRef<never>) =>
  Effect.map(Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true }), (end) => Effect.map(Fiber.join(end), ExitReason.format));

describe("gen_server: looking inside", () => {
  it.effect("get_state, replace_state: also while it is suspended; a function that throws changes nothing", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Server, ["first"]);
      expect(yield* Inspect.state(ref)).toEqual(["first"]);
      yield* Inspect.suspend(ref);
      yield* Inspect.replaceState(ref, () => ["second"]);
      expect(yield* Inspect.state(ref)).toEqual(["second"]);
      const failed = Inspect.replaceState(ref, () => {
        throw new Error("no");
      });
      expect((yield* Effect.flip(failed))._tag).toBe("ReplaceStateFailed");
      yield* Inspect.resume(ref);
      expect(yield* ref.call("Log")).toEqual(["second"]);
    }).pipe(Effect.scoped),
  );

  for (const [name, broken] of [
    ["call_format_status, error_format_status, terminate_crash_format, format_all_status", false],
    ["crash_in_format_status, throw_in_format_status", true],
  ] as const) {
    it.effect(`${name}: what the hook leaves is shown, in a status and in a crash report, and it harms nobody`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const Secretive = Actor.make({
          name: "secretive",
          protocol: RpcGroup.make(Rpc.make("Crash", { payload: { password: Schema.String } }), Rpc.make("Ping")),
          init: () => ({ secret: "hunter2" }),
          handlers: {
            Crash: () => {
              throw new Error("with hunter2 in it");
            },
            Ping: () => {},
          },
          format: () => {
            if (broken) throw new Error("in format");
            return { state: "shown", message: null, reason: ExitReason.error("shown") };
          },
        });
        const ref = yield* Actor.spawn(Secretive, undefined);
        const status = yield* Inspect.status(ref);
        expect([status.state, "formatError" in status]).toEqual([broken ? undefined : "shown", broken]);
        yield* ref.call("Ping");
        ref.cast("Crash", { password: "hunter2" });
        yield* Actor.awaitExit(ref);
        yield* settled;
        expect(reports).toHaveLength(1);
        expect(JSON.stringify([reports[0]?.state, reports[0]?.message])).not.toContain("hunter2");
        expect("formatError" in reports[0]!).toBe(broken);
      }).pipe(Effect.scoped, reporting(reports));
    });
  }
});

describe("gen_server: what is missing", () => {
  it.effect("undef_handle_call, undef_handle_cast, undef_init: a definition without them is none", () =>
    Effect.sync(() => {
      const make = (options: object) => () => Actor.make({ name: "lacking", protocol, init: () => 0, handlers: {}, ...options } as never);
      expect(make({})).toThrow("lacking: no handler for Note");
    }),
  );

  it.effect("undef_handle_continue: the server crashes, and says what is missing", () =>
    Effect.gen(function* () {
      const Lacking = Actor.make({
        name: "lacking",
        protocol: RpcGroup.make(Rpc.make("Go")),
        init: () => 0,
        handlers: { Go: (n) => Actor.andThen(n, 1) as never },
      });
      const ref = yield* Actor.spawn(Lacking, undefined);
      const end = yield* endOf(ref);
      ref.cast("Go");
      expect(yield* end).toMatch(/no continue handler/);
    }).pipe(Effect.scoped, CrashReport.silent),
  );

  it.effect("undef_handle_info, undef_terminate1, undef_terminate2: it lives without them, and ends with its reason", () =>
    Effect.gen(function* () {
      const Plain = Actor.make({
        name: "plain",
        protocol: RpcGroup.make(Rpc.make("Get", { success: Schema.Number })),
        init: () => 42,
        handlers: { Get: (n) => Actor.reply(n, n) },
      });
      const ref = yield* Actor.spawn(Plain, undefined);
      Actor.inform(ref, "unexpected");
      expect(yield* ref.call("Get")).toBe(42);
      const end = yield* endOf(ref);
      yield* Actor.stop(ref, { reason: ExitReason.error("because") });
      expect(yield* end).toBe("because");
    }).pipe(Effect.scoped, CrashReport.silent),
  );

  it.effect("undef_in_handle_info, undef_in_terminate: what is missing inside of a handler is a crash like any other", () =>
    Effect.gen(function* () {
      const missing = {} as { readonly call: () => void };
      const Faulty = Actor.make({
        name: "faulty",
        protocol: RpcGroup.make(),
        init: () => 0,
        handlers: {},
        info: () => missing.call(),
        terminate: () => missing.call(),
      });
      const byInfo = yield* Actor.spawn(Faulty, undefined);
      const first = yield* endOf(byInfo);
      Actor.inform(byInfo, 1);
      expect(yield* first).toMatch(/TypeError: missing\.call is not a function/);
      const byStop = yield* Actor.spawn(Faulty, undefined);
      const second = yield* endOf(byStop);
      yield* Actor.stop(byStop);
      expect(yield* second).toMatch(/TypeError/);
    }).pipe(Effect.scoped, CrashReport.silent),
  );
});
