/**
 * Spans across casts and calls. Nothing of it is touched until a context with a tracer has come by.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Tracer from "effect/Tracer";
import type { Op } from "./cell.ts";

export const tracing = {
  /** Whether a tracer was ever seen: it is looked for by each sender from then on. */
  on: false,
};

/** The span of the handler that is on the stack, where it is no effect. */
let current: Tracer.Span | null = null;

export const noticeTracer = (context: Context.Context<never>): void => {
  if (!tracing.on && context.mapUnsafe.has(Tracer.TracerKey)) tracing.on = true;
};

interface Receiver {
  readonly context: Context.Context<never>;
  readonly path: ReadonlyArray<string>;
}

const parentOf = (): Tracer.AnySpan | undefined => {
  const fiber = Fiber.getCurrent();
  if (fiber === undefined) return current ?? undefined;
  return Context.getOrUndefined(fiber.context, Tracer.ParentSpan);
};

const nanos = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));

/** The message with a span of its own, below that of its sender; the message itself when its receiver has no tracer. */
export const traced = (op: Op, receiver: Receiver, kind: "server" | "consumer"): Op => {
  if (!receiver.context.mapUnsafe.has(Tracer.TracerKey)) return op;
  const tracer = Context.get(receiver.context, Tracer.Tracer);
  const parent = parentOf();
  const sentAt = performance.now();
  const handle: Op["handle"] = (state, payload, cell) => {
    const span = tracer.span({
      name: `${receiver.path.at(-1)}/${op.tag}`,
      parent: parent === undefined ? Option.none() : Option.some(parent),
      annotations: Context.empty(),
      links: [],
      startTime: nanos(),
      kind,
      root: parent === undefined,
      sampled: parent?.sampled ?? true,
    });
    span.attribute("hsu.actor.path", receiver.path.join("/"));
    span.attribute("hsu.message", op.tag);
    span.attribute("hsu.mailbox.wait_ms", performance.now() - sentAt);
    const outer = current;
    current = span;
    let result: unknown;
    try {
      result = op.handle(state, payload, cell);
    } catch (error) {
      span.end(nanos(), Exit.die(error));
      throw error;
    } finally {
      current = outer;
    }
    if (!Effect.isEffect(result)) {
      span.end(nanos(), Exit.void);
      return result;
    }
    return Effect.onExit(Effect.withParentSpan(result as Effect.Effect<unknown, unknown>, span), (exit) =>
      Effect.sync(() => span.end(nanos(), exit)),
    );
  };
  return { tag: op.tag, handle, typedError: op.typedError };
};
