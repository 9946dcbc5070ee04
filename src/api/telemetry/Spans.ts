/**
 * Commands, and what happened to units because of them, as spans. Pure.
 */
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import type { TraceContext } from "../../security/index.ts";

export interface Span extends TraceContext {
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: "server" | "internal";
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Why it is not well. */
  readonly error?: string;
}

/** A command that is carried out, or was a moment ago. */
export interface Command extends TraceContext {
  readonly operation: string;
  /** Names that it is about; absent: the whole master. */
  readonly targets: ReadonlySet<string> | undefined;
  readonly from: number;
  to: number | undefined;
}

export interface Tracing {
  /** What has happened, and what belongs to which trace because of it. */
  readonly follow: (event: MasterEvent) => { readonly spans: ReadonlyArray<Span>; readonly context: TraceContext | undefined };
}

export interface Ids {
  readonly traceId: () => string;
  readonly spanId: () => string;
  /** Whether a trace that begins here is kept. */
  readonly sampled: (traceId: string) => boolean;
}

/** A share of all traces, the same at each master: by the last 56 bits of the id, as the specification has it. */
export const isSampled = (traceId: string, ratio: number): boolean =>
  ratio >= 1 || (ratio > 0 && Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52);

/** The clock of events has whole milliseconds. */
const slack = 1;

/** The command that something at that time belongs to: one of that unit, of the whole master, or the only one there is. */
export const commandFor = (commands: Iterable<Command>, unit: string, at: number): Command | undefined => {
  const then = Array.from(commands).filter(({ from, to }) => from <= at + slack && (to === undefined || to >= at - slack));
  return (
    then.findLast(({ targets }) => targets?.has(unit) === true) ??
    then.findLast(({ targets }) => targets === undefined) ??
    (then.length === 1 ? then[0] : undefined)
  );
};

interface Unit {
  stopFrom?: number;
  stoppedAt?: number;
  start?: {
    readonly from: number;
    readonly spawnedAt: number;
    readonly isAsked: boolean;
    readonly own: TraceContext;
    readonly parentId: string | undefined;
  };
}

const ends: ReadonlySet<string> = new Set(["stopped", "exited", "restarting", "gave_up", "failed"]);
const isFailure: ReadonlySet<string> = new Set(["restarting", "gave_up", "failed"]);

export const tracing = (ids: Ids, commands: () => Iterable<Command>): Tracing => {
  const units = new Map<string, Unit>();
  return {
    follow: ({ at, message, path, type }) => {
      const id = path.at(-1) ?? "";
      // What other masters have told is traced there.
      if (path[0] === "peers" || path.length < 2) return { spans: [], context: commandFor(commands(), "", at) };
      const command = commandFor(commands(), id, at);
      const begun = (): TraceContext => {
        const traceId = ids.traceId();
        return { traceId, spanId: "", sampled: ids.sampled(traceId) };
      };
      const above: TraceContext = command ?? begun();
      const parentId = command?.spanId;
      const unit = units.get(id) ?? {};
      units.set(id, unit);
      const attributes = { "hsu.unit": id, "hsu.group": path.slice(0, -1).join("/") };
      const spans: Array<Span> = [];
      const add = (what: Partial<Span> & Pick<Span, "name" | "from" | "to">): void => {
        const { traceId, sampled } = above;
        spans.push({ traceId, sampled, spanId: ids.spanId(), parentId, kind: "internal", attributes, ...what });
      };
      const beginStart = (): NonNullable<Unit["start"]> => {
        const since = command === undefined ? at : Math.max(command.from, unit.stoppedAt ?? 0);
        return {
          from: Math.min(since, at),
          spawnedAt: at,
          isAsked: command !== undefined,
          own: { ...above, spanId: ids.spanId() },
          parentId,
        };
      };
      const closeStart = (start: NonNullable<Unit["start"]>, error?: string): void => {
        const { traceId, sampled } = start.own;
        const below = { traceId, sampled, parentId: start.own.spanId };
        const failed = error === undefined ? {} : { error };
        if (start.isAsked) add({ ...below, name: `spawn ${id}`, from: start.from, to: start.spawnedAt });
        // Of a unit that has to say so, or be asked: others are ready when they are there.
        if (start === unit.start) add({ ...below, name: `ready ${id}`, from: start.spawnedAt, to: at, ...failed });
        add({ ...start.own, parentId: start.parentId, name: `start ${id}`, from: start.from, to: at, ...failed });
        delete unit.start;
      };
      const { start } = unit;
      if (type === "stopping") unit.stopFrom = at;
      else if (type === "starting") unit.start = beginStart();
      else if (type === "started" || type === "completed") {
        if (!message.startsWith("reattached")) closeStart(start ?? beginStart());
      } else if (ends.has(type)) {
        const error = isFailure.has(type) ? message : undefined;
        if (start !== undefined) closeStart(start, message);
        if (unit.stopFrom !== undefined) add({ name: `stop ${id}`, from: unit.stopFrom, to: at });
        else if (start === undefined || isFailure.has(type)) {
          add({
            name: `exit ${id}`,
            from: at,
            to: at,
            attributes: { ...attributes, "hsu.message": message },
            ...(error === undefined ? {} : { error }),
          });
        }
        delete unit.stopFrom;
        unit.stoppedAt = at;
      }
      const context = command ?? (spans.length > 0 ? spans.at(-1) : undefined);
      return { spans: spans.filter(({ sampled }) => sampled), context };
    },
  };
};
