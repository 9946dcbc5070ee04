/**
 * health/: whether something that runs is well.
 *
 * For: probes (http, gRPC, tcp, exec, the process itself), when they run, and what their results say together: thresholds, the startup probe that
 * holds the others back, readiness, liveness.
 * May import: `effect`, Node, platform/ and protocol/; what brings a protocol with it is loaded by the first probe that needs it.
 * Never changes: what a result means is decided by pure functions; a probe runs once at a time and never beside itself; an interrupted one leaves
 * neither a connection nor a process; nothing here restarts anything.
 */
export * as Check from "./Check.ts";
export * as Judgement from "./Judgement.ts";
export * as Pace from "./Pace.ts";
export * as Prober from "./Prober.ts";
export {
  type CheckSpec,
  type ExecCheck,
  type GrpcCheck,
  type HttpCheck,
  type ProbeKind,
  probeKinds,
  type ProbesSpec,
  type ProbeSpec,
  type ProcessCheck,
  type StatusRange,
  type TcpCheck,
} from "./ProbeSpec.ts";
