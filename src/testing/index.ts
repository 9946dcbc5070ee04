/**
 * The public test kit: probes, recorders, virtual time, explored interleavings, a memory platform.
 *
 * May import every room; belongs to no test runner. Nothing in `src/` ever imports it, and what it offers never changes the behaviour of what it tests.
 */
export { ExpectationFailed } from "./ExpectationFailed.ts";
export { Endless, ExplorationFailed, explore, simulate, Stuck } from "./Explore.ts";
export type { Explored, Options as ExploreOptions } from "./Explore.ts";
export { makeMemoryProcesses } from "../platform/memory/MemoryProcesses.ts";
export { advance, settle } from "./VirtualTime.ts";
export * as Probe from "./Probe.ts";
export * as Recorder from "./Recorder.ts";
