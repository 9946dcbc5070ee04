/**
 * The C library through koffi: what Node cannot ask of the system. Loaded with the first use, as it costs ten megabytes.
 */
import type * as Koffi from "koffi";

/** Calls return what the C functions do; a failure is -1, with `errno` for the reason. */
export interface Libc {
  readonly koffi: typeof Koffi;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Uint8Array, length: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;
  readonly connect: (fd: number, address: Uint8Array, length: number) => number;
  readonly send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly fcntl: (fd: number, command: number, value: number) => number;
  readonly inetPton: (domain: number, text: string, address: Uint8Array) => number;
  /** Of `struct pollfd`s, in place. */
  readonly poll: (descriptors: Uint8Array, count: number, millis: number) => number;
  readonly syscall: (number: number, one: number, two: number, three: number) => number;
  readonly getsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number;
  readonly getsockname: (fd: number, address: Uint8Array, length: Uint8Array) => number;
  /** `F_SETFD` with `FD_CLOEXEC`. */
  readonly closeOnExec: (fd: number, on: boolean) => void;
  readonly ioctl: (fd: number, request: bigint, argument: Uint8Array) => number;
  readonly recvmsg: (fd: number, message: bigint, flags: number) => number;
  /** The name of the reason of the last failure, as in `EADDRINUSE`. */
  readonly errno: () => string;
}

let loaded: Promise<Libc> | undefined;

const load = async (): Promise<Libc> => {
  const module = (await import("koffi")) as { readonly default?: typeof Koffi } & typeof Koffi;
  const koffi = module.default ?? module;
  const library = koffi.load(null);
  const declare = <A>(prototype: string): A => library.func(prototype) as unknown as A;
  const fcntl = declare<(fd: number, command: number, type: "int", value: number) => number>("int fcntl(int, int, ...)");
  const ioctl = declare<(fd: number, request: bigint, type: "void *", argument: Uint8Array) => number>(
    "int ioctl(int, unsigned long, ...)",
  );
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  return {
    koffi,
    socket: declare("int socket(int, int, int)"),
    bind: declare("int bind(int, const void *, unsigned int)"),
    listen: declare("int listen(int, int)"),
    setsockopt: declare("int setsockopt(int, int, int, const void *, unsigned int)"),
    connect: declare("int connect(int, const void *, unsigned int)"),
    send: declare("long send(int, const void *, unsigned long, int)"),
    fcntl: (fd, command, value) => fcntl(fd, command, "int", value),
    inetPton: declare("int inet_pton(int, const char *, _Out_ void *)"),
    poll: declare("int poll(_Inout_ void *, unsigned long, int)"),
    syscall: declare("long syscall(long, long, long, long)"),
    getsockopt: declare("int getsockopt(int, int, int, _Out_ void *, _Inout_ void *)"),
    getsockname: declare("int getsockname(int, _Out_ void *, _Inout_ void *)"),
    closeOnExec: (fd, on) => void fcntl(fd, 2, "int", on ? 1 : 0),
    ioctl: (fd, request, argument) => ioctl(fd, request, "void *", argument),
    recvmsg: declare("long recvmsg(int, void *, int)"),
    errno: () => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
  };
};

/** Rejects where koffi has no binary for this machine. */
export const libc = (): Promise<Libc> => (loaded ??= load());

/** `AF_UNIX`, and what is the same on every Linux. */
export const unixDomain = 1;
export const socketLevel = 1;
/** `SOCK_CLOEXEC | SOCK_NONBLOCK`. */
export const quiet = 0o2004000;

/** The `sockaddr_un` of a path, or of an abstract name that begins with `@`; undefined when it is too long. */
export const unixAddress = (path: string): Uint8Array | undefined => {
  const name = Buffer.from(path);
  if (name.length > 107) return undefined;
  const isAbstract = path.startsWith("@");
  const address = Buffer.alloc(2 + name.length + (isAbstract ? 0 : 1));
  address.writeUInt16LE(unixDomain, 0);
  name.copy(address, 2);
  if (isAbstract) address[2] = 0;
  return address;
};
