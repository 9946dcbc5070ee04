/**
 * A port that nobody listens on. The system chooses it; until the one it is for has bound it, it is only kept from being given twice.
 */
import { createServer } from "node:net";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

/** The system gives no port of the loopback interface. */
export class NoPort extends Schema.TaggedError<NoPort>()("NoPort", { reason: Schema.String }) {
  readonly code = "HSU-PORT-001";
  override get message(): string {
    return `no free port on 127.0.0.1: ${this.reason}`;
  }
  get hint(): string {
    return "`cat /proc/sys/net/ipv4/ip_local_port_range` and `ss -s` show what there is and who has it";
  }
}

const bindOnce: Effect.Effect<number, NoPort> = Effect.callback((resume) => {
  const server = createServer();
  server.once("error", (error) => resume(Effect.fail(new NoPort({ reason: error.message }))));
  server.listen({ host: "127.0.0.1", port: 0, exclusive: true }, () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    server.close(() => resume(Effect.succeed(port)));
  });
});

/** How often a port is asked for that turns out to be given already. */
const tries = 20;

/** Ports that are given to somebody, until they are given back. */
export interface Ports {
  /** A free port of 127.0.0.1 that nobody else has been given. */
  readonly take: Effect.Effect<number, NoPort>;
  /** One that somebody has already. */
  readonly reserve: (port: number) => void;
  readonly giveBack: (port: number) => void;
}

/** `bind` asks the system for one; another one is for tests. */
export const makePorts = (bind: Effect.Effect<number, NoPort> = bindOnce): Ports => {
  const given = new Map<number, number>();
  const add = (port: number): void => void given.set(port, (given.get(port) ?? 0) + 1);
  const again = (left: number): Effect.Effect<number, NoPort> =>
    Effect.flatMap(bind, (port) => {
      if (!given.has(port))
        return Effect.as(
          Effect.sync(() => add(port)),
          port,
        );
      return left === 0 ? Effect.fail(new NoPort({ reason: "each one that was free is another unit's" })) : again(left - 1);
    });
  return {
    take: again(tries),
    reserve: add,
    giveBack: (port) => {
      const left = (given.get(port) ?? 1) - 1;
      if (left === 0) given.delete(port);
      else given.set(port, left);
    },
  };
};
