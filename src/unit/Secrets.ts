/**
 * Values that a process is given and that stand nowhere else: they are read when it starts, and neither kept nor shown.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { readShort } from "../platform/index.ts";

/** Where the value is, or the value itself, encrypted. A file's last newline is none of it. */
export type Secret = { readonly file: string } | { readonly env: string } | { readonly age: string } | { readonly ageFile: string };
export type Secrets = Readonly<Record<string, Secret>>;

/** The process is not started. */
export class SecretMissing extends Schema.TaggedError<SecretMissing>()("SecretMissing", { name: Schema.String, why: Schema.String }) {
  readonly code = "HSU-UNIT-026";
  override get message(): string {
    return `the secret ${this.name} cannot be had: ${this.why}`;
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("utf8")
    .replace(/\r?\n$/, "");

const reading = (name: string, file: string): Effect.Effect<Buffer, SecretMissing> =>
  Effect.try({
    try: () => readShort(file),
    catch: (cause) => new SecretMissing({ name, why: cause instanceof Error ? cause.message : String(cause) }),
  });

/** Names the file of identities where the config names none. */
export const identityVariable = "HSU_AGE_IDENTITY_FILE";

const opened = (name: string, encrypted: Uint8Array, identity: string | undefined): Effect.Effect<string, SecretMissing> =>
  Effect.gen(function* () {
    const file = identity ?? (process.env[identityVariable] || undefined);
    if (file === undefined) {
      const why = `there is no age identity: secrets.identity_file of the config names its file, or the master's variable ${identityVariable}`;
      return yield* new SecretMissing({ name, why });
    }
    const text = (yield* reading(name, file)).toString("utf8");
    const { open } = yield* Effect.promise(() => import("../security/Age.ts"));
    const missing = ({ reason }: { readonly reason: string }) => new SecretMissing({ name, why: reason });
    return textOf(yield* Effect.mapError(open(encrypted, { text, name: file }), missing));
  });

const valueOf = (name: string, secret: Secret, identity: string | undefined): Effect.Effect<string, SecretMissing> => {
  if ("age" in secret) return opened(name, Buffer.from(secret.age), identity);
  if ("ageFile" in secret) return Effect.flatMap(reading(name, secret.ageFile), (bytes) => opened(name, bytes, identity));
  if ("env" in secret) {
    const value = process.env[secret.env];
    return value === undefined
      ? Effect.fail(new SecretMissing({ name, why: `the master has no variable ${secret.env}` }))
      : Effect.succeed(value);
  }
  return Effect.map(reading(name, secret.file), textOf);
};

/** What no process can be given is told here, where its value is not. */
const whole = (name: string, value: string): Effect.Effect<string, SecretMissing> =>
  value.includes("\0") ? Effect.fail(new SecretMissing({ name, why: "its value has a NUL character in it" })) : Effect.succeed(value);

/** Of a target of logs. A value that is encrypted is opened again after this time, not for each batch. */
const openMillis = 60_000;
export type SecretOfTarget =
  | { readonly file: string }
  | { readonly env: string }
  | (({ readonly age: string } | { readonly ageFile: string }) & { readonly identity?: string });

/** One value, as it is now. */
export const revealer = (now: () => number = Date.now): ((secret: SecretOfTarget) => Promise<string>) => {
  const open = new Map<string, { readonly at: number; readonly value: string }>();
  return async (secret) => {
    const isOpened = "age" in secret || "ageFile" in secret;
    const key = JSON.stringify(secret);
    const known = open.get(key);
    if (known !== undefined && now() - known.at < openMillis) return known.value;
    const name = isOpened ? ("ageFile" in secret ? secret.ageFile : "of a log target") : "env" in secret ? secret.env : secret.file;
    const value = await Effect.runPromise(valueOf(name, secret, isOpened ? secret.identity : undefined));
    if (isOpened) open.set(key, { at: now(), value });
    return value;
  };
};

/** As variables of a process. `identity`: the file that encrypted ones are opened with. */
export const read = (secrets: Secrets, identity?: string): Effect.Effect<Readonly<Record<string, string>>, SecretMissing> =>
  Effect.map(
    Effect.forEach(Object.entries(secrets), ([name, secret]) =>
      Effect.map(
        Effect.flatMap(valueOf(name, secret, identity), (value) => whole(name, value)),
        (value) => [name, value] as const,
      ),
    ),
    (pairs) => Object.fromEntries(pairs),
  );
