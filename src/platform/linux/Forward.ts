/**
 * Takes the connections of a socket that is held and passes them on to a port of 127.0.0.1, for programs that cannot be handed a socket.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

const host = "127.0.0.1";

/** Between two tries to find somebody at the port: doubled each time, to a bound. */
const [firstMillis, mostMillis] = [10, 500];
/** When it is said that nobody is there. */
const sayAfterMillis = 10_000;

export interface Parts {
  /** See `HeldSockets`. */
  readonly onConnection: (callback: () => void) => () => void;
  /** Copies of the sockets: they are closed here. */
  readonly copies: () => ReadonlyArray<number>;
  /** Who was taken just when the process had ended, and waits for the next one. */
  readonly taken: Set<Socket>;
  readonly notice: (message: string) => void;
}

/**
 * Takes nobody before somebody answers at the port, so that who connects meanwhile goes on waiting, and looks for that only once somebody does. The result
 * takes nobody more; who has been passed on stays.
 */
export const forward = (port: number, { copies, notice, onConnection, taken }: Parts): (() => void) => {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let servers: ReadonlyArray<Server> = [];

  const pass = (client: Socket): void => {
    const server = connect({ host, port, allowHalfOpen: true });
    server.on("connect", () => {
      const end = (): void => {
        client.destroy();
        server.destroy();
      };
      server.off("error", lost).on("error", end);
      if (client.destroyed) return end();
      client.on("error", end);
      client.pipe(server).pipe(client);
    });
    const lost = (): void => {
      server.destroy();
      if (client.destroyed) return;
      taken.add(client);
      close();
      if (!isOver) look(firstMillis, performance.now(), false);
    };
    server.on("error", lost);
  };
  const take = (): void => {
    servers = copies().map((fd) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
        client.on("error", () => {}).on("close", () => taken.delete(client));
        pass(client);
      });
      // It is not what keeps a master alive.
      return server
        .on("error", (error) => notice(`cannot accept: ${error.message}`))
        .unref()
        .listen({ fd });
    });
    const waiting = [...taken];
    taken.clear();
    for (const client of waiting) pass(client);
  };
  const look = (pause: number, since: number, isSaid: boolean): void => {
    clearTimeout(timer);
    const knock = connect({ host, port });
    knock.on("connect", () => {
      knock.destroy();
      if (!isOver && servers.length === 0) take();
    });
    knock.on("error", () => {
      if (isOver) return;
      const isLate = performance.now() - since > sayAfterMillis;
      if (isLate && !isSaid) notice(`somebody waits, and nobody listens on ${host}:${port}`);
      timer = setTimeout(look, pause, Math.min(pause * 2, mostMillis), since, isSaid || isLate);
      timer.unref();
    });
  };
  const close = (): void => {
    for (const server of servers) server.close();
    servers = [];
  };
  const forget = onConnection(() => look(firstMillis, performance.now(), false));
  return () => {
    isOver = true;
    forget();
    clearTimeout(timer);
    close();
  };
};
