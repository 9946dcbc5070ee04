/**
 * platform/: the operating system, behind Effect services.
 *
 * For: processes, signals, process identity and statistics, the folders HSU uses.
 * May import: `effect`, Node, and `pidusage` lazily. No other room of src/.
 * Never changes: it is the only room with `node:child_process`, `/proc` and `process.kill`; a process is known by pid + start time + boot id;
 * what it starts leads its own process group and writes its output without the master's help.
 */
export { compile, optimize } from "./Compilers.ts";
export { canReplace, replaceSoon, takeOver, tookOver, tryOut } from "./Replace.ts";
export * from "./FreePort.ts";
export { adoptOrphans } from "./linux/Orphans.ts";
export { newInvocation } from "./Invocation.ts";
export { type Meter, noUsage, type Usage } from "./Meter.ts";
export {
  type CapName,
  type Capped,
  type Caps,
  type Controller,
  type Held,
  type Hold,
  type Holds,
  notHeld,
  type OutOfMemory,
} from "./Caps.ts";
export type { Attended } from "./Attended.ts";
export { makeFifo } from "./Fifo.ts";
export * from "./Discovery.ts";
export {
  formatAddress,
  type HeldSockets,
  type HoldSockets,
  NotListening,
  type Passing,
  type SocketAddress,
  type SocketSpec,
} from "./Listening.ts";
export { type NotifySocket, NotifyUnavailable, type OpenNotifySocket, type Sender } from "./Notify.ts";
export * as Paths from "./Paths.ts";
export { pathOfDescriptor, punchHole } from "./Descriptor.ts";
export * from "./Process.ts";
export * from "./ProcessErrors.ts";
export { readSecret, readShort, type Secret } from "./SecretValue.ts";
export { connectDatagram, type DatagramSocket } from "./Datagram.ts";
export { type SocketPeer, socketPeer } from "./SocketPeer.ts";
export { silent } from "./Silent.ts";
export { openScratch } from "./Scratch.ts";
export * as Signal from "./Signal.ts";
