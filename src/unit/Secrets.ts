/**
 * Values that a process is given and that stand nowhere else: they are read when it starts, and neither kept nor shown.
 */
import { closeSync, openSync, readSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

/** Where the value is. A file's last newline is none of it. */
export type Secret = { readonly file: string } | { readonly env: string };
export type Secrets = Readonly<Record<string, Secret>>;

/** The process is not started. */
export class SecretMissing extends Schema.TaggedError<SecretMissing>()("SecretMissing", { name: Schema.String, why: Schema.String }) {
  readonly code = "HSU-UNIT-026";
  override get message(): string {
    return `the secret ${this.name} cannot be had: ${this.why}`;
  }
}

/** Linux hands no longer text to a process. */
const maxBytes = 131_072;

const contentOf = (file: string): string => {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = 1; read > 0 && length <= maxBytes; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (length > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes`);
    return buffer.toString("utf8", 0, length).replace(/\r?\n$/, "");
  } finally {
    closeSync(descriptor);
  }
};

const valueOf = (name: string, secret: Secret): Effect.Effect<string, SecretMissing> => {
  if ("env" in secret) {
    const value = process.env[secret.env];
    return value === undefined
      ? Effect.fail(new SecretMissing({ name, why: `the master has no variable ${secret.env}` }))
      : Effect.succeed(value);
  }
  return Effect.try({
    try: () => contentOf(secret.file),
    catch: (cause) => new SecretMissing({ name, why: cause instanceof Error ? cause.message : String(cause) }),
  });
};

/** As variables of a process. */
export const read = (secrets: Secrets): Effect.Effect<Readonly<Record<string, string>>, SecretMissing> =>
  Effect.map(
    Effect.forEach(Object.entries(secrets), ([name, secret]) => Effect.map(valueOf(name, secret), (value) => [name, value] as const)),
    (pairs) => Object.fromEntries(pairs),
  );
