/**
 * Where a master is reached over the network, and by whom.
 */
import type { Tokens } from "../security/index.ts";

export interface NetworkPlace {
  /** An address of this machine. */
  readonly address: string;
  /** Of 0 the system makes a free one. */
  readonly port: number;
  /** Paths of PEM files. With `ca` only clients with a certificate of it are talked to. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** What those may whose certificates have these names, without a token. */
  readonly clients: ReadonlyArray<{ readonly name: string; readonly role: Tokens.Role; readonly group?: string }>;
}
