/**
 * The api room: thin adapters of the master's `Control` onto wires.
 *
 * For: everybody outside the master's own process.
 * May import: `master` and the rooms below it, never `cli` or `bin`.
 * Never changes: an adapter decides nothing. What a call means is said once, in `Control`; what it looks like on the wire, in `protocol/`.
 */
export { type HttpPlace, HttpNotOpened } from "./HttpPlace.ts";
export { serve as serveHttp } from "./HttpServer.ts";
export { type NetworkPlace } from "./NetworkPlace.ts";
export { serve as serveNetwork } from "./NetworkServer.ts";
export { PortInUse, PortNotOpened, serve as serveGrpc } from "./GrpcServer.ts";
export { RegistryNotOpened, type RegistryPlaces, serve as serveRegistry } from "./RegistryServer.ts";
export { layer, serve } from "./RpcServer.ts";
export { make as makeThrottle, type Throttle } from "./Throttle.ts";
export { ListenFailed, SocketInUse } from "./UnixSocket.ts";
