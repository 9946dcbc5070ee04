/**
 * Notification sockets of Linux: bound and read through the C library, and waited for by Node's own loop. No thread, no polling.
 */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import { type NotifyHolder, NotifyUnavailable, type OpenNotifySocket, type Sender } from "../Notify.ts";
import { canCopy, copyFrom, copyOf } from "./Copies.ts";
import { claim, keep } from "./Kept.ts";
import { type Libc, libc, quiet, socketLevel, unixAddress, unixDomain } from "./Libc.ts";
import { environmentHas, procProbe } from "./Proc.ts";
import { makeFolder } from "../Folder.ts";

const datagram = 2;
const typeOption = 3;
const passCredentials = 16;
/** `MSG_DONTWAIT | MSG_CMSG_CLOEXEC`, and `MSG_TRUNC` in what comes back. */
const receiveFlags = 0x40000040;
const truncated = 0x20;

/**
 * A socket that outlives its master takes what is said until its queue is full, and then has who speaks wait for the next master. The kernel's own queue
 * of 10 would be full in no time; systemd makes it 512 at boot.
 */
const leastQueue = 128;

/** As much as systemd reads; longer ones are dropped. */
const textBytes = 65_536;

/**
 * Where a datagram goes: text, control message, and the `iovec` and `msghdr` that name them. Behind the credentials the control message has no room:
 * descriptors that somebody sends along are closed by the kernel.
 */
const layout = { control: textBytes, controlBytes: 32, iovec: textBytes + 64, header: textBytes + 128, bytes: textBytes + 192 };

/** Datagrams that are read in one turn of the loop. */
const turnLimit = 64;

interface Received {
  readonly text: string;
  readonly pid: number;
  readonly uid: number;
}

type Receive = (fd: number) => Received | "toolong" | null;

/** One buffer serves all sockets: a datagram is read and done with in one turn. */
const makeReceive = ({ koffi, recvmsg }: Libc): Receive => {
  const block = koffi.alloc("uint8_t", layout.bytes) as unknown;
  const base = koffi.address(block);
  const memory = Buffer.from(koffi.view(block, layout.bytes));
  memory.fill(0);
  memory.writeBigUInt64LE(base, layout.iovec);
  memory.writeBigUInt64LE(BigInt(textBytes), layout.iovec + 8);
  memory.writeBigUInt64LE(base + BigInt(layout.iovec), layout.header + 16);
  memory.writeBigUInt64LE(1n, layout.header + 24);
  memory.writeBigUInt64LE(base + BigInt(layout.control), layout.header + 32);
  return (fd) => {
    memory.writeBigUInt64LE(BigInt(layout.controlBytes), layout.header + 40);
    const length = recvmsg(fd, base + BigInt(layout.header), receiveFlags);
    if (length < 0) return null;
    if ((memory.readInt32LE(layout.header + 48) & truncated) !== 0) return "toolong";
    const text = memory.toString("utf8", 0, length);
    return { text, pid: memory.readInt32LE(layout.control + 16), uid: memory.readUInt32LE(layout.control + 20) };
  };
};

let receiver: Receive | undefined;

const senderOf = ({ pid, uid }: Received): Sender => ({
  pid,
  uid,
  isOf: (group, entry) => {
    const sighting = procProbe.look(pid);
    if (sighting === undefined || !sighting.running) return null;
    return sighting.group === group || environmentHas(pid, [entry]);
  },
});

/** A path that is too long for an address gets an abstract name made from it. */
const nameFor = (path: string): string =>
  unixAddress(path) === undefined ? `@hsu-notify-${createHash("sha256").update(path).digest("hex").slice(0, 32)}` : path;

/** A new socket of this name. */
const bound = (system: Libc, name: string, isFile: boolean): number => {
  if (isFile) {
    makeFolder(dirname(name), 0o700);
    rmSync(name, { force: true });
  }
  const fd = system.socket(unixDomain, datagram | quiet, 0);
  if (fd < 0) throw new Error(`socket: ${system.errno()}`);
  try {
    const address = unixAddress(name)!;
    const on = Buffer.alloc(4);
    on.writeInt32LE(1);
    if (system.setsockopt(fd, socketLevel, passCredentials, on, 4) < 0) throw new Error(`SO_PASSCRED: ${system.errno()}`);
    if (system.bind(fd, address, address.length) < 0) throw new Error(`bind: ${system.errno()}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

const isNamed = (system: Libc, fd: number, address: Uint8Array): boolean => {
  const length = Buffer.alloc(4);
  length.writeInt32LE(4);
  const type = Buffer.alloc(4);
  if (system.getsockopt(fd, socketLevel, typeOption, type, length) < 0 || type.readInt32LE() !== datagram) return false;
  const own = Buffer.alloc(128);
  length.writeInt32LE(own.length);
  return system.getsockname(fd, own, length) === 0 && own.subarray(0, length.readInt32LE()).equals(address);
};

/** The one that the processes of an earlier master have, whoever of them still has it. */
const had = (system: Libc, name: string, isFile: boolean, holder: NotifyHolder | undefined): number | undefined => {
  const address = unixAddress(name);
  if (holder === undefined || address === undefined) return undefined;
  // Nobody finds one any more whose path is gone.
  if (isFile && lstatSync(name, { throwIfNoEntry: false })?.isSocket() !== true) return undefined;
  const isIt = (fd: number): boolean => isNamed(system, fd, address);
  const { pid, startTime } = holder.identity;
  const now = procProbe.look(pid);
  const copy = now?.running === true && now.startTime === startTime ? copyOf(system, pid, isIt) : "gone";
  if (typeof copy === "number") return copy;
  for (const member of procProbe.marked([holder.mark])) {
    const other = copyFrom(system, member, isIt);
    if (typeof other === "number") return other;
  }
  return undefined;
};

const queueLength = (): number => {
  try {
    return Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "latin1"));
  } catch {
    return 0;
  }
};

export const openNotifySocket: OpenNotifySocket = (path, received, holder) =>
  Effect.gen(function* () {
    const fail = (reason: string) => new NotifyUnavailable({ path, reason });
    const system = yield* Effect.tryPromise({ try: libc, catch: (cause) => fail(cause instanceof Error ? cause.message : String(cause)) });
    const name = nameFor(path);
    const open = Effect.try({
      try: () => {
        const isFile = name === path;
        const fd = claim(name) ?? had(system, name, isFile, holder) ?? bound(system, name, isFile);
        try {
          const receive = (receiver ??= makeReceive(system));
          const drain = (): void => {
            // What is left is heard of in the next turn: nobody keeps the loop to himself.
            for (let count = 0; count < turnLimit; count++) {
              const next = receive(fd);
              if (next === null) return;
              if (next !== "toolong") received(next.text, senderOf(next));
            }
          };
          const handle = system.koffi.node.poll(fd, { readable: true }, drain);
          // It is not what keeps a master alive.
          handle.unref();
          const letGo = keep(name, fd, (on) => system.closeOnExec(fd, on));
          const keeper = queueLength() >= leastQueue && canCopy(system, fd) ? fd : null;
          return {
            drain,
            keeper,
            close: () => (letGo(), handle.close(), closeSync(fd), isFile ? rmSync(path, { force: true }) : undefined),
          };
        } catch (error) {
          closeSync(fd);
          throw error;
        }
      },
      catch: (cause) => fail(cause instanceof Error ? cause.message : String(cause)),
    });
    // Kept by the scope: a handle that is collected as garbage is closed.
    const { drain, keeper } = yield* Effect.acquireRelease(open, ({ close }) => Effect.sync(close));
    return { name, keeper, drain };
  });
