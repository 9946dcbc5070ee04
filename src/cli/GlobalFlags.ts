/**
 * Flags that are the same for all verbs, and say which master is meant.
 */
import type { FlagSpec } from "./Verbs.ts";

/** Flags that every verb takes, before or behind it. */
export const globalFlags: Readonly<Record<string, FlagSpec>> = {
  socket: { type: "text", value: "PATH", help: "the master's socket ($HSU_SOCKET)" },
  host: { type: "text", value: "ADDRESS", help: "a master elsewhere: tls://HOST:PORT ($HSU_HOST)" },
  ca: { type: "text", value: "FILE", help: "with --host: who has signed its certificate ($HSU_CA)" },
  cert: { type: "text", value: "FILE", help: "with --host: the certificate to show there ($HSU_CERT)" },
  key: { type: "text", value: "FILE", help: "with --host: the key of that ($HSU_KEY)" },
  token: { type: "text", value: "TOKEN", help: "with --host: a token of that master ($HSU_TOKEN)" },
  "no-color": { type: "boolean", help: "no colours ($NO_COLOR)" },
  help: { type: "boolean", short: "h", help: "show this help" },
  version: { type: "boolean", short: "V", help: "show the version" },
};
