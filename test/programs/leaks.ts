/**
 * Hours of an actor system's life, counted in operations: `node --expose-gc leaks.ts` prints the heap after each round as a JSON array, and then what
 * is still held.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor, type ActorRef, ChildSpec, CrashReport, Event, Registry, Supervisor } from "../../src/actor/index.ts";
import { systemOf } from "../../src/actor/internal/system.ts";

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

const round = (ref: ActorRef<Messages>) =>
  Effect.gen(function* () {
    for (let n = 0; n < 20_000; n++) yield* ref.call("Add", { n });
    for (let n = 0; n < 2000; n++) yield* Effect.timeoutOption(ref.call("Silence", undefined, { timeout: "infinity" }), 0);
    for (let n = 0; n < 2000; n++) {
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
    for (let n = 0; n < 2000; n++) {
      yield* ref.call("Watch", { on: ref });
      ref.cast("Crash");
      yield* ref.call("Add", { n });
    }
  });

const heap = (): number => {
  for (let n = 0; n < 4; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const program = Effect.gen(function* () {
  const supervisor = yield* Supervisor.start({ intensity: "infinity", children: [child] });
  yield* Event.subscribe(() => {});
  const ref = supervisor.ref(child);
  const heaps: Array<number> = [];
  for (let n = 0; n < 8; n++) {
    yield* round(ref);
    heaps.push(heap());
  }
  yield* supervisor.stop;
  const system = yield* Effect.map(Effect.context<never>(), systemOf);
  const cell = ref as unknown as {
    readonly extras: { readonly heldCalls: unknown; readonly monitors: unknown; readonly made: unknown; readonly links: unknown };
  };
  const { heldCalls, links, made, monitors } = cell.extras;
  const held = [heldCalls, links, made, monitors].map((each) => each === null);
  process.stdout.write(JSON.stringify({ heaps, timers: system.timers.size, names: names.count(), held }));
}).pipe(
  Effect.scoped,
  Effect.provideService(CrashReport.Reporter, () => Effect.void),
);

await Effect.runPromise(program);
