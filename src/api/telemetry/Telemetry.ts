/**
 * A master's traces, metrics and events to a server of OpenTelemetry. Loaded by a config that asks for it, and by no other.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import * as Clock from "effect/Clock";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { Control } from "../../master/Control.ts";
import type { Within } from "../../master/index.ts";
import { readSecret } from "../../platform/index.ts";
import { type Audit, Origin, parseTraceparent, Traceparent, type Trail } from "../../security/index.ts";
import * as Metrics from "../Metrics.ts";
import * as Refusals from "../Refusals.ts";
import * as Encode from "./Encode.ts";
import { post } from "./Post.ts";
import * as Sender from "./Sender.ts";
import type { Settings, Signal } from "./Settings.ts";
import * as Spans from "./Spans.ts";

/** Of each kind, waiting to be sent; and those of one request. */
const capacity = 4096;
const batch = 512;
const delayMillis = 1_000;
/** A command that has ended may still have events to come. */
const rememberMillis = 5_000;
/** How long the end of the master waits for what is left to be sent. */
const endMillis = 2_000;

export interface Options {
  readonly settings: Settings;
  readonly version: string;
  readonly pid: number;
}

export interface Telemetry {
  /** The same trail, with a span of each thing that goes through it. */
  readonly traced: (trail: Trail | undefined) => Trail;
  /** Sends until the scope ends. */
  readonly serve: (within: Within) => Effect.Effect<void, never, Control | Scope.Scope>;
}

/** What goes through where nothing is written down. */
const open: Trail = {
  isKept: false,
  around: (_, effect) => effect,
  aroundStream: (_, stream) => stream,
  refused: () => Effect.void,
  records: () => Stream.empty,
  verify: Effect.succeed({ ok: true, records: 0, first: null, last: null, torn: 0, headKnown: false, broken: null }),
};

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");

/** Read with each request: who changes the secret need not start the master again. */
const headersOf = ({ headers }: Settings): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : readSecret(value)]));

const errorOf = (exit: Exit.Exit<unknown, unknown>): { readonly error?: string } => {
  if (Exit.isSuccess(exit)) return {};
  if (Cause.hasInterruptsOnly(exit.cause)) return { error: "interrupted" };
  const { code, message } = Cause.squash(exit.cause) as { readonly code?: unknown; readonly message?: unknown };
  return { error: [code, message].filter((word) => typeof word === "string").join(": ") };
};

export const make = ({ pid, settings, version }: Options): Telemetry => {
  const { intervalMillis, sampleRatio, urls } = settings;
  const commands = new Set<Spans.Command>();
  let push: ((span: Spans.Span) => void) | undefined;
  const isKept = (traceId: string): boolean => Spans.isSampled(traceId, sampleRatio);
  const ids: Spans.Ids = { traceId: () => hex(16), spanId: () => hex(8), sampled: isKept };

  /** Begins a span, and ends it with what has come of it. */
  const begin = Effect.fnUntraced(function* ({ operation, target }: Audit.Act) {
    const parent = parseTraceparent(yield* Traceparent);
    const { address, door, name } = yield* yield* Origin;
    const traceId = parent?.traceId ?? ids.traceId();
    const command: Spans.Command = {
      traceId,
      spanId: ids.spanId(),
      sampled: parent?.sampled ?? isKept(traceId),
      operation,
      targets: target === undefined || operation === "Apply" ? undefined : new Set(target.split(" ")),
      from: yield* Clock.currentTimeMillis,
      to: undefined,
    };
    const began = performance.now();
    commands.add(command);
    return (exit: Exit.Exit<unknown, unknown>): void => {
      const to = command.from + (performance.now() - began);
      command.to = to;
      setTimeout(() => commands.delete(command), rememberMillis).unref();
      const attributes = {
        "rpc.system": "hsu",
        "rpc.method": operation,
        "hsu.door": door,
        ...(target === undefined ? {} : { "hsu.target": target }),
        ...(name === undefined ? {} : { "enduser.id": name }),
        ...(address === undefined ? {} : { "client.address": address }),
      };
      const { sampled, spanId } = command;
      if (sampled) {
        push?.({
          traceId,
          spanId,
          sampled,
          parentId: parent?.spanId,
          name: operation,
          kind: "server",
          from: command.from,
          to,
          attributes,
          ...errorOf(exit),
        });
      }
    };
  });

  const traced = (trail: Trail = open): Trail => ({
    ...trail,
    around: (act, effect) =>
      Effect.flatMap(begin(act), (end) => Effect.onExit(trail.around(act, effect), (exit) => Effect.sync(() => end(exit)))),
    aroundStream: (act, stream) =>
      Stream.unwrap(
        Effect.map(begin(act), (end) => Stream.onExit(trail.aroundStream(act, stream), (exit) => Effect.sync(() => end(exit)))),
      ),
  });

  const serve = Effect.fnUntraced(function* ({ publish }: Within) {
    const control = yield* Control;
    const encoding = yield* Encode.make(settings, { version, host: hostname(), pid });
    const senders: Array<Sender.Sender<never>> = [];
    const sender = <A>(signal: Signal, encode: (items: ReadonlyArray<A>) => ReturnType<Encode.Encoding["traces"]>, size = capacity) => {
      const url = urls[signal];
      if (url === undefined) return undefined;
      const made = Sender.make<A>({
        capacity: size,
        batch: Math.min(size, batch),
        delayMillis,
        send: async (items) => post(url, encode(items), headersOf(settings)),
        tell: (message) => publish(["telemetry", signal], "telemetry", message),
      });
      senders.push(made);
      return made;
    };
    const traces = sender<Spans.Span>("traces", encoding.traces);
    const logs = sender<Encode.Told>("logs", encoding.logs);
    // Only the last one is worth anything.
    const metrics = sender<Encode.Snapshot>("metrics", ([snapshot]) => encoding.metrics(snapshot!), 1);
    if (traces !== undefined) push = traces.push;
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => void (push = undefined)).pipe(
        Effect.andThen(Effect.promise(() => Promise.all(senders.map(({ end }) => end())))),
        Effect.timeoutOption(endMillis),
      ),
    );
    if (traces !== undefined || logs !== undefined) {
      const tracing = Spans.tracing(ids, () => commands);
      yield* Effect.forkScoped(
        Stream.runForEach(control.events({ follow: true, since: 0 }), (event) =>
          Effect.sync(() => {
            // What is told of telemetry would be followed by more of it.
            if (event.path[0] === "telemetry") return;
            const { context, spans } = tracing.follow(event);
            if (traces !== undefined) spans.forEach(traces.push);
            logs?.push({ event, context });
          }),
        ),
      );
    }
    if (metrics !== undefined) {
      const snapshot = Effect.gen(function* () {
        const status = yield* control.status;
        const report = yield* Effect.orDie(control.resources({ unit: null, history: false, detail: false }));
        const dropped = { dropped: senders.reduce((sum, one) => sum + one.dropped(), 0) };
        const collected = [...Metrics.collect(status, report, Refusals.of(control), control.timings?.()), Metrics.dropped(dropped.dropped)];
        metrics.push({ at: status.now, startedAt: status.startedAt, collected });
      });
      // A master that cannot answer is seen by those who ask it.
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignoreCause(snapshot), Effect.sleep(intervalMillis))));
    }
  });
  return { traced, serve };
};
