/**
 * The port of an integrated unit: chosen anew at each start, told to the process as `--port N`, and the unit's own until the process has ended.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { NoPort, Ports } from "../platform/index.ts";
import type { ProcessRecord, Store } from "../store/index.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** Where upstream looks for a unit of which it knows no port. */
const fallbackPort = 50051;

/** The arguments of a process, with its port at the end of them: units exit on a flag they do not know, so nothing else is added. */
export const withPort = (args: ReadonlyArray<string>, port: number | null): ReadonlyArray<string> =>
  port === null ? args : [...args, "--port", String(port)];

/** A free port, until the scope closes. */
export const take = (ports: Ports): Effect.Effect<number, NoPort, Scope.Scope> =>
  Effect.acquireRelease(ports.take, (port) => Effect.sync(() => ports.giveBack(port)));

/** One that is in use already, until the scope closes. */
export const reserve = (ports: Ports, port: number): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => (ports.reserve(port), port)),
    () => Effect.sync(() => ports.giveBack(port)),
  );

/** For a new process: a free port, held until the scope closes. */
export const newPort = ({ kind }: UnitSpec, slot: Slot, ports: Ports): Effect.Effect<number | null, NoPort, Scope.Scope> =>
  kind === "integrated" ? Effect.tap(take(ports), (port) => Effect.sync(() => void (slot.port = port))) : Effect.succeed(null);

/** For a process that goes on: the one that was written down. */
export const keepPort = (
  { kind }: UnitSpec,
  slot: Slot,
  ports: Ports,
  recorded: number | undefined,
): Effect.Effect<void, never, Scope.Scope> => {
  if (kind !== "integrated") return Effect.void;
  return Effect.map(reserve(ports, recorded ?? fallbackPort), (port) => void (slot.port = port));
};

/** The port in a record, where there is one. */
export const recordedPort = (port: number | null): Pick<ProcessRecord, "port"> => (port === null ? {} : { port });

/** A unit that listens elsewhere says so: that is its port from now on, for a later master as well. */
export const movePort = (unit: string, slot: Slot, store: Store, port: number): void => {
  if (slot.port === port || slot.task === null) return;
  slot.port = port;
  const record = store.processes.find((each) => each.unit === unit);
  if (record !== undefined) store.putProcess({ ...record, port });
};
