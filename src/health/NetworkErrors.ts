/**
 * What went wrong with a connection, in words.
 */

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found for now",
  ETIMEDOUT: "connection timed out",
  EPIPE: "connection closed",
  HPE_INVALID_CONSTANT: "the answer is not HTTP",
  EPROTO: "TLS failed",
  ERR_SSL_WRONG_VERSION_NUMBER: "the answer is not TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the answer is not TLS",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "a certificate is asked for",
  CERT_HAS_EXPIRED: "the certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "a certificate of the chain is self-signed",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate is of an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is of another host",
};

export const explain = (error: unknown): string => {
  const { cause, code, message } = error as { readonly cause?: unknown; readonly code?: unknown; readonly message?: unknown };
  // Of a stream that ended with its connection.
  if (cause instanceof Error) return explain(cause);
  if (typeof code === "string") {
    const known = Object.hasOwn(words, code) ? words[code] : undefined;
    return known ?? (typeof message === "string" && message !== "" ? message : code);
  }
  return typeof message === "string" ? message : String(error);
};
