/**
 * driver/: what stands behind a unit.
 *
 * For: running a task as a native process now, as a container, a VM or a simulation later, behind one interface.
 * May import: platform/, logs/ and the other rooms of rank 0 and 1; never unit/ or above.
 * Never changes: a task's scope owns it: when the scope has closed, nobody of the task runs any more.
 */
export type { Driver, DriverError, Task, TaskSpec } from "./Driver.ts";
export * as ProcessDriver from "./process/ProcessDriver.ts";
export type { Finder, FoundTask } from "./unmanaged/Finder.ts";
