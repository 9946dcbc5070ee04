/** On the real clock: what matters is what came before what, never how long it took. */
import { describe, expect, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { createServer, connect } from "node:net";
import { vi } from "vitest";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, Event, Supervisor } from "../../src/actor/index.ts";
import { quiet, until, worker } from "./actors.ts";

const spin = (millis: number): void => {
  const end = performance.now() + millis;
  while (performance.now() < end);
};

const Busy = Actor.make({
  name: "busy",
  protocol: RpcGroup.make(
    Rpc.make("Work", { payload: { millis: Schema.Number } }),
    Rpc.make("Await"),
    Rpc.make("Step"),
    Rpc.make("Done", { success: Schema.Number }),
  ),
  init: (limit: number) => ({ limit, done: 0 }),
  handlers: {
    Work: (state, { millis }) => {
      if (millis > 0) spin(millis);
      return { ...state, done: state.done + 1 };
    },
    Await: (state) =>
      Effect.as(
        Effect.promise(() => Promise.resolve()),
        { ...state, done: state.done + 1 },
      ),
    Step: (state, _, context) => {
      if (state.done < state.limit) context.self.cast("Step");
      return { ...state, done: state.done + 1 };
    },
    Done: (state) => Actor.reply(state, state.done),
  },
});

/** What ran before the flood was done, of a timer, an immediate and a socket. */
const alongside = (flood: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const seen = new Set<string>();
    const server = createServer((socket) => void socket.end("hello"));
    yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)));
    const { port } = server.address() as { readonly port: number };
    connect(port, "127.0.0.1").on("data", () => void seen.add("socket")).on("end", () => server.close()); // prettier-ignore
    setTimeout(() => void seen.add("timer"), 1);
    setImmediate(() => void seen.add("immediate"));
    yield* flood;
    return [...seen].sort();
  });
const all = ["immediate", "socket", "timer"];

describe("a flooded actor", () => {
  it.live("does not keep timers, immediates or sockets waiting: many cheap messages", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 0);
      for (let n = 0; n < 2_000; n++) ref.cast("Work", { millis: 0.02 });
      expect(yield* alongside(ref.call("Done", undefined, { timeout: "infinity" }))).toEqual(all);
    }),
  );

  it.live("does not keep timers, immediates or sockets waiting: a millisecond a message", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 0);
      for (let n = 0; n < 100; n++) ref.cast("Work", { millis: 1 });
      expect(yield* alongside(ref.call("Done", undefined, { timeout: "infinity" }))).toEqual(all);
    }),
  );

  it.live("does not keep timers, immediates or sockets waiting: handlers that await what is there already", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 0);
      for (let n = 0; n < 20_000; n++) ref.cast("Await");
      expect(yield* alongside(ref.call("Done", undefined, { timeout: "infinity" }))).toEqual(all);
    }),
  );

  it.live("does not keep timers, immediates or sockets waiting: an actor that sends to itself without end", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 10_000_000);
      ref.cast("Step");
      const seen = yield* alongside(Effect.sleep(50));
      expect(seen).toEqual(all);
      yield* Actor.kill(ref);
    }),
  );

  it.live("yields between slow messages that come after thousands of cheap ones", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 0);
      for (let n = 0; n < 3000; n++) ref.cast("Work", { millis: 0 });
      for (let n = 0; n < 100; n++) ref.cast("Work", { millis: 1 });
      let [turns, done] = [0, false];
      const look = (): void => {
        turns++;
        if (!done) setImmediate(look);
      };
      setImmediate(look);
      expect(yield* ref.call("Done", undefined, { timeout: "infinity" })).toBe(3100);
      done = true;
      // A hundred busy milliseconds in slices of four: about twenty turns of the event loop.
      expect(turns).toBeGreaterThan(5);
    }),
  );

  it.live("leaves other actors their turns", () =>
    Effect.gen(function* () {
      const [flooded, other] = [yield* Actor.spawn(Busy, 0, { id: "flooded" }), yield* Actor.spawn(Busy, 0, { id: "other" })];
      for (let n = 0; n < 100_000; n++) flooded.cast("Work", { millis: 0 });
      const order: Array<string> = [];
      yield* Effect.all(
        [Effect.map(flooded.call("Done"), () => order.push("flooded")), Effect.map(other.call("Done"), () => order.push("other"))],
        { concurrency: "unbounded" },
      );
      expect(order).toEqual(["other", "flooded"]);
    }),
  );

  it.live("can be killed in the midst of its flood", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Busy, 10_000_000);
      ref.cast("Step");
      for (let n = 0; n < 100_000; n++) ref.cast("Work", { millis: 0.01 });
      yield* Effect.sleep(10);
      yield* Actor.kill(ref);
      expect(ref.alive).toBe(false);
    }),
  );
});

it("without setImmediate, as in a browser, a slice that is used up goes on all the same, over one channel", async () => {
  vi.resetModules();
  vi.stubGlobal("setImmediate", undefined);
  const ports: Array<{ close(): void }> = [];
  const Channel = MessageChannel;
  const Counted = class extends Channel {
    constructor() {
      super();
      ports.push(this.port1);
    }
  };
  vi.stubGlobal("MessageChannel", Counted);
  const { systemOf } = await import("../../src/actor/internal/system.ts").finally(() => vi.unstubAllGlobals());
  let left = 30;
  const done = Promise.withResolvers<void>();
  const turn = (): boolean => {
    spin(1);
    if (--left === 0) done.resolve();
    return left > 0;
  };
  systemOf(Context.empty()).enqueue({ turn });
  await done.promise;
  expect(ports).toHaveLength(1);
  for (const port of ports) port.close();
});

it.live("a listener to events that throws harms neither the actors nor the other listeners", () =>
  Effect.gen(function* () {
    const seen: Array<string> = [];
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    yield* Effect.addFinalizer(() => Effect.sync(() => said.mockRestore()));
    yield* Event.subscribe(() => {
      throw new Error("bad listener");
    });
    yield* Event.subscribe((event) => void seen.push(event._tag));
    const spec = worker("a");
    const supervisor = yield* Supervisor.start({ children: [spec] });
    supervisor.ref(spec).cast("Die");
    yield* until(() => supervisor.ref(spec).incarnation === 2);
    expect(yield* supervisor.ref(spec).call("Incarnation")).toBe(2);
    expect(seen).toEqual(["Started", "Exited", "Restarting", "Started"]);
    expect(String(said.mock.calls[0])).toContain("a listener to the events of a tree threw");
  }).pipe(quiet),
);
