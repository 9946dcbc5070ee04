/** Threads that die at any moment: nobody waits in vain, nothing is handled twice or out of its order. */
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, ExitReason, Registry, Supervisor, WorkerSupervisor } from "../../src/actor/index.ts";
import type { Cell } from "../../src/actor/internal/cell.ts";
import { cellOf, quiet } from "../actor/actors.ts";
import { behindChannel, CounterPort, numbered } from "./numbered.ts";
import { eventually, startProbe, Threads, patient } from "./support.ts";

it.live("over many ends of its thread an actor sees each message at most once, in order, and each call ends", () =>
  Effect.gen(function* () {
    const ports = new CounterPort();
    const spec = WorkerSupervisor.child({ id: "place", spawn: ports.spawn, exports: { numbered } });
    const app = yield* Supervisor.start({ id: "app", intensity: "infinity", children: [spec] });
    const place = WorkerSupervisor.of(app, spec);
    const ref = place.ref("numbered");
    let next = 0;
    let answered = 0;
    let down = 0;
    for (let life = 1; life <= 30; life++) {
      const calls: Array<Fiber.Fiber<Exit.Exit<number, unknown>>> = [];
      for (let burst = 0; burst < 5; burst++) {
        for (let n = 0; n < 1 + ((life * 7 + burst * 13) % 900); n++) ref.cast("Number", { n: next++ });
        calls.push(yield* Effect.forkChild(Effect.exit(ref.call("Last", undefined, { timeout: "infinity" })), { startImmediately: true }));
        if (burst % 2 === 0) yield* Effect.sleep(0);
      }
      if (life % 3 === 0) ports.crash();
      else yield* place.kill;
      for (const fiber of calls) {
        const exit = yield* Fiber.join(fiber);
        if (Exit.isSuccess(exit)) answered++;
        else down++;
      }
    }
    expect(answered + down).toBe(150);
    expect([answered > 0, down > 0]).toEqual([true, true]);
    yield* ref.call("Last", undefined, { timeout: "infinity" });
    const { seen } = ports;
    expect(seen.every((n, at) => at === 0 || n > seen[at - 1]!)).toBe(true);
    expect(seen.length).toBeGreaterThan(0);
    expect(ref.mailbox.depth).toBe(0);
    expect(ref.incarnation).toBe(place.incarnation);
  }).pipe(quiet),
);

it.live("who has ended for good with more waiting than may be under way is known to be gone", () =>
  Effect.gen(function* () {
    const { second } = yield* startProbe(new Threads());
    yield* Effect.flip(second.call("Sleep", undefined, { timeout: 10 }));
    for (let n = 0; n < 5000; n++) second.cast("Note", { text: "x" });
    second.cast("Finish");
    yield* Effect.sleep(0);
    const stop = yield* Effect.forkChild(Effect.exit(second.call("Notes", undefined, { timeout: "infinity" })), { startImmediately: true });
    Actor.signal(second, ExitReason.shutdown);
    expect(Exit.isFailure(yield* Fiber.join(stop))).toBe(true);
    yield* eventually(() => second.mailbox.depth === 0);
  }).pipe(quiet),
);

it.live("who is given up while it waits for its restart is known to be gone, however much waits for it", () =>
  Effect.gen(function* () {
    const protocol = RpcGroup.make(Rpc.make("Crash"), Rpc.make("Note"));
    const Fuse = Actor.make({
      name: "fuse",
      protocol,
      init: () => 0,
      handlers: {
        Crash: () => {
          throw new Error("boom");
        },
        Note: (n) => n + 1,
      },
    });
    const slow = ChildSpec.make(Fuse, undefined, { id: "slow", backoff: { initialMillis: 600_000 } });
    const fuse = ChildSpec.make(Fuse, undefined, { id: "fuse" });
    const below = Supervisor.child({ id: "below", restart: "temporary", intensity: 1, children: [slow, fuse] });
    const spawn = () => behindChannel({ children: [below], exports: { slow, fuse } });
    const place = WorkerSupervisor.child({ id: "place", spawn, exports: { slow: protocol, fuse: protocol } });
    const app = yield* Supervisor.start({ id: "app", children: [place] });
    const ref = WorkerSupervisor.of(app, place).ref("slow");
    ref.cast("Crash");
    for (let n = 0; n < 5000; n++) ref.cast("Note");
    const waiting = yield* Effect.forkChild(Effect.flip(ref.call("Note", undefined, { timeout: "infinity" })), { startImmediately: true });
    yield* eventually(() => !ref.alive && !cellOf(ref).queued);
    expect(ref.mailbox.depth).toBeGreaterThan(4000);
    WorkerSupervisor.of(app, place).ref("fuse").cast("Crash");
    expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "ActorDown", reason: { _tag: "NoProc" } });
    yield* eventually(() => ref.mailbox.depth === 0);
  }).pipe(quiet),
);

it.live("a call that nobody waits for any more is forgotten where it waits for its reply", () =>
  Effect.gen(function* () {
    const protocol = RpcGroup.make(Rpc.make("Wait", { success: Schema.Number }));
    const cells: Array<Cell> = [];
    const Waiter = Actor.make({
      name: "waiter",
      protocol,
      init: (_: void, context) => cells.push(cellOf(context.self)),
      handlers: {
        Wait: (state, _, context) => {
          context.deferReply();
          return Actor.noReply(state);
        },
      },
    });
    const waiter = ChildSpec.make(Waiter, undefined, { id: "waiter" });
    const spawn = () => behindChannel({ children: [waiter], exports: { waiter } });
    const place = WorkerSupervisor.child({ id: "place", spawn, exports: { waiter: protocol } });
    const app = yield* Supervisor.start({ id: "app", children: [place] });
    const ref = WorkerSupervisor.of(app, place).ref("waiter");
    const waiting = yield* Effect.forkChild(ref.call("Wait", undefined, { timeout: "infinity" }), { startImmediately: true });
    yield* eventually(() => cells[0]!.pendingCalls().length === 1);
    yield* Fiber.interrupt(waiting);
    yield* eventually(() => cells[0]!.pendingCalls().length === 0);
  }),
);

it.live("a registry forgets an actor of another thread with its incarnation", () =>
  Effect.gen(function* () {
    const { place, probe } = yield* startProbe(new Threads());
    const names = Registry.make<string, void, never>({ keys: "unique" });
    yield* names.register(probe, "probe");
    expect(names.whereis("probe")).toBe(probe);
    yield* place.kill;
    expect(names.whereis("probe")).toBeUndefined();
    expect(yield* probe.call("Double", { n: 1 }, patient)).toBe(2);
  }).pipe(quiet),
);
