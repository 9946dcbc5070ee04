import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { cellOf, pass, quiet, Script, settled, worker, Worker } from "./actors.ts";

/** Watches whom it is told to, and remembers the news. */
const Watcher = Actor.make({
  name: "watcher",
  protocol: RpcGroup.make(
    Rpc.make("Watch", { payload: { ref: Schema.Any, times: Schema.Number }, success: Schema.Number }),
    Rpc.make("Unwatch"),
    Rpc.make("Wait", { payload: { millis: Schema.Number } }),
    Rpc.make("News", { success: Schema.Array(Schema.String) }),
  ),
  init: (first: ActorRef<never> | null, context) => {
    const state = { news: [] as Array<string>, stops: first === null ? [] : [context.monitor(first)] };
    return first === null ? state : Effect.as(Effect.sleep(10), state);
  },
  handlers: {
    Watch: (state, { ref, times }, context) => {
      for (let n = 0; n < times; n++) state.stops.push(context.monitor(ref as ActorRef<never>));
      return Actor.reply(state, context.incarnation);
    },
    Unwatch: (state) => {
      for (const stop of state.stops) stop();
    },
    Wait: (_, { millis }) => Effect.sleep(millis),
    News: (state) => Actor.reply(state, state.news),
  },
  info: (state, info) => void (info._tag === "Down" && state.news.push(`${info.ref.path.join("/")}: ${ExitReason.format(info.reason)}`)),
});

const watched = Effect.gen(function* () {
  const ref = yield* Actor.spawn(Worker, new Script());
  const watcher = yield* Actor.spawn(Watcher, null);
  yield* watcher.call("Watch", { ref, times: 1 });
  return { ref, watcher };
});

describe("monitors", () => {
  for (const [how, reason] of [
    ["Die", "Error: died"],
    ["Finish", "normal"],
    ["stop", "shutdown"],
    ["kill", "killed"],
  ] as const) {
    it.effect(`tell the end and its reason once: ${how}`, () =>
      Effect.gen(function* () {
        const { ref, watcher } = yield* watched;
        if (how === "stop") yield* Actor.stop(ref);
        else if (how === "kill") yield* Actor.kill(ref);
        else ref.cast(how);
        yield* settled;
        expect(yield* watcher.call("News")).toEqual([`worker: ${reason}`]);
        expect(cellOf(ref).extras?.monitors ?? []).toEqual([]);
      }).pipe(quiet),
    );
  }

  it.effect("of a dead actor tell NoProc at once", () =>
    Effect.gen(function* () {
      const { ref, watcher } = yield* watched;
      yield* Actor.stop(ref);
      yield* watcher.call("Watch", { ref, times: 1 });
      expect(yield* watcher.call("News")).toEqual(["worker: shutdown", "worker: no such actor"]);
      expect(watcher.incarnation).toBe(1);
    }),
  );

  it.effect("in init, of a dead actor, are told once it is up", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Worker, new Script());
      yield* Actor.stop(ref);
      const spawning = yield* Effect.forkChild(Actor.spawn(Watcher, ref as ActorRef<never>), { startImmediately: true });
      yield* pass(10);
      const watcher = yield* Fiber.join(spawning);
      expect(yield* watcher.call("News")).toEqual(["worker: no such actor"]);
    }),
  );

  it.effect("are one piece of news each", () =>
    Effect.gen(function* () {
      const { ref, watcher } = yield* watched;
      yield* watcher.call("Watch", { ref, times: 2 });
      yield* Actor.stop(ref);
      expect(yield* watcher.call("News")).toHaveLength(3);
    }),
  );

  it.effect("taken back tell nothing and leave nothing", () =>
    Effect.gen(function* () {
      const { ref, watcher } = yield* watched;
      yield* watcher.call("Unwatch");
      expect(cellOf(ref).extras?.monitors ?? []).toEqual([]);
      yield* Actor.stop(ref);
      expect(yield* watcher.call("News")).toEqual([]);
    }),
  );

  it.effect("end with the incarnation that asked for them", () =>
    Effect.gen(function* () {
      const { ref, watcher } = yield* watched;
      yield* Actor.stop(watcher);
      expect(cellOf(ref).extras?.monitors ?? []).toEqual([]);
    }),
  );

  it.effect("watch one incarnation, not the next", () =>
    Effect.gen(function* () {
      const spec = worker("a");
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 10 });
      const watcher = yield* Actor.spawn(Watcher, null);
      const ref = supervisor.ref(spec);
      yield* watcher.call("Watch", { ref, times: 1 });
      for (let n = 0; n < 2; n++) {
        ref.cast("Die");
        yield* settled;
      }
      expect(yield* watcher.call("News")).toEqual(["root/a: Error: died"]);
    }).pipe(quiet),
  );

  it.effect("come ahead of messages that wait", () =>
    Effect.gen(function* () {
      const { ref, watcher } = yield* watched;
      watcher.cast("Wait", { millis: 10 });
      yield* settled;
      const news = yield* Effect.forkChild(watcher.call("News"), { startImmediately: true });
      yield* Actor.stop(ref);
      yield* pass(10);
      expect(yield* Fiber.join(news)).toEqual(["worker: shutdown"]);
    }),
  );

  it.effect("awaitExit waits for the end, and finds NoProc when it is too late", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Worker, new Script());
      const waiting = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      const given = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      yield* Fiber.interrupt(given);
      expect(cellOf(ref).extras?.monitors).toHaveLength(1);
      ref.cast("Finish");
      expect(yield* Fiber.join(waiting)).toEqual(ExitReason.normal);
      expect(yield* Actor.awaitExit(ref)).toEqual(ExitReason.noProc);
    }),
  );
});
