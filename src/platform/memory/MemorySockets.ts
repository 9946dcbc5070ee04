/**
 * Simulated sockets that are held for a process: the test is who connects, and who accepts.
 */
import * as Effect from "effect/Effect";
import { formatAddress, type HeldSockets, type HoldSockets, NotListening } from "../Listening.ts";

interface Listener {
  users: number;
  waiting: number;
  changed: () => void;
}

export interface MemorySockets {
  readonly holdSockets: HoldSockets;
  /** A connection comes to this address, and waits. False: nobody listens there. */
  readonly connect: (address: string) => boolean;
  /** All that wait are accepted, and are over. */
  readonly accept: (address: string) => void;
}

export const makeSockets = (): MemorySockets => {
  const listeners = new Map<string, Listener>();
  const holdSockets: HoldSockets = (specs) =>
    Effect.suspend(() => {
      const addresses = specs.map(({ address }) => formatAddress(address));
      const taken = addresses.find((address, index) => listeners.has(address) && specs[index]!.shared !== true);
      if (taken !== undefined) return Effect.fail(new NotListening({ address: taken, reason: "InUse", detail: "memory" }));
      const own = addresses.map((address): Listener => listeners.get(address) ?? { users: 0, waiting: 0, changed: () => {} });
      for (const [index, address] of addresses.entries()) {
        own[index]!.users++;
        listeners.set(address, own[index]!);
      }
      const isAwaited = (): boolean => own.some(({ waiting }) => waiting > 0);
      let deafen = (): void => {};
      const held: HeldSockets = {
        names: specs.map(({ name }) => name),
        handOver: () => [],
        onConnection: (callback) => {
          deafen();
          let isOver = false;
          const look = (): void => {
            if (isOver || !isAwaited()) return;
            isOver = true;
            callback();
          };
          for (const one of own) one.changed = look;
          queueMicrotask(look);
          return (deafen = () => void (isOver = true));
        },
        forward: () => ({ stop: () => {}, isSettled: () => true }),
        isAwaited,
        connections: () => own.reduce((sum, { waiting }) => sum + waiting, 0),
        close: () => {
          for (const [index, address] of addresses.entries()) if (--own[index]!.users === 0) listeners.delete(address);
        },
      };
      return Effect.succeed(held);
    });
  return {
    holdSockets,
    connect: (address) => {
      const listener = listeners.get(address);
      if (listener === undefined) return false;
      listener.waiting++;
      listener.changed();
      return true;
    },
    accept: (address) => {
      const listener = listeners.get(address);
      if (listener !== undefined) listener.waiting = 0;
    },
  };
};
