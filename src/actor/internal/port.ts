/**
 * Worker threads and message ports as a transport: Node's, which are event emitters, and browsers', which are event targets.
 */
import type { Frames, Listener, Transport } from "./transport.ts";

/**
 * What a worker thread is reached through: the `Worker` of `node:worker_threads`, its `parentPort`, a `MessagePort`, a browser's `Worker`, or the
 * global scope of one.
 *
 * @since 0.1.0
 */
export interface WorkerPort {
  postMessage(message: any): void;
  /** Node's. */
  on?(event: string, listener: (value: any) => void): unknown;
  /** Browsers'. */
  addEventListener?(event: string, listener: (event: any) => void): void;
  start?(): void;
  terminate?(): unknown;
  close?(): void;
}

/** A worker posted something that this thread could not read. */
class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";
}

export class PortTransport implements Transport {
  private readonly port: WorkerPort;
  private open = true;

  constructor(port: WorkerPort) {
    this.port = port;
  }

  get noticesEnd(): boolean {
    return this.port.on !== undefined;
  }

  send(frames: Frames): void {
    this.port.postMessage(frames);
  }

  listen(listener: Listener): void {
    const { port } = this;
    const hear =
      <A>(act: (value: A) => void) =>
      (value: A): void =>
        this.open ? act(value) : undefined;
    const unreadable = hear((cause: unknown) => listener.failed(new UnreadableMessage("a message could not be read", { cause })));
    if (port.on !== undefined) {
      port.on(
        "message",
        hear((frames: Frames) => listener.frames(frames)),
      );
      port.on("messageerror", unreadable);
      port.on(
        "error",
        hear((error) => listener.failed(error)),
      );
      port.on(
        "exit",
        hear((code: number) => listener.closed(code)),
      );
      port.on(
        "close",
        hear(() => listener.closed(null)),
      );
    } else {
      port.addEventListener?.(
        "message",
        hear(({ data }: { readonly data: Frames }) => listener.frames(data)),
      );
      port.addEventListener?.("messageerror", unreadable);
      port.addEventListener?.(
        "error",
        hear((event: { readonly error?: unknown; readonly message?: string }) => listener.failed(errorIn(event))),
      );
      port.start?.();
    }
  }

  close(): void | PromiseLike<unknown> {
    this.open = false;
    const { port } = this;
    if (port.terminate === undefined) return port.close?.();
    const ended = port.terminate();
    return typeof ended === "object" && ended !== null && "then" in ended ? (ended as PromiseLike<unknown>) : undefined;
  }
}

/** Browsers tell of another thread's error by its message alone. */
const errorIn = ({ error, message }: { readonly error?: unknown; readonly message?: string }): unknown =>
  error ?? new Error(message ?? "the worker did not load");
