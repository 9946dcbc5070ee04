/**
 * Probes: actors that stand in for others. They take every message of a protocol and do nothing but wait for the test to look.
 *
 * When to use: to be given to an actor as its partner, or to see that something ends. What is sent to a probe can be expected, answered and fished for.
 */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import * as Actor from "../actor/Actor.ts";
import type { ActorRef } from "../actor/ActorRef.ts";
import { format, type ExitReason } from "../actor/ExitReason.ts";
import { ExpectationFailed } from "./ExpectationFailed.ts";
import { awaited, describeMessage, type Listeners, quietFor } from "./internal/waiting.ts";
import { settle } from "./VirtualTime.ts";

/** A message that a probe was sent. @since 0.1.0 */
export type Message<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any
  ? {
      readonly tag: Rpc.Tag<Rpcs>;
      readonly payload: Rpc.Payload<Rpcs>;
      /** Whether the sender waits for a reply. */
      readonly isCall: boolean;
      /** Answers the call. Throws when it is none. */
      reply(value: Rpc.Success<Rpcs>): void;
      /** Answers the call with an error that the protocol declares. Throws when it is none. */
      fail(error: Rpc.Error<Rpcs>): void;
    }
  : never;

/**
 * A probe. On Effect's `TestClock` an expectation looks at what is there once all actors have done what they can, and fails at once where that is
 * nothing; a timeout then passes on that clock, once and whole. On a clock that moves by itself the default timeout is 3 s.
 *
 * @since 0.1.0
 */
export interface Probe<Rpcs extends Rpc.Any> {
  /** To be handed out in the place of another actor. */
  readonly ref: ActorRef<Rpcs>;
  /** All messages so far, also those that were expected already. */
  readonly messages: ReadonlyArray<Message<Rpcs>>;
  /** Takes the next message, which is to be one of `tag`. */
  expect<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    timeout?: Duration.Input,
  ): Effect.Effect<Message<Rpc.ExtractTag<Rpcs, Tag>>, ExpectationFailed>;
  /** Fails when anything is there that was not taken yet, or comes within `duration`. Default: 100 ms on the real clock, else no time at all. */
  expectNone(duration?: Duration.Input): Effect.Effect<void, ExpectationFailed>;
  /** Takes messages up to the first one that `wanted` says yes to, and leaves out the others. */
  fishFor(wanted: (message: Message<Rpcs>) => boolean, timeout?: Duration.Input): Effect.Effect<Message<Rpcs>, ExpectationFailed>;
  /** Answers the call that was taken last. Throws when none was, or it was a cast. */
  reply(value: Rpc.Success<Rpcs>): void;
  /** Has each message of `tag` answered at once, from now on; it need not be expected then. */
  autoReply<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    answer: (payload: Rpc.Payload<Rpc.ExtractTag<Rpcs, Tag>>) => Rpc.Success<Rpc.ExtractTag<Rpcs, Tag>>,
  ): void;
  /** Has the end of the incarnation that `ref` names now come as well, behind what has come. */
  watch(ref: ActorRef<never>): Effect.Effect<void>;
  /** Takes the next thing, which is to be the end of an actor that is watched. */
  expectDown(ref: ActorRef<never>, timeout?: Duration.Input): Effect.Effect<ExitReason, ExpectationFailed>;
}

type AnyMessage = Message<Rpc.Any>;
type AnyContext = Actor.ActorContext<Rpc.Any>;

/** Something that came to a probe: a message of any protocol, or the end of an actor. */
type Item = { readonly message: AnyMessage } | { readonly down: Actor.Down };

const text = (item: Item): string =>
  "down" in item
    ? `Down of ${item.down.ref.path.join("/")} (${format(item.down.reason)})`
    : describeMessage(item.message.tag, item.message.payload);

type Answer = (payload: unknown) => unknown;

class Inbox {
  readonly messages: Array<AnyMessage> = [];
  readonly items: Array<Item> = [];
  readonly listeners: Listeners = new Set();
  readonly answers = new Map<string, Answer>();
  /** The message that was taken last. */
  last: AnyMessage | null = null;

  received(tag: string, payload: unknown, to: Actor.ReplyTo<unknown, unknown> | null): void {
    const caller = (): Actor.ReplyTo<unknown, unknown> => {
      if (to === null) throw new TypeError(`${tag} was cast: nobody waits for a reply`);
      return to;
    };
    const message: AnyMessage = {
      tag: tag as never,
      payload: payload as never,
      isCall: to !== null,
      reply: (value) => Actor.replyTo(caller(), value),
      fail: (error) => Actor.failTo(caller(), error),
    };
    this.messages.push(message);
    const answer = this.answers.get(tag);
    if (answer === undefined) this.came({ message });
    else if (to !== null) Actor.replyTo(to, answer(payload));
  }

  came(item: Item): void {
    this.items.push(item);
    for (const listener of this.listeners) listener();
  }

  /** Takes the first item, if it is what `wanted` makes something of; says otherwise what came. */
  next<A>(expected: string, wanted: (item: Item) => A | undefined, timeout?: Duration.Input): Effect.Effect<A, ExpectationFailed> {
    return Effect.flatMap(
      awaited(() => this.items[0], this.listeners, timeout),
      (item) => {
        const found = item === undefined ? undefined : wanted(item);
        if (found === undefined) return this.failed(expected);
        this.items.shift();
        return Effect.succeed(found);
      },
    );
  }

  /** What is on its way comes first, so that the message tells all. */
  failed(expected: string): Effect.Effect<never, ExpectationFailed> {
    return Effect.flatMap(settle, () => Effect.fail(new ExpectationFailed({ expected, came: this.items.map(text) })));
  }

  take(message: AnyMessage): AnyMessage {
    this.last = message;
    return message;
  }
}

/** A probe without the types of its protocol. */
const probeOf = (inbox: Inbox, ref: ActorRef<Rpc.Any>, context: AnyContext) => ({
  ref,
  messages: inbox.messages,
  expect: (tag: string, timeout?: Duration.Input) =>
    inbox.next(tag, (item) => ("message" in item && item.message.tag === tag ? inbox.take(item.message) : undefined), timeout),
  expectNone: (duration?: Duration.Input) =>
    Effect.andThen(
      quietFor(duration),
      Effect.suspend(() => (inbox.items.length === 0 ? Effect.void : inbox.failed("nothing"))),
    ),
  fishFor: (wanted: (message: AnyMessage) => boolean, timeout?: Duration.Input) => {
    const passed: Array<string> = [];
    const fish = (): AnyMessage | undefined => {
      for (let item = inbox.items.shift(); item !== undefined; item = inbox.items.shift()) {
        if ("message" in item && wanted(item.message)) return item.message;
        passed.push(text(item));
      }
      return undefined;
    };
    return Effect.flatMap(awaited(fish, inbox.listeners, timeout), (found) =>
      found === undefined
        ? Effect.fail(new ExpectationFailed({ expected: "what is fished for", came: passed }))
        : Effect.succeed(inbox.take(found)),
    );
  },
  reply: (value: never) => {
    if (inbox.last === null) throw new TypeError("no message was taken that could be answered");
    inbox.last.reply(value);
  },
  autoReply: (tag: string, answer: Answer) => void inbox.answers.set(tag, answer),
  watch: (watched: ActorRef<never>) => Effect.sync(() => void context.monitor(watched)),
  expectDown: (watched: ActorRef<never>, timeout?: Duration.Input) =>
    inbox.next(
      `Down of ${watched.path.join("/")}`,
      (item) => ("down" in item && item.down.ref === watched ? item.down.reason : undefined),
      timeout,
    ),
});

/**
 * Starts a probe that takes the messages of `protocol`. It ends with the scope.
 *
 * @example
 * ```ts run
 * import { Actor, type ActorRef } from "hsu"
 * import { Probe } from "hsu/testing"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { TestClock } from "effect/testing"
 *
 * const Prices = RpcGroup.make(Rpc.make("Price", { payload: Schema.String, success: Schema.Number }))
 * const Shop = Actor.make({
 *   name: "shop",
 *   protocol: RpcGroup.make(Rpc.make("Buy", { payload: Schema.String, success: Schema.String })),
 *   init: (prices: ActorRef<RpcGroup.Rpcs<typeof Prices>>) => prices,
 *   handlers: {
 *     Buy: (prices, what) =>
 *       Effect.map(Effect.orDie(prices.call("Price", what)), (price) => Actor.reply(prices, `${what} for ${price}`))
 *   }
 * })
 *
 * const program = Effect.gen(function*() {
 *   const prices = yield* Probe.make(Prices)
 *   const shop = yield* Actor.spawn(Shop, prices.ref)
 *   const buying = yield* Effect.forkChild(shop.call("Buy", "tea"), { startImmediately: true })
 *   const asked = yield* prices.expect("Price")
 *   asked.reply(3)
 *   yield* prices.expectNone()
 *   return [asked.payload, yield* Fiber.join(buying)]
 * })
 * import { Fiber } from "effect"
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer()))) // => ["tea", "tea for 3"]
 * ```
 * @since 0.1.0
 */
export const make = <Rpcs extends Rpc.Any>(
  protocol: RpcGroup<Rpcs>,
  options?: { readonly id?: string },
): Effect.Effect<Probe<Rpcs>, never, Scope.Scope> =>
  Effect.suspend(() => {
    const inbox = new Inbox();
    let own: AnyContext | undefined;
    const handle = (tag: string) => (state: void, payload: unknown, context: AnyContext) => {
      inbox.received(tag, payload, context.deferReply());
      return Actor.noReply(state);
    };
    const probe = Actor.make<void, void, Rpc.Any>({
      name: "probe",
      protocol: protocol as unknown as RpcGroup<Rpc.Any>,
      init: (_, context) => void (own = context),
      handlers: Object.fromEntries([...protocol.requests.keys()].map((tag) => [tag, handle(tag)])) as never,
      info: (_, info) => {
        if (info._tag === "Down") inbox.came({ down: info });
      },
    });
    return Effect.map(Effect.orDie(Actor.spawn(probe, undefined, options)), (ref) => probeOf(inbox, ref, own!) as unknown as Probe<Rpcs>);
  });
