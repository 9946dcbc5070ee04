/**
 * What is done, written down: before it is done, and with what has become of it.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import {
  type AuditEntry,
  type AuditHead,
  type AuditRecord,
  type AuditRequest,
  AuditUnwritable,
  type AuditVerdict,
  type AuditWho,
} from "../../protocol/Audit.ts";
import { Origin } from "../Origin.ts";
import type { AuditFile, Rotation } from "./AuditFile.ts";

export type Payload = NonNullable<AuditRecord["payload"]>;

/** One thing that is asked for. */
export interface Act {
  readonly operation: string;
  readonly target?: string;
  /** Of what may hold secrets only a digest. */
  readonly payload?: (sha256: (data: string) => string) => Payload;
  /** It ends something, and is done also where nobody can write it down. */
  readonly isEnd?: boolean;
}

export interface Trail {
  /** It is written down; absent: it is. */
  readonly isKept?: false;
  readonly around: <A, E, R>(act: Act, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | AuditUnwritable, R>;
  readonly aroundStream: <A, E, R>(act: Act, stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E | AuditUnwritable, R>;
  /** It was not let through. */
  readonly refused: (who: AuditWho, act: Pick<Act, "operation" | "target">, code: string) => Effect.Effect<void>;
  readonly records: (request: AuditRequest) => Stream.Stream<AuditEntry>;
  readonly verify: Effect.Effect<AuditVerdict>;
}

export interface Options {
  /** Absolute. */
  readonly path: string;
  readonly rotation: Rotation;
  readonly onFailure: "refuse" | "go_on";
  readonly store: { readonly auditHead: () => AuditHead | null; readonly putAuditHead: (head: AuditHead) => void };
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Told once, until it is better: the log cannot be written. */
  readonly unwritable: (error: AuditUnwritable) => void;
}

/** Refusals of one kind that are written at once, and how fast others are after them: nobody is to fill the log who may do nothing. */
const burst = 20;
const everyMillis = 1000;

/** The parts with node:crypto, which a master without commands does not need. */
const parts = Effect.promise(() => import("./Parts.ts"));

export const make = (options: Options): Trail => {
  const { onFailure, path, pid, rotation, startedAt, store, unwritable, version } = options;
  let file: AuditFile | undefined;
  let lost = 0;
  const suppressed = { count: 0, left: burst, at: 0 };

  const append = (made: AuditFile, record: Omit<AuditRecord, "seq" | "prev">): number => {
    const seq = made.append(lost === 0 ? record : { ...record, lost });
    lost = 0;
    return seq;
  };

  /** The number of the record. */
  const write = (record: Omit<AuditRecord, "seq" | "prev" | "at">): Effect.Effect<number, AuditUnwritable> =>
    Effect.flatMap(parts, ({ AuditFile: Made }) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Effect.try({
          try: () => {
            if (file === undefined) {
              const made = new Made({ path, rotation, known: store.auditHead, remember: store.putAuditHead });
              append(made, { at, kind: "opened", pid, version, startedAt });
              file = made;
            }
            return append(file, { at, ...record });
          },
          catch: (error) => {
            const failed = new AuditUnwritable({ file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) });
            if (lost++ === 0) unwritable(failed);
            return failed;
          },
        }),
      ),
    );

  const begin = Effect.fnUntraced(function* ({ isEnd, operation, payload, target }: Act) {
    const who = yield* yield* Origin;
    const { sha256 } = yield* parts;
    const record = {
      kind: "begun" as const,
      who,
      operation,
      ...(target === undefined ? {} : { target: short(target) }),
      ...(payload === undefined ? {} : { payload: payload(sha256) }),
    };
    const begun = write(record);
    const of = yield* onFailure === "refuse" && isEnd !== true ? begun : Effect.orElseSucceed(begun, () => undefined);
    return { of, who, operation, target: record.target, startedAt: performance.now() };
  });
  type Begun = Effect.Success<ReturnType<typeof begin>>;

  const end = ({ of, operation, startedAt: from, target, who }: Begun, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
    const millis = Math.round(performance.now() - from);
    const about = {
      kind: "done" as const,
      ...(of === undefined ? { who } : { of }),
      operation,
      ...(target === undefined ? {} : { target }),
    };
    return Effect.ignore(write({ ...about, ...outcomeOf(exit), millis }));
  };

  return {
    around: (act, effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(begin(act)), (begun) => Effect.onExit(restore(effect), (exit) => end(begun, exit))),
      ),
    aroundStream: (act, stream) => Stream.unwrap(Effect.map(begin(act), (begun) => Stream.onExit(stream, (exit) => end(begun, exit)))),
    refused: (who, { operation, target }, code) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        suppressed.left = Math.min(burst, suppressed.left + (now - suppressed.at) / everyMillis);
        suppressed.at = now;
        if (suppressed.left < 1) {
          suppressed.count++;
          return Effect.void;
        }
        suppressed.left--;
        const { count } = suppressed;
        suppressed.count = 0;
        const about = { kind: "refused" as const, who, operation, ...(target === undefined ? {} : { target: short(target) }), code };
        return Effect.ignore(write(count === 0 ? about : { ...about, suppressed: count }));
      }),
    records: (request) =>
      Stream.unwrap(Effect.map(parts, ({ recordsOf }) => Stream.fromIterable(recordsOf(path, request), { chunkSize: 64 }))),
    verify: Effect.flatMap(parts, ({ verify }) => verify(path, store.auditHead())),
  };
};

/** Names come from outside. */
const short = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Pick<AuditRecord, "outcome" | "code"> => {
  if (Exit.isSuccess(exit)) return { outcome: "ok" };
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: "interrupted" };
  const error = Cause.squash(exit.cause) as { readonly code?: unknown; readonly name?: unknown } | undefined;
  const code = error?.code ?? error?.name;
  return { outcome: "failed", ...(typeof code === "string" ? { code } : {}) };
};
