/**
 * resources/: what units use of the machine, and what they may.
 *
 * For: samples and their history, limits, and what a broken limit means.
 * May import: `effect`, platform/ and the other rooms of rank 0.
 * Never changes: what a sample means for a limit is a pure function; this room starts no timer and ends no process, it says what is to be done.
 * Samples are taken by `Sampler.ts`, which nobody imports before the first of them is due.
 */
export { Ring, type Row, rowsFor } from "./Ring.ts";
export type { Sample, Sampler, Subject } from "./Sampler.ts";
export * as Admission from "./Admission.ts";
export * as Judge from "./Judge.ts";
export * as Limits from "./Limits.ts";
