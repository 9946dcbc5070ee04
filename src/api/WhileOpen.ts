/**
 * Writes to a connection that has been closed fail at once. Node takes them and never says that there is room again, for which Effect's socket would wait.
 */
import type { Socket as NodeSocket } from "node:net";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";

export const whileOpen = (connection: NodeSocket, { reader, writer }: Socket.Socket): Socket.Socket => {
  const gone = Effect.fail(new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1000 }) }));
  return Socket.make({
    reader,
    writer: Effect.map(writer, ({ write, writeAll }) => ({
      write: (chunk) => (connection.destroyed ? gone : write(chunk)),
      writeAll: (chunks) => (connection.destroyed ? gone : writeAll(chunks)),
    })),
  });
};
