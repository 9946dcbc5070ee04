/**
 * Whether one more unit fits onto the machine, by what the units may use at most. Pure.
 */

/** Of a machine whose memory is given away to this percentage nobody else is let in. */
export const usualPercent = 80;

export interface Demand {
  readonly unit: string;
  /** What it may have at most; null: nobody has said, so it counts for nothing. */
  readonly memoryBytes: number | null;
}

export interface Refusal {
  readonly wanted: number;
  /** What the others that are up may have. */
  readonly given: number;
  readonly allowed: number;
}

/** Null: it fits. CPU is shared when there is too little of it; memory is not. */
export const admit = (
  demand: Demand,
  others: Iterable<Demand>,
  machine: { readonly memoryBytes: number; readonly percent: number },
): Refusal | null => {
  if (demand.memoryBytes === null) return null;
  let given = 0;
  for (const { memoryBytes, unit } of others) if (unit !== demand.unit) given += memoryBytes ?? 0;
  const allowed = (machine.memoryBytes * machine.percent) / 100;
  return given + demand.memoryBytes > allowed ? { wanted: demand.memoryBytes, given, allowed } : null;
};
