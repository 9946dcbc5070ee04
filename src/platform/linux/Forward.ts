/**
 * Takes the connections of a socket that is held and passes them on to a port of 127.0.0.1, for programs that cannot be handed a socket.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Passing } from "../Listening.ts";
import { backlogOn } from "./SocketTable.ts";

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
 * Takes nobody before somebody answers at the port, so that who connects meanwhile goes on waiting, and looks for that only once somebody does.
 */
export const forward = (port: number, { copies, notice, onConnection, taken }: Parts): Passing => {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let servers: ReadonlyArray<Server> = [];
  const connecting = new Set<Socket>();

  /** Made to see whether somebody is there: the first who is passed on has it, as a program need not bear connections that are only tried. */
  let spare: Socket | null = null;

  const join = (client: Socket, server: Socket): void => {
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    server.removeAllListeners("error").on("error", end);
    if (client.destroyed) return end();
    client.on("error", end);
    client.pipe(server).pipe(client);
  };
  const pass = (client: Socket): void => {
    if (spare !== null) {
      join(client, spare);
      spare = null;
      return;
    }
    const server = connect({ host, port, allowHalfOpen: true });
    connecting.add(server);
    server.on("connect", () => {
      connecting.delete(server);
      join(client, server);
    });
    server.on("error", () => {
      connecting.delete(server);
      server.destroy();
      if (client.destroyed) return;
      taken.add(client);
      close();
      if (!isOver) look(firstMillis, performance.now(), false);
    });
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
    const knock = connect({ host, port, allowHalfOpen: true });
    connecting.add(knock);
    knock.on("connect", () => {
      connecting.delete(knock);
      if (isOver || servers.length > 0) return void knock.destroy();
      spare = knock;
      take();
    });
    knock.on("error", () => {
      connecting.delete(knock);
      if (spare === knock) spare = null;
      if (isOver || servers.length > 0) return;
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
  return {
    stop: () => {
      isOver = true;
      forget();
      clearTimeout(timer);
      close();
      spare?.destroy();
    },
    isSettled: () => connecting.size === 0 && backlogOn(port) === 0,
  };
};
