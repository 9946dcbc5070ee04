/** A tree in which much goes on at once, that checks what the mailbox promises; and bugs to plant in it. Test-only. */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as Schema from "effect/Schema";
import { Actor, type ActorRef, ChildSpec, ExitReason, type Mailbox, Supervisor } from "../../src/actor/index.ts";
import type { ActorCell } from "../../src/actor/internal/actorCell.ts";
import type { Ring } from "../../src/actor/internal/ring.ts";
import { quiet } from "../actor/actors.ts";

class Broken extends Data.TaggedError("Broken")<{ readonly promises: ReadonlyArray<string> }> {
  override get message(): string {
    return this.promises.join("; ");
  }
}

/** What came to one actor; it says at once what must not be. */
class Diary {
  readonly broken: Array<string> = [];
  /** The last number of each sender. */
  readonly last = new Map<string, number>();
  /** By incarnation: messages that were begun and are not done. One whose effect is killed before its first step stays there. */
  private readonly begun = new Map<number, number>();
  /** By incarnation: effects of handlers at work. */
  private readonly atWork = new Map<number, number>();
  /** News of the end of an incarnation, by watcher and incarnation. */
  private readonly downs = new Map<string, number>();
  private ended = 0;

  begin(from: string, n: number, incarnation: number): void {
    const before = this.last.get(from) ?? 0;
    if (n !== before + 1) this.broken.push(`${from} sent ${n}, and ${before} came before it`);
    this.last.set(from, n);
    const others = [...this.atWork.values()].reduce((sum, count) => sum + count, 0);
    if (others > 0 || add(this.begun, incarnation, 1) > 1) this.broken.push(`${from} ${n} is begun while another message is handled`);
    if (incarnation <= this.ended) this.broken.push(`${from} ${n} is handled by incarnation ${incarnation}, whose end was told`);
  }

  done(incarnation: number): void {
    add(this.begun, incarnation, -1);
  }

  /** The effect of a handler, watched. */
  watched<A>(effect: Effect.Effect<A>, incarnation: number): Effect.Effect<A> {
    return Effect.acquireUseRelease(
      Effect.sync(() => add(this.atWork, incarnation, 1)),
      () => effect,
      () =>
        Effect.sync(() => {
          add(this.atWork, incarnation, -1);
          this.done(incarnation);
        }),
    );
  }

  down(watcher: string, incarnation: number): void {
    const count = add(this.downs, `${watcher} ${incarnation}`, 1);
    if (count > 1) this.broken.push(`${watcher} was told ${count} times of the end of incarnation ${incarnation}`);
    if ((this.atWork.get(incarnation) ?? 0) > 0) this.broken.push(`incarnation ${incarnation} has ended and is at work`);
    this.ended = Math.max(this.ended, incarnation);
  }
}

const add = <K>(counts: Map<K, number>, key: K, by: number): number => {
  const count = (counts.get(key) ?? 0) + by;
  counts.set(key, count);
  return count;
};

const numbered = { from: Schema.String, n: Schema.Number };
const protocol = RpcGroup.make(
  Rpc.make("Note", { payload: numbered }),
  Rpc.make("Ask", { payload: numbered, success: Schema.Number }),
  Rpc.make("Die", { payload: numbered }),
);
type Ref = ActorRef<RpcGroup.Rpcs<typeof protocol>>;

const work = [() => undefined, () => Effect.void, () => Effect.yieldNow, () => Effect.sleep(1)];

const receiver = (mailbox: Mailbox.Mailbox | undefined) =>
  Actor.make({
    name: "receiver",
    protocol,
    ...(mailbox === undefined ? {} : { mailbox }),
    init: (diary: Diary) => diary,
    handlers: {
      Note: (diary, { from, n }, { incarnation }) => {
        diary.begin(from, n, incarnation);
        const effect = work[n % 4]!();
        return effect === undefined ? diary.done(incarnation) : diary.watched(effect, incarnation);
      },
      Ask: (diary, { from, n }, { incarnation }) => {
        diary.begin(from, n, incarnation);
        return Effect.as(diary.watched(work[n % 4]!() ?? Effect.void, incarnation), Actor.reply(diary, n));
      },
      Die: (diary, { from, n }, { incarnation }) => {
        diary.begin(from, n, incarnation);
        diary.done(incarnation);
        throw new Error("died");
      },
    },
  });

/** Watches one incarnation after the other. */
const Watcher = Actor.make({
  name: "watcher",
  protocol: RpcGroup.make(Rpc.make("Watch")),
  init: (of: { readonly target: Ref; readonly diary: Diary }, context) => {
    context.self.cast("Watch");
    return { ...of, watched: 0 };
  },
  handlers: {
    Watch: (state, _, context) => {
      context.monitor(state.target);
      return { ...state, watched: state.target.incarnation };
    },
  },
  info: (state, info, context) => {
    if (info._tag !== "Down") return;
    if (info.reason._tag !== "NoProc") state.diary.down(context.self.id, state.watched);
    context.sendAfter(1, "Watch");
    return state;
  },
});

/** Changes a cell for the worse. */
export type Sabotage = (cell: ActorCell) => void;

export interface Scenario {
  readonly mailbox?: Mailbox.Mailbox;
  readonly sabotage?: Sabotage;
  /** Whether the receiver dies and is killed now and then. */
  readonly deaths: boolean;
}

const senders = ["x", "y", "z"];
const messages = 8;

/** Sends numbered messages of all kinds, waits now and then, and sees that each call is answered with its own number. */
const sender = (from: string, ref: Ref, diary: Diary, { deaths, mailbox }: Scenario) =>
  Effect.gen(function* () {
    for (let n = 1; n <= messages; n++) {
      const kind = yield* Random.nextIntBetween(0, 9);
      const message = { from, n };
      if (kind < 3) {
        const answer = yield* Effect.exit(ref.call("Ask", message, { timeout: "infinity" }));
        if (answer._tag === "Success" ? answer.value !== n : !deaths) diary.broken.push(`${from} asked ${n} and got ${String(answer)}`);
      } else if (kind === 3 && deaths) yield* ref.send("Die", message);
      // A cast that finds the mailbox full would be dropped, as it should.
      else if (mailbox === undefined && kind < 7) ref.cast("Note", message);
      else yield* ref.send("Note", message);
      if (kind % 3 === 0) yield* Effect.yieldNow;
      if (kind === 8) yield* Effect.sleep(1);
    }
  });

/** Fails with what was broken. What happens is drawn anew in each run, by its seed. */
export const scenario = (options: Scenario) =>
  Effect.gen(function* () {
    const diary = new Diary();
    const spec = ChildSpec.make(receiver(options.mailbox), diary, { id: "receiver", mailbox: "keep" });
    const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
    const ref = supervisor.ref(spec);
    options.sabotage?.(ref as unknown as ActorCell);
    for (const id of ["w1", "w2"]) yield* Actor.spawn(Watcher, { target: ref, diary }, { id });
    const killer = Effect.repeat(Effect.andThen(Effect.sleep(2), Actor.kill(ref)), { times: 2 });
    const all = senders.map((from) => sender(from, ref, diary, options));
    yield* Effect.all(options.deaths ? [...all, killer] : all, { concurrency: "unbounded" });
    yield* Effect.sleep("1 minute");
    for (const from of senders) {
      const last = diary.last.get(from) ?? 0;
      if (last < messages) diary.broken.push(`of ${from}, ${messages - last} are lost`);
    }
    if (diary.broken.length > 0) return yield* new Broken({ promises: diary.broken });
  }).pipe(Effect.scoped, quiet);

const stride = 3;

const swapLast = ({ head, slots, used }: Ring): void => {
  const at = (back: number): number => (head + used - back * stride) % slots.length;
  for (let i = 0; i < stride; i++) {
    const [a, b] = [at(1) + i, at(2) + i];
    [slots[a], slots[b]] = [slots[b], slots[a]];
  }
};

/** Bugs as they might be, each only seen when things happen in a certain order. */
export const sabotages: Readonly<Record<string, { readonly sabotage: Sabotage; readonly deaths: boolean }>> = {
  "two messages change places when the second comes while the first waits behind another": {
    deaths: false,
    sabotage: (cell) => {
      const push = cell.push.bind(cell);
      cell.push = (op, payload, call) => {
        push(op, payload, call);
        if (cell.fiber !== null && cell.messages !== null && cell.messages.length === 3) swapLast(cell.messages);
      };
    },
  },
  "a message is dropped that comes while an effect runs and two others wait": {
    deaths: false,
    sabotage: (cell) => {
      const push = cell.push.bind(cell);
      cell.push = (op, payload, call) => {
        if (cell.fiber === null || cell.mailbox.depth !== 2) push(op, payload, call);
      };
    },
  },
  "the next message is begun while an effect runs, if three wait": {
    deaths: false,
    sabotage: (cell) => {
      const push = cell.push.bind(cell);
      cell.push = (op, payload, call) => {
        push(op, payload, call);
        if (cell.fiber !== null && cell.mailbox.depth === 3) {
          cell.fiber = null;
          cell.schedule();
        }
      };
    },
  },
  "an actor that is started again does not look into its mailbox until the next message comes": {
    deaths: true,
    sabotage: (cell) => {
      const [start, schedule] = [cell.start.bind(cell), cell.schedule.bind(cell)];
      let starting = false;
      cell.start = () => {
        starting = true;
        start();
        starting = false;
      };
      cell.schedule = () => {
        if (!starting) schedule();
      };
    },
  },
  "an end is told while the handler is still at work": {
    deaths: true,
    sabotage: (cell) => {
      const kill = cell.kill.bind(cell);
      cell.kill = () => {
        const monitors = cell.fiber === null ? [] : (cell.extras?.monitors?.splice(0) ?? []);
        for (const monitor of monitors) monitor.notify(cell, ExitReason.killed);
        kill();
      };
    },
  },
  "an end is told twice to one of two, when the actor is killed at work": {
    deaths: true,
    sabotage: (cell) => {
      const kill = cell.kill.bind(cell);
      cell.kill = () => {
        const monitors = cell.fiber === null ? undefined : cell.extras?.monitors;
        if (monitors !== undefined && monitors !== null && monitors.length > 1) monitors.push(monitors[0]!);
        kill();
      };
    },
  },
};
