/**
 * How many were turned away at the doors of a master, by the code of what they were told.
 */
import type { Control } from "../master/Control.ts";

const counts = new WeakMap<Control["Service"], Map<string, number>>();

export const of = (control: Control["Service"]): ReadonlyMap<string, number> => counts.get(control) ?? new Map();

export const count = (control: Control["Service"], code: string): void => {
  const known = counts.get(control) ?? new Map<string, number>();
  known.set(code, (known.get(code) ?? 0) + 1);
  counts.set(control, known);
};
