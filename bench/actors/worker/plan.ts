/**
 * What is measured of actors on a worker thread, and how much of it.
 */
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";

export const counter = RpcGroup.make(Rpc.make("Add", { payload: { by: Schema.Number } }), Rpc.make("Get", { success: Schema.Number }));

interface Entry {
  readonly bench: string;
  readonly unit: "M/s" | "us";
  readonly n: number;
}

export const plan = {
  casts: { bench: "cast with a payload, to a worker", unit: "M/s", n: 1_000_000 },
  call: { bench: "call to a worker", unit: "us", n: 30_000 },
  calls: { bench: "call to a worker, 100 at once", unit: "us", n: 300_000 },
} satisfies Record<string, Entry>;

export type Name = keyof typeof plan;
export const names = Object.keys(plan) as ReadonlyArray<Name>;

/** Casts come in bursts of this many; a call confirms each burst. */
export const burst = 10_000;
/** Calls that wait at the same time. */
export const together = 100;

/** What one side has to be able to do. Each checks its result. */
export type Side = Readonly<Record<Name, (n: number) => Promise<void>>> & { readonly end: () => Promise<unknown> };
