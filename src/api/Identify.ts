/**
 * Who it is that has come over the network, by what he has shown.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Hello } from "../protocol/Hello.ts";
import { CertificateRefused, Unauthorized } from "../protocol/RemoteErrors.ts";
import type { Tokens } from "../security/index.ts";
import type { Caller } from "./Doorkeeper.ts";
import type { NetworkPlace } from "./NetworkPlace.ts";

const isTls = (socket: Socket): socket is TLSSocket => "getPeerCertificate" in socket;

/** Whoever has no certificate of the CA is not even heard. Node has checked it, and leaves it to us to say so. */
export const certified = (socket: Socket, { tls }: NetworkPlace): Effect.Effect<void, CertificateRefused> => {
  if (tls?.ca === undefined || !isTls(socket)) return Effect.void;
  // A session that goes on counts as authorized, also where nobody has ever shown a certificate in it.
  const none = Object.keys(socket.getPeerCertificate() ?? {}).length === 0;
  if (socket.authorized && !none) return Effect.void;
  const error = socket.authorizationError as unknown;
  const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  const words: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: "it has expired",
    UNABLE_TO_GET_ISSUER_CERT: "none was shown",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "another CA has signed it",
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "another CA has signed it",
    SELF_SIGNED_CERT_IN_CHAIN: "another CA has signed it",
    DEPTH_ZERO_SELF_SIGNED_CERT: "no CA has signed it",
  };
  return Effect.fail(new CertificateRefused({ whose: "client", why: none ? "none was shown" : (words[reason] ?? reason) }));
};

/** A name that a certificate has; several are none. */
const nameOf = (socket: Socket): string | undefined => {
  if (!isTls(socket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate()?.subject?.CN;
  return typeof name === "string" ? name : undefined;
};

const holder = (tokens: Tokens.TokenFile, token: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => tokens.holder(token, now)).pipe(
    Effect.mapError(({ message }) => new Unauthorized({ why: message })),
    Effect.flatMap((found): Effect.Effect<Caller, Unauthorized> => {
      if (found === undefined) return Effect.fail(new Unauthorized({ why: "the token is not known, or has expired" }));
      return Effect.succeed({ name: `token ${found.name}`, role: found.role, group: found.group ?? null });
    }),
  );

/** A token says more than a certificate. It is looked up again with each use of what this yields: one that is revoked is good for nothing from then on. */
export const identify = (
  socket: Socket,
  { token }: Pick<Hello, "token">,
  place: NetworkPlace,
  tokens: Tokens.TokenFile,
): Effect.Effect<Caller, Unauthorized> => known({ token, name: token === undefined ? nameOf(socket) : undefined }, place, tokens);

/** The same, of who has shown this. */
export const known = (
  { name, token }: { readonly token: string | undefined; readonly name: string | undefined },
  { clients }: Pick<NetworkPlace, "clients">,
  tokens: Tokens.TokenFile,
): Effect.Effect<Caller, Unauthorized> => {
  if (token !== undefined) return holder(tokens, token);
  if (name === undefined) return Effect.fail(new Unauthorized({ why: "there is neither a token nor a certificate" }));
  const found = clients.find((client) => client.name === name);
  return found === undefined
    ? Effect.fail(new Unauthorized({ why: `nobody said what the certificate of ${JSON.stringify(name)} is good for` }))
    : Effect.succeed({ name: `certificate ${name}`, role: found.role, group: found.group ?? null });
};
