/**
 * Listening sockets of Linux that are held for others: made through the C library, never accepted from, and waited for by Node's own loop. No thread,
 * no polling. Loaded with the first unit that listens.
 */
import { chmodSync, closeSync, lstatSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import { formatAddress, type HeldSockets, type HoldSockets, NotListening, type SocketAddress, type SocketSpec } from "../Listening.ts";
import { copyOf } from "./Copies.ts";
import { forward } from "./Forward.ts";
import { claim, keep } from "./Kept.ts";
import { type Libc, libc, quiet, socketLevel, unixAddress, unixDomain } from "./Libc.ts";
import { procProbe } from "./Proc.ts";
import { connectionsTo, listenerOn } from "./SocketTable.ts";
import { makeFolder } from "../Folder.ts";

const [inet, inet6, stream] = [2, 10, 1];
const [reuseAddress, accepting] = [2, 30];
/** `F_DUPFD_CLOEXEC`, `F_GETFL`, `F_SETFL` and `O_NONBLOCK`. */
const duplicate = 1030;
const [getFlags, setFlags, nonBlocking] = [3, 4, 0o4000];
const [pollIn, pollBytes] = [1, 8];

/** Where a socket listens, as the system wants it; `host` are the bytes of the IP address in it. */
interface Address {
  readonly domain: number;
  readonly bytes: Uint8Array;
  readonly host: Uint8Array;
}

const addressOf = (system: Libc, address: SocketAddress): Address | string => {
  if (address._tag === "Unix") {
    const bytes = unixAddress(address.path);
    return bytes === undefined ? "the path is longer than 107 bytes" : { domain: unixDomain, bytes, host: new Uint8Array() };
  }
  const isSix = address.host.includes(":");
  const bytes = Buffer.alloc(isSix ? 28 : 16);
  bytes.writeUInt16LE(isSix ? inet6 : inet, 0);
  bytes.writeUInt16BE(address.port, 2);
  const host = Buffer.alloc(isSix ? 16 : 4);
  if (system.inetPton(isSix ? inet6 : inet, address.host, host) !== 1) return "it is no IP address";
  host.copy(bytes, isSix ? 8 : 4);
  return { domain: isSix ? inet6 : inet, bytes, host };
};

const intOf = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

/** Whether a descriptor is a socket that listens there. */
const listensOn = (system: Libc, fd: number, { bytes }: Address): boolean => {
  const isAccepting = Buffer.alloc(4);
  if (system.getsockopt(fd, socketLevel, accepting, isAccepting, intOf(4)) < 0 || isAccepting.readInt32LE() !== 1) return false;
  const own = Buffer.alloc(128);
  const length = Buffer.from(intOf(own.length));
  return system.getsockname(fd, own, length) === 0 && own.subarray(0, length.readInt32LE()).equals(bytes);
};

const reasonOf = (errno: string): NotListening["reason"] => {
  if (errno === "EADDRINUSE") return "InUse";
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS") return "NotPermitted";
  return errno === "EADDRNOTAVAIL" || errno === "EAFNOSUPPORT" ? "NotHere" : "Other";
};

class Refused extends Error {
  readonly errno: string;
  constructor(errno: string) {
    super(errno);
    this.errno = errno;
  }
}

/** A path at which nobody answers is what a master that was killed has left. */
const isAbandoned = (system: Libc, path: string, { bytes }: Address): boolean => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  const fd = system.socket(unixDomain, stream | quiet, 0);
  try {
    return fd >= 0 && system.connect(fd, bytes, bytes.length) < 0 && system.errno() === "ECONNREFUSED";
  } finally {
    if (fd >= 0) closeSync(fd);
  }
};

/** A new one. Throws `Refused`. */
const make = (system: Libc, { address, backlog }: SocketSpec, at: Address): number => {
  const fd = system.socket(at.domain, stream | quiet, 0);
  if (fd < 0) throw new Refused(system.errno());
  const check = (result: number): void => {
    if (result < 0) throw new Refused(system.errno());
  };
  const bind = (): number => system.bind(fd, at.bytes, at.bytes.length);
  try {
    if (address._tag === "Tcp") check(system.setsockopt(fd, socketLevel, reuseAddress, intOf(1), 4));
    const isFile = address._tag === "Unix" && !address.path.startsWith("@");
    if (isFile) makeFolder(dirname(address.path));
    const failure = bind() < 0 ? system.errno() : null;
    if (failure === "EADDRINUSE" && isFile && isAbandoned(system, address.path, at)) {
      rmSync(address.path);
      check(bind());
    } else if (failure !== null) throw new Refused(failure);
    // Nobody can connect before it listens: there is no moment in which it is open to more.
    if (isFile) chmodSync(address.path, address.mode);
    check(system.listen(fd, backlog));
    return fd;
  } catch (error) {
    closeSync(fd);
    if (error instanceof Refused) throw error;
    throw new Refused((error as NodeJS.ErrnoException).code ?? String(error));
  }
};

interface Held {
  readonly fd: number;
  readonly spec: SocketSpec;
  readonly at: Address;
  /** Of a path. */
  readonly inode: number | undefined;
  /** Of a copy of one that is shared: it is of no use to this one any more. `stays`: whoever else has it goes on. */
  readonly release?: (stays: boolean) => void;
}

/** A socket that several units have, which have a copy of it each. */
interface Shared {
  readonly base: Held;
  readonly letGo: () => void;
  users: number;
}
const shared = new Map<string, Shared>();

const inodeOf = ({ address }: SocketSpec): number | undefined =>
  address._tag === "Unix" ? lstatSync(address.path, { throwIfNoEntry: false })?.ino : undefined;

/** What a program that takes this one's place asks for it by. */
const keptName = ({ address }: SocketSpec): string => `listen ${formatAddress(address)}`;

/** Its own, another's, or a new one. Throws a `NotListening`. */
const have = (system: Libc, spec: SocketSpec, holder: number | null): Held => {
  const fail = (reason: NotListening["reason"], detail: string) =>
    new NotListening({ address: formatAddress(spec.address), reason, detail });
  const at = addressOf(system, spec.address);
  if (typeof at === "string") throw fail("Other", at);
  const own = claim(keptName(spec));
  if (own !== undefined) {
    if (listensOn(system, own, at)) return { fd: own, spec, at, inode: inodeOf(spec) };
    closeSync(own);
  }
  const copy = holder === null ? null : copyOf(system, holder, (fd) => listensOn(system, fd, at));
  if (typeof copy === "number") return { fd: copy, spec, at, inode: inodeOf(spec) };
  try {
    return { fd: make(system, spec, at), spec, at, inode: inodeOf(spec) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (copy !== null && error.errno === "EADDRINUSE") throw fail("StillHeld", copy);
    const reason = reasonOf(error.errno);
    throw fail(reason, reason === "InUse" && spec.address._tag === "Tcp" ? listenerOn(spec.address.port) : error.errno);
  }
};

/** The socket that others of this process have already; else one as `have` finds it. */
const share = (system: Libc, spec: SocketSpec, holder: number | null): Held => {
  const name = keptName(spec);
  let one = shared.get(name);
  if (one === undefined) {
    const base = have(system, spec, holder);
    one = { base, letGo: keep(name, base.fd, (on) => system.closeOnExec(base.fd, on)), users: 0 };
    shared.set(name, one);
  }
  const own = one;
  own.users++;
  const release = (stays: boolean): void => {
    if (--own.users > 0) return;
    shared.delete(name);
    own.letGo();
    if (stays) closeSync(own.base.fd);
    else close(own.base);
  };
  return { ...own.base, fd: system.fcntl(own.base.fd, duplicate, 3), inode: undefined, release };
};

const close = ({ fd, inode, release, spec }: Held): void => {
  closeSync(fd);
  release?.(false);
  // Somebody else may have put another one there.
  if (spec.address._tag === "Unix" && inode !== undefined && inodeOf(spec) === inode) rmSync(spec.address.path, { force: true });
};

const held = (system: Libc, all: ReadonlyArray<Held>): HeldSockets => {
  const own = all.filter(({ release }) => release === undefined);
  const letGo = own.map(({ fd, spec }) => keep(keptName(spec), fd, (on) => system.closeOnExec(fd, on)));
  /** Who was taken to be passed on, and has not been. */
  const taken = new Set<Socket>();
  const open = [...all];
  let deafen = (): void => {};
  const onConnection: HeldSockets["onConnection"] = (callback) => {
    deafen();
    const hear = (): void => {
      deafen();
      callback();
    };
    const handles = all.map(({ fd, spec }) => {
      // One that a program has shut down does not listen any more; to the others this changes nothing.
      system.listen(fd, spec.backlog);
      const handle = system.koffi.node.poll(fd, { readable: true }, hear);
      // It is not what keeps a master alive.
      handle.unref();
      return handle;
    });
    const mine = (deafen = () => {
      deafen = () => {};
      for (const handle of handles.splice(0)) handle.close();
    });
    if (taken.size > 0) setImmediate(() => (deafen === mine ? hear() : undefined));
    return mine;
  };
  return {
    names: all.map(({ spec }) => spec.name),
    handOver: () => {
      deafen();
      // It is the socket's own flag, whoever has it: what waits for connections sets it, and so do some programs.
      // Of a shared one it would be that of those who accept from it just now.
      for (const { fd } of own) system.fcntl(fd, setFlags, system.fcntl(fd, getFlags, 0) & ~nonBlocking);
      return all.map(({ fd }) => fd);
    },
    onConnection,
    forward: (port, notice) =>
      forward(port, { onConnection, notice, taken, copies: () => all.map(({ fd }) => system.fcntl(fd, duplicate, 3)) }),
    isAwaited: () => {
      const asked = Buffer.alloc(pollBytes * all.length);
      for (const [index, { fd }] of all.entries()) {
        asked.writeInt32LE(fd, pollBytes * index);
        asked.writeInt16LE(pollIn, pollBytes * index + 4);
      }
      return taken.size > 0 || system.poll(asked, all.length, 0) > 0;
    },
    connections: () => all.reduce((sum, { at, spec }) => sum + connectionsTo(spec.address, at.host), 0),
    close: () => {
      deafen();
      for (const client of taken) client.destroy();
      for (const one of letGo) one();
      for (const one of open.splice(0)) close(one);
    },
  };
};

export const holdSockets: HoldSockets = (specs, holder) =>
  Effect.gen(function* () {
    const first = specs[0];
    const fail = (cause: unknown): NotListening => {
      if (cause instanceof NotListening) return cause;
      const detail = cause instanceof Error ? cause.message : String(cause);
      return new NotListening({ address: first === undefined ? "nothing" : formatAddress(first.address), reason: "Other", detail });
    };
    if (process.platform !== "linux") return yield* fail("sockets can be held on Linux only");
    const system = yield* Effect.tryPromise({ try: libc, catch: fail });
    return yield* Effect.try({
      try: () => {
        // Who has ended holds nothing, and its pid may be another's.
        const now = holder === null ? undefined : procProbe.look(holder.pid);
        const pid = holder !== null && now?.running === true && now.startTime === holder.startTime ? holder.pid : null;
        const had: Array<Held> = [];
        try {
          for (const spec of specs) had.push((spec.shared === true ? share : have)(system, spec, pid));
        } catch (error) {
          for (const one of had) {
            if (pid === null) close(one);
            else {
              closeSync(one.fd);
              one.release?.(true);
            }
          }
          throw error;
        }
        return held(system, had);
      },
      catch: fail,
    });
  });
