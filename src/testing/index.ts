/**
 * The public test kit: probes, a memory platform, simulated trees.
 *
 * May import every room. Nothing in `src/` ever imports it, and what it offers never changes the behaviour of what it tests.
 */
export { makeMemoryProcesses } from "../platform/memory/MemoryProcesses.ts";
