/**
 * Asks `grpc.health.v1`, once a run or by a stream that is kept open, or upstream's `proto.CoreService/Ping`.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { HealthCheckRequest, HealthCheckResponse } from "../protocol/gen/grpc/health/v1/health.ts";
import { type Check, failed, type Outcome, passed } from "./Check.ts";
import { type Call, call, type CallEnd, open } from "./GrpcCall.ts";
import type { GrpcCheck } from "./ProbeSpec.ts";
import { load, type TlsOptions } from "./Tls.ts";

const servingStatuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const serving = "SERVING";

const codes =
  "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split(
    " ",
  );
const unimplemented = codes.indexOf("UNIMPLEMENTED");

const words = (end: CallEnd): string => {
  if (end._tag === "Broken") return end.why;
  const code = codes[end.status] ?? `status ${end.status}`;
  return end.message === "" || end.status === 0 ? `gRPC ${code}` : `gRPC ${code}: ${end.message.slice(0, 200)}`;
};

/** The status in an answer; null where the bytes are none. */
const read = (answer: Uint8Array): string | null => {
  try {
    const { status } = HealthCheckResponse.decode(answer);
    return servingStatuses[status] ?? `status ${status}`;
  } catch {
    return null;
  }
};

const outcomeOf = (status: string | null): Outcome => {
  if (status === null) return failed("the answer is not of grpc.health.v1");
  return status === serving ? passed(status) : failed(status);
};

/** Whom to ask for what. */
type Place = Omit<GrpcCheck, "tls"> & { readonly port: number; readonly tls: TlsOptions | null };

interface Answered {
  readonly outcome: Outcome;
  /** The server knows nothing of `grpc.health.v1`. */
  readonly isUnknown: boolean;
}

const ask = (spec: Place): Effect.Effect<Answered> =>
  Effect.callback((resume) => {
    let seen: Outcome | null = null;
    const close = call({
      ...spec,
      path: "/grpc.health.v1.Health/Check",
      request: HealthCheckRequest.encode({ service: spec.service }).finish(),
      onAnswer: (answer) => void (seen = outcomeOf(read(answer))),
      onEnd: (end) => {
        const status = end._tag === "Status" ? end.status : -1;
        const outcome = status === 0 ? (seen ?? failed("no answer")) : failed(words(end));
        resume(Effect.succeed({ outcome, isUnknown: status === unimplemented }));
      },
    });
    return Effect.sync(close);
  });

const check = (spec: Place): Effect.Effect<Outcome> => Effect.map(ask(spec), ({ outcome }) => outcome);

const ping = (spec: Place): Effect.Effect<Outcome> =>
  Effect.callback((resume) => {
    const close = call({
      ...spec,
      path: "/proto.CoreService/Ping",
      request: new Uint8Array(0),
      onAnswer: () => {},
      onEnd: (end) => {
        // Who speaks gRPC and does not know the method is alive: upstream's examples do not register it.
        const isAlive = end._tag === "Status" && (end.status === 0 || end.status === unimplemented);
        resume(Effect.succeed((isAlive ? passed : failed)(words(end))));
      },
    });
    return Effect.sync(close);
  });

const own = (spec: Place): Effect.Effect<Outcome> =>
  Effect.flatMap(ask(spec), ({ isUnknown, outcome }) => (isUnknown ? ping(spec) : Effect.succeed(outcome)));

interface Watch {
  readonly run: (place: Place) => Effect.Effect<Outcome>;
  readonly changed: Effect.Effect<void>;
}

/** A stream on which the server tells of each change. Lost, it is opened again at the next run; a server that has no `Watch` is asked instead. */
const watch: Effect.Effect<Watch, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => ({
      call: null as Call | null,
      last: null as Outcome | null,
      told: false,
      isKnown: true,
      listener: (): void => {},
    })),
    (stream) => Effect.sync(() => stream.call?.close()),
  ),
  (stream) => {
    const tell = (outcome: Outcome): void => {
      stream.last = outcome;
      stream.told = true;
      stream.listener();
    };
    const begin = (spec: Place): void => {
      stream.last = null;
      stream.call = open({
        ...spec,
        path: "/grpc.health.v1.Health/Watch",
        request: HealthCheckRequest.encode({ service: spec.service }).finish(),
        onAnswer: (answer) => tell(outcomeOf(read(answer))),
        onEnd: (end) => {
          stream.call = null;
          if (end._tag === "Status" && end.status === unimplemented) stream.isKnown = false;
          tell(failed(words(end)));
        },
      });
    };
    const wait = Effect.callback<void>((resume) => {
      if (stream.told) return resume(Effect.void);
      stream.listener = () => resume(Effect.void);
      return Effect.sync(() => void (stream.listener = () => {}));
    });
    const answers = Effect.callback<void>((resume) => {
      const forget = stream.call?.ping(() => resume(Effect.void));
      return Effect.sync(() => forget?.());
    });
    const run = (spec: Place): Effect.Effect<Outcome> =>
      Effect.suspend(() => {
        if (!stream.isKnown) return check(spec);
        if (stream.call === null) {
          stream.told = false;
          begin(spec);
        }
        const seen = Effect.suspend(() => {
          stream.told = false;
          return stream.isKnown ? Effect.succeed(stream.last ?? failed("no answer")) : check(spec);
        });
        if (stream.last === null) return Effect.andThen(wait, seen);
        // Who hangs tells of nothing: whoever was well has to answer still, or to say what has changed.
        return stream.last.passed ? Effect.andThen(Effect.raceFirst(answers, wait), seen) : seen;
      });
    return { run, changed: Effect.suspend(() => (stream.isKnown ? wait : Effect.never)) };
  },
);

export const make = (spec: GrpcCheck, ownPort: () => number | null): Effect.Effect<Check, never, Scope.Scope> => {
  /** Looked up at each run: a unit may make its port known late. */
  const atPort = (asking: (place: Place) => Effect.Effect<Outcome>): Effect.Effect<Outcome> =>
    Effect.suspend(() => {
      const port = spec.port ?? ownPort();
      if (port === null) return Effect.succeed(failed("its port is not known"));
      // Where a unit that was only told a port binds is its own affair: 127.0.0.1, or all of IPv6.
      const address = spec.port === null && spec.address === "127.0.0.1" ? "localhost" : spec.address;
      if (spec.tls === undefined) return asking({ ...spec, port, address, tls: null });
      return Effect.matchEffect(load(spec.tls), {
        onFailure: (why) => Effect.succeed(failed(why)),
        onSuccess: (tls) => asking({ ...spec, port, address, tls }),
      });
    });
  switch (spec.method) {
    case "check":
      return Effect.succeed({ run: atPort(check) });
    case "ping":
      return Effect.succeed({ run: atPort(ping) });
    case "own":
      return Effect.succeed({ run: atPort(own) });
    case "watch":
      return Effect.map(watch, ({ changed, run }) => ({ changed, run: atPort(run) }));
  }
};
