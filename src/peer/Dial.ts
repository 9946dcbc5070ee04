/**
 * A connection to a master elsewhere: opened, the other side known by its certificate, and what is spoken agreed on.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import { readFileSync } from "node:fs";
import * as Net from "node:net";
import * as Tls from "node:tls";
import { helloLine, protocols, readAnswer, type Welcome } from "../protocol/Hello.ts";
import { AddressNotUsable, CannotReach, CertificateRefused, type NotConnected } from "../protocol/RemoteErrors.ts";
import { type Address, parseAddress } from "./Address.ts";
import { type Client, type Options, over } from "./Client.ts";
import { firstLine } from "./Line.ts";

/** What is shown to a master elsewhere, and whom of its kind we trust. Paths of PEM files. */
export interface Credentials {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
}

export interface Dialed extends Client {
  readonly welcome: Welcome;
}

export interface How extends Credentials, Pick<Options, "heartbeat" | "silent"> {
  readonly address: string;
  /** Of hsu. */
  readonly version: string;
  /** It is another master that asks. */
  readonly master?: boolean;
  /** For the connection and the hello. */
  readonly timeoutMillis?: number;
}

const usualTimeoutMillis = 10_000;
const longestAnswer = 16_384;

/** The connection ends with the scope. */
export const dial = Effect.fnUntraced(function* (how: How): Effect.fn.Return<Dialed, NotConnected, Scope.Scope> {
  const { address, heartbeat, silent, timeoutMillis = usualTimeoutMillis } = how;
  const place = yield* Effect.fromResult(parseAddress(address));
  const files = yield* read(how);
  const opened = Effect.gen(function* () {
    const connection = yield* Effect.acquireRelease(open(how, place, files), (socket) => Effect.sync(() => socket.destroy()));
    // Who is not let in is gone at once, however long the scope may last.
    const welcome = yield* Effect.onError(greet(connection, how), () => Effect.sync(() => connection.destroy()));
    return { connection, welcome };
  });
  const { connection, welcome } = yield* Effect.timeoutOrElse(opened, {
    duration: timeoutMillis,
    orElse: () => Effect.fail(new CannotReach({ address, reason: `no answer within ${timeoutMillis / 1000} s` })),
  });
  const client = yield* over(connection, {
    encoding: welcome.encoding,
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(silent === undefined ? {} : { silent }),
  });
  return { ...client, welcome };
});

interface Files {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const read = ({ address, ca, cert, key }: How): Effect.Effect<Files, AddressNotUsable> =>
  Effect.try({
    try: () => ({
      ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
      ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
      ...(key === undefined ? {} : { key: readFileSync(key) }),
    }),
    catch: (error) => new AddressNotUsable({ address, why: error instanceof Error ? error.message : String(error) }),
  });

/** What Node says of a certificate: by OpenSSL's names, and by its own of who it is for. */
const isAboutCertificate = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|CRL|INVALID_CA|INVALID_PURPOSE|SIGNATURE_FAILURE/.test(code);

const open = ({ address }: How, { host, port, tls }: Address, files: Files): Effect.Effect<Net.Socket, NotConnected> =>
  Effect.callback<Net.Socket, NotConnected>((resume) => {
    let socket: Net.Socket;
    const failed = (error: NodeJS.ErrnoException): void => {
      const code = error.code ?? "";
      const reason = error.message;
      resume(
        Effect.fail(
          isAboutCertificate(code)
            ? new CertificateRefused({ whose: "master", why: `${reason} (${code})` })
            : new CannotReach({ address, reason: code === "" || reason.includes(code) ? reason : `${reason} (${code})` }),
        ),
      );
    };
    try {
      socket = tls
        ? Tls.connect({ host, port, ...files, minVersion: "TLSv1.3", ...(Net.isIP(host) === 0 ? { servername: host } : {}) })
        : Net.connect({ host, port });
    } catch (error) {
      // A key that is none, or that is not of the certificate.
      return resume(Effect.fail(new AddressNotUsable({ address, why: error instanceof Error ? error.message : String(error) })));
    }
    // Late errors are followed by the end of the connection, which is seen.
    socket.on("error", failed);
    socket.once(tls ? "secureConnect" : "connect", () => {
      socket.setNoDelay(true).pause();
      resume(Effect.succeed(socket));
    });
    return Effect.sync(() => socket.destroy());
  });

/** Says who asks, and hears whether that is welcome. */
const greet = (connection: Net.Socket, { address, master, token, version }: How): Effect.Effect<Welcome, NotConnected> => {
  const { newest, oldest } = protocols;
  connection.write(
    helloLine({
      version,
      oldest,
      newest,
      encodings: ["binary", "ndjson"],
      ...(master === true ? { master } : {}),
      ...(token === undefined ? {} : { token }),
    }),
  );
  return firstLine(connection, longestAnswer).pipe(
    Effect.mapError((why) => {
      if (why === "ended") return new CannotReach({ address, reason: "it closed the connection" });
      return new CannotReach({ address, reason: why === "too long" ? "what answers there is no master" : why.message });
    }),
    Effect.flatMap((text) =>
      Effect.fromResult(
        Result.mapError(
          readAnswer(text),
          (refused): NotConnected => refused ?? new CannotReach({ address, reason: "what answers there is no master" }),
        ),
      ),
    ),
  );
};
