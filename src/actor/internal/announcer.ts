/**
 * Tells changes to who listens: each listener hears all of them in the order in which they happened, also those that a listener made.
 */
import * as Cause from "effect/Cause";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { ActorRef } from "../ActorRef.ts";
import type { Cell } from "./cell.ts";
import { MultiMap } from "./multiMap.ts";

interface Subscription<Change> {
  readonly listener: (change: Change) => void;
  active: boolean;
}

interface Announcement<Change> {
  readonly change: Change;
  readonly to: ReadonlyArray<Subscription<Change>>;
  readonly context: Context.Context<never>;
}

export class Announcer<Topic, Change> {
  private readonly subscriptions = new MultiMap<Topic, Subscription<Change>>();
  /** What is still to be told; null while nothing is being told. */
  private pending: Array<Announcement<Change>> | null = null;

  /** Topics that somebody listens to. */
  get size(): number {
    return this.subscriptions.size;
  }

  subscribe(topic: Topic, listener: (change: Change) => void): () => void {
    const subscription = { listener, active: true };
    this.subscriptions.add(topic, subscription);
    return () => {
      subscription.active = false;
      this.subscriptions.delete(topic, subscription);
    };
  }

  /** {@link subscribe} until the scope closes; succeeds with what `now` finds at that moment. */
  scoped<A>(topic: Topic, listener: (change: Change) => void, now: () => A): Effect.Effect<A, never, Scope.Scope> {
    return Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => ({ found: now(), stop: this.subscribe(topic, listener) })),
        ({ stop }) => Effect.sync(stop),
      ),
      ({ found }) => found,
    );
  }

  announce(topic: Topic, about: ActorRef<any>, change: () => Change): void {
    if (!this.subscriptions.has(topic)) return;
    const announcement = { change: change(), to: this.subscriptions.get(topic), context: (about as unknown as Cell).context };
    if (this.pending !== null) return void this.pending.push(announcement);
    this.pending = [announcement];
    for (let i = 0; i < this.pending.length; i++) tell(this.pending[i]!);
    this.pending = null;
  }
}

const tell = <Change>({ change, to, context }: Announcement<Change>): void => {
  for (const subscription of to) {
    if (!subscription.active) continue;
    try {
      subscription.listener(change);
    } catch (error) {
      // The actor that changed something must not end with it, and it must not go unsaid.
      Effect.runForkWith(context)(Effect.logError("a listener to changes of a registry or group threw", Cause.die(error)));
    }
  }
};
