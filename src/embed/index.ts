/**
 * embed/: a tree inside another program, without Effect in sight.
 *
 * For: `hsu/master`: programs that launch a tree, hold its units, mount its HTTP surface and talk to actors of other processes.
 * May import: `api` and the rooms below it; never `cli` or `bin`.
 * Never changes: the process belongs to the host: its signals, its exit and its working directory are not touched; a tree that has been disposed of has left
 * nothing; several trees of one process do not know of each other. What a tree does not need is not loaded.
 */
export * from "../master/index.ts";
export { Remote } from "../actor/index.ts";
export type { Identity, Listener, MountOptions } from "../api/HttpMount.ts";
export { connect, type ConnectOptions } from "../peer/Connect.ts";
export type { LogLine, LogRequest, MasterEvent, MasterStatus, TreeNode, UnitDescription, UnitStatus } from "../protocol/MasterRpc.ts";
export { launch, type LaunchOptions, type LaunchSource } from "./Launch.ts";
export type { EventOptions, LogOptions, Tree, UnitHandle } from "./Tree.ts";
