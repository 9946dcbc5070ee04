/**
 * What a verb gets: what was typed, and the process around it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { resolve } from "node:path";
import type { FlagValues } from "./Args.ts";
import type { Client } from "./Client.ts";
import type { NotConnected } from "../protocol/RemoteErrors.ts";
import type { CannotConnect, ConnectionLost, Explained, NotRunning, OutputClosed } from "./Errors.ts";
import type { EndSignal, Io } from "./Io.ts";
import { stateDirectory } from "../platform/Places.ts";
import { masterSocket } from "./MasterSocket.ts";
import { errorText } from "./render/error.ts";
import { type Paint, paintFor } from "./render/paint.ts";

export interface Invocation {
  readonly io: Io;
  readonly operands: ReadonlyArray<string>;
  readonly flags: FlagValues;
  /** Colours of stdout and of stderr. */
  readonly paint: Paint;
  readonly errorPaint: Paint;
}

/** Puts together what was typed and what the environment says. */
export const make = (io: Io, operands: ReadonlyArray<string>, flags: FlagValues): Invocation => {
  const noColor = flags["no-color"] === true;
  return {
    io,
    operands,
    flags,
    paint: paintFor({ isTTY: io.stdout.isTTY, env: io.env, noColor }),
    errorPaint: paintFor({ isTTY: io.stderr.isTTY, env: io.env, noColor }),
  };
};

/** The master's socket, by `--socket`, `$HSU_SOCKET` or where it lies by itself, and the folder for what outlives a boot. */
export const places = ({ flags, io }: Invocation): Effect.Effect<{ readonly socketPath: string; readonly stateDirectory: string }> =>
  Effect.sync(() => {
    const given = flags["socket"];
    return { socketPath: masterSocket(typeof given === "string" ? given : undefined, io), stateDirectory: stateDirectory(io.env, io.uid) };
  });

/** Data. */
export const print = (invocation: Invocation, text: string): Effect.Effect<void, OutputClosed> => invocation.io.stdout.write(text);

/** Talk. Where nobody listens, nothing is lost. */
export const say = (invocation: Invocation, text: string): Effect.Effect<void> => Effect.ignore(invocation.io.stderr.write(`${text}\n`));

/** An error that does not end the verb. */
export const complain = (invocation: Invocation, error: Explained): Effect.Effect<void> =>
  Effect.ignore(invocation.io.stderr.write(errorText(error, invocation.errorPaint)));

/** What is to be shown to a master elsewhere, and whom to trust there. */
export const credentials = (invocation: Invocation) => {
  const said = saying(invocation);
  const file = (flag: string): string | undefined => {
    const given = said(flag);
    return given === undefined ? undefined : resolve(invocation.io.cwd, given);
  };
  return { ca: file("ca"), cert: file("cert"), key: file("key"), token: said("token") };
};

const saying =
  ({ flags, io }: Invocation) =>
  (flag: string): string | undefined => {
    const given = flags[flag] ?? (io.env[`HSU_${flag.toUpperCase()}`] || undefined);
    return typeof given === "string" ? given : undefined;
  };

/** What says which master is meant, where it is not the one of this machine. */
const remoteOf = (invocation: Invocation) => {
  const { flags, io } = invocation;
  // Who names a socket means this machine, whatever the environment says.
  const address = flags["host"] === undefined && flags["socket"] !== undefined ? undefined : saying(invocation)("host");
  if (address === undefined) return undefined;
  return { address, ...credentials(invocation), version: io.version };
};

/** Whether the verb is about a master elsewhere. */
export const isRemote = (invocation: Invocation): boolean => remoteOf(invocation) !== undefined;

/** Talks to the running master for as long as the scope lasts. The client's parts are loaded here, and only here. */
export const withMaster = <A, E>(
  invocation: Invocation,
  use: (client: Client) => Effect.Effect<A, E, Scope.Scope>,
): Effect.Effect<A, Exclude<E, TransportError> | ConnectionLost | NotRunning | CannotConnect | NotConnected, Scope.Scope> =>
  Effect.gen(function* () {
    const { connect, explainTransport } = yield* Effect.promise(() => import("./Client.ts"));
    const remote = remoteOf(invocation);
    if (remote !== undefined) {
      const { dial } = yield* Effect.promise(() => import("../peer/Dial.ts"));
      return yield* explainTransport(use(yield* dial(remote)));
    }
    const { socketPath } = yield* places(invocation);
    const client = yield* connect(socketPath);
    return yield* explainTransport(use(client));
  });

type TransportError = import("effect/rpc/RpcClientError").RpcClientError;

/** The first signal from now on. */
export const nextSignal = (io: Io): Effect.Effect<EndSignal> =>
  Effect.callback((resume) => {
    const off = io.onSignal((signal) => {
      off();
      resume(Effect.succeed(signal));
    });
    return Effect.sync(off);
  });
