/**
 * What an earlier master has left, before anything is started: processes that go on under this one, and those that end.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Driver } from "../driver/index.ts";
import type { ProcessIdentity } from "../platform/index.ts";
import type { ProcessRecord, Store } from "../store/index.ts";
import { formatExit, Recovered } from "../unit/index.ts";
import type { Entry } from "./Entry.ts";
import type { History } from "./History.ts";

interface Parts {
  readonly driver: Driver;
  readonly store: Store;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly publish: History["publish"];
}

/** Milliseconds that the process of a unit has to end that the config does not name any more. */
const unnamedStopMillis = 10_000;

/** Sets what each unit goes on with. Returns when all processes have ended that do not go on. */
export const reattach = ({ driver, entries, publish, store }: Parts): Effect.Effect<void> =>
  Effect.gen(function* () {
    const memories = new Map(store.units);
    for (const [id, entry] of entries) {
      const memory = memories.get(id) ?? null;
      entry.recovered = { ...Recovered.nothing, memory, completed: Recovered.isCompleted(entry.spec, memory) };
      entry.slot.completed = entry.recovered.completed;
    }
    for (const id of memories.keys()) if (!entries.has(id)) store.removeUnit(id);
    for (const id of Array.from(store.schedules.keys())) if (entries.get(id)?.spec.schedule === undefined) store.removeSchedule(id);
    yield* Effect.forEach(store.processes, (record) => settle(record, { driver, entries, publish, store }), {
      concurrency: "unbounded",
      discard: true,
    });
    for (const { recovered, slot } of entries.values()) {
      if (recovered.memory === null) continue;
      slot.row = recovered.memory.row;
      slot.notBefore = recovered.process === null && recovered.memory.state === "backoff" ? recovered.memory.nextStartAt : null;
    }
  });

const settle = Effect.fnUntraced(function* (record: ProcessRecord, { driver, entries, publish, store }: Parts) {
  const entry = entries.get(record.unit);
  const memory = entry?.recovered.memory ?? null;
  const path = entry === undefined ? [record.unit] : [...entry.groups, record.unit];
  const known = record.identity === null ? yield* driver.find(record.invocation) : Option.some(record.identity);
  const identity = yield* Option.match(known, {
    onNone: () => Effect.succeedNone,
    onSome: (one) => Effect.map(driver.runs(one), (runs) => (runs ? known : Option.none())),
  });
  const fate = Recovered.fate(record.fingerprint, entry?.spec, memory);
  if (fate.reattach && entry !== undefined && Option.isSome(identity)) {
    const { invocation, startedAt } = record;
    // What was not written down when the earlier master was killed is now.
    store.putProcess({ ...record, identity: identity.value });
    const { port, told } = record;
    const wasUp = told === undefined ? memory?.state === "running" : true;
    entry.slot.recovered = { identity: identity.value, invocation, startedAt, port, wasUp, told };
    entry.recovered = { ...entry.recovered, process: entry.slot.recovered };
    return;
  }
  if (Option.isSome(identity) && !fate.reattach) {
    yield* end(driver, identity.value, record, entry?.spec.stopTimeoutMillis ?? unnamedStopMillis);
    publish(path, "stopped", `pid ${identity.value.pid} of an earlier master has been ended: the unit ${fate.because}`);
  }
  const exit = Option.isSome(known) && Option.isNone(identity) ? yield* driver.exitOf(known.value) : Option.none();
  // Its first process may be gone and others of it not.
  yield* driver.sweep(record.unit, record.invocation);
  store.removeProcess(record.unit);
  if (entry === undefined) return;
  const at = yield* Clock.currentTimeMillis;
  const lastExit = Option.match(exit, { onNone: () => ({ code: null, signal: null, at }), onSome: (one) => ({ ...one, at }) });
  entry.recovered = Recovered.withoutProcess(fate.reattach, Option.isSome(known), memory, lastExit);
  if (entry.recovered.memory !== null) store.putUnit(record.unit, entry.recovered.memory);
  if (entry.recovered.endedUnseen) publish(path, "exited", `ended while no master ran: ${formatExit(lastExit)}`);
});

/** Asks it to end, and kills it and all its group when it does not. */
const end = (driver: Driver, identity: ProcessIdentity, { invocation, unit }: ProcessRecord, millis: number): Effect.Effect<void> =>
  Effect.flatMap(
    driver.recover(identity, invocation, unit),
    Option.match({
      onNone: () => Effect.void,
      onSome: (task) => Effect.andThen(Effect.ignore(task.signal("SIGTERM")), Effect.ignore(Effect.timeout(task.waitForAll, millis))),
    }),
  ).pipe(Effect.scoped);
