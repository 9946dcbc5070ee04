/**
 * Listens to the messages of one actor: its cell runs the same behaviour with each handler wrapped, so that all others pay nothing for it.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type { ActorCell } from "./actorCell.ts";
import type { Behavior } from "./behavior.ts";
import type { Op } from "./cell.ts";
import { show } from "./crash.ts";

/** A message on its way through an actor. `info` is the tag of all news. */
export interface Tapped {
  readonly tag: string;
  readonly payload: unknown;
  /** Absent: its handler begins. */
  readonly end?: { readonly exit: Exit.Exit<unknown, unknown>; readonly millis: number };
}

type Sink = (tapped: Tapped) => void;

class Tap {
  readonly sinks = new Set<Sink>();
  readonly original: Behavior;
  readonly tapped: Behavior;

  constructor(original: Behavior) {
    this.original = original;
    const ops: Record<string, Op> = Object.create(null);
    for (const [tag, op] of Object.entries(original.ops)) {
      if (op !== undefined) ops[tag] = { ...op, handle: this.wrap(tag, op.handle) };
    }
    const { info } = original;
    this.tapped = { ...original, ops, info: info && this.wrap("info", info) };
  }

  private wrap(tag: string, handle: Op["handle"]): Op["handle"] {
    return (state, raw, cell) => {
      const { message } = show(this.original, { state, message: { tag, payload: raw }, reason: null });
      const payload = message?.payload;
      this.emit({ tag, payload });
      const begun = performance.now();
      const ended = (exit: Exit.Exit<unknown, unknown>): void =>
        this.emit({ tag, payload, end: { exit, millis: performance.now() - begun } });
      let result: unknown;
      try {
        result = handle(state, raw, cell);
      } catch (error) {
        ended(Exit.die(error));
        throw error;
      }
      if (Effect.isEffect(result)) {
        return Effect.onExit(result as Effect.Effect<unknown, unknown>, (exit) => Effect.sync(() => ended(exit)));
      }
      ended(Exit.void);
      return result;
    };
  }

  private emit(tapped: Tapped): void {
    for (const sink of this.sinks) sink(tapped);
  }
}

const taps = new WeakMap<ActorCell, Tap>();

/** Tells `sink` of each message that is sent to the cell from now on; returns what ends that. */
export const tap = (cell: ActorCell, sink: Sink): (() => void) => {
  let found = taps.get(cell);
  if (found === undefined || found.tapped !== cell.behavior) {
    found = new Tap(cell.behavior);
    taps.set(cell, found);
    cell.behavior = found.tapped;
  }
  const { original, sinks, tapped } = found;
  sinks.add(sink);
  return () => {
    sinks.delete(sink);
    if (sinks.size > 0 || cell.behavior !== tapped) return;
    cell.behavior = original;
    taps.delete(cell);
  };
};
