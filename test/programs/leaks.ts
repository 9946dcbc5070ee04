/**
 * Hours of an actor system's life, counted in operations: `node --expose-gc leaks.ts` prints the heap after each round, how many operations there were in
 * all, the sizes of what the system holds after the first round and after the last, and what is still held at the end.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, ChildSpec, CrashReport, Event, Registry, Supervisor } from "../../src/actor/index.ts";
import { type System, systemOf } from "../../src/actor/internal/system.ts";

const protocol = RpcGroup.make(
  Rpc.make("Add", { payload: { n: Schema.Number }, success: Schema.Number }),
  Rpc.make("Silence", { success: Schema.Number }),
  Rpc.make("Watch", { payload: { on: Schema.Any } }),
  Rpc.make("Spawn"),
  Rpc.make("Crash"),
  Rpc.make("End"),
);
type Messages = RpcGroup.Rpcs<typeof protocol>;

const Node: Actor.Actor<void, Messages, never> = Actor.make({
  name: "node",
  protocol,
  trapExit: true,
  init: () => 0,
  handlers: {
    Add: (total, { n }) => Actor.reply(total + n, total + n),
    Silence: (total, _, context) => {
      context.deferReply();
      return Actor.noReply(total);
    },
    Watch: (total, { on }, context) => {
      const ref = on as ActorRef<Messages>;
      context.monitor(ref)();
      context.monitor(ref);
      context.link(ref);
      context.sendAfter(3_600_000, "End")();
      context.sendAfter(3_600_000, "End");
      context.alias("End").close();
      return Actor.timeout(total, 3_600_000);
    },
    Spawn: (total, _, context) => {
      context.spawn(Node, undefined).cast("End");
      return total;
    },
    Crash: () => {
      throw new Error("crash");
    },
    End: () => Actor.exit(),
  },
  info: (total) => total,
});

const child = ChildSpec.make(Node, undefined, { id: "child" });

const names = Registry.make<string, void, Messages>({ keys: "unique" });

const rounds = 8;
const operations = { calls: 0, restarts: 0, watches: 0, spawns: 0 };

const round = (ref: ActorRef<Messages>) =>
  Effect.gen(function* () {
    for (let n = 0; n < 125_000; n++) yield* ref.call("Add", { n });
    for (let n = 0; n < 2000; n++) yield* Effect.timeoutOption(ref.call("Silence", undefined, { timeout: "infinity" }), 0);
    for (let n = 0; n < 6250; n++) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const one = yield* Actor.spawn(Node, undefined);
          const other = yield* Actor.spawn(Node, undefined);
          yield* names.register(one, `name ${n}`);
          yield* one.call("Watch", { on: other });
          yield* other.call("Watch", { on: one });
          one.cast("Spawn");
          (n % 2 === 0 ? one : other).cast("End");
          yield* Actor.awaitExit(n % 2 === 0 ? one : other);
        }),
      );
    }
    for (let n = 0; n < 12_500; n++) {
      yield* ref.call("Watch", { on: ref });
      ref.cast("Crash");
      yield* ref.call("Add", { n });
    }
    operations.calls += 125_000 + 2000 + 2 * 6250 + 2 * 12_500;
    // Each has two monitors, two links to the same, two timers, an alias and an idle timeout.
    operations.watches += 2 * 6250 + 12_500;
    operations.restarts += 12_500;
    operations.spawns += 3 * 6250;
  });

/** What grows with what is going on, and should not with what has been. */
const sizesOf = (system: System) => {
  const { heap: dues, lists } = system.timers as unknown as {
    readonly lists: ReadonlyMap<number, unknown>;
    readonly heap: ReadonlyArray<unknown>;
  };
  return { timers: system.timers.size, durations: lists.size, dues: dues.length, listeners: system.listeners.size, names: names.count() };
};

const heap = (): number => {
  for (let n = 0; n < 4; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const program = Effect.gen(function* () {
  const supervisor = yield* Supervisor.start({ intensity: "infinity", children: [child] });
  yield* Event.subscribe(() => {});
  const ref = supervisor.ref(child);
  const system = yield* Effect.map(Effect.context<never>(), systemOf);
  const heaps: Array<number> = [];
  const sizes: Array<ReturnType<typeof sizesOf>> = [];
  for (let n = 0; n < rounds; n++) {
    yield* round(ref);
    heaps.push(heap());
    sizes.push(sizesOf(system));
  }
  yield* supervisor.stop;
  const cell = ref as unknown as {
    readonly extras: { readonly heldCalls: unknown; readonly monitors: unknown; readonly made: unknown; readonly links: unknown };
  };
  const { heldCalls, links, made, monitors } = cell.extras;
  const held = [heldCalls, links, made, monitors].map((each) => each === null);
  process.stdout.write(JSON.stringify({ heaps, operations, sizes, timers: system.timers.size, names: names.count(), held }));
}).pipe(
  Effect.scoped,
  Effect.provideService(CrashReport.Reporter, () => Effect.void),
);

await Effect.runPromise(program);
