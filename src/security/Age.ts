/**
 * Values that are encrypted as age has it (age-encryption.org/v1), opened with the identities of a file. Nothing that is said of them here holds anything of
 * a value or of an identity.
 */
import { armor, Decrypter } from "age-encryption";
import * as Schema from "effect/Schema";
import * as Effect from "effect/Effect";

/** It cannot be opened. */
export class NotOpened extends Schema.TaggedError<NotOpened>()("NotOpened", { reason: Schema.String }) {
  override get message(): string {
    return this.reason;
  }
}

const identitiesIn = (text: string): ReadonlyArray<string> =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

const refuse = (reason: string): never => {
  throw new NotOpened({ reason });
};

/** `name` is the file's, for people. */
const decrypterOf = (identities: string, name: string): Decrypter => {
  const lines = identitiesIn(identities);
  if (lines.length === 0) return refuse(`${name} holds no age identity`);
  if (/^(-----BEGIN AGE|age-encryption\.org\/)/.test(lines[0]!))
    return refuse(`${name} is encrypted itself: nobody is there to give its passphrase`);
  if (lines[0]!.startsWith("-----BEGIN")) return refuse(`${name} is an SSH key, which is no age identity: age-keygen makes one`);
  const decrypter = new Decrypter();
  for (const [index, line] of lines.entries()) {
    try {
      decrypter.addIdentity(line);
    } catch {
      // What the library says may hold the line.
      refuse(`${name} holds something that is no age identity (the ${index + 1}. of its lines that are no comment)`);
    }
  }
  return decrypter;
};

/** An age file is binary, armored, or, in one line of a config, base64. */
const bytesOf = (encrypted: Uint8Array): Uint8Array => {
  const start = Buffer.from(encrypted.subarray(0, 40)).toString("latin1");
  if (start.startsWith("age-encryption.org/")) return encrypted;
  const text = Buffer.from(encrypted).toString("latin1").trim();
  return text.startsWith("-----BEGIN AGE") ? armor.decode(text) : Buffer.from(text, "base64");
};

const saidOf = (cause: unknown, name: string): string => {
  if (cause instanceof NotOpened) return cause.reason;
  const said = cause instanceof Error ? cause.message : "";
  if (said.startsWith("no identity matched")) return `it is not encrypted for any identity of ${name}`;
  return "it is no sound age file: it is damaged, cut off, or of another kind";
};

export interface Identities {
  readonly text: string;
  /** The file that they are from, for people. */
  readonly name: string;
}

export const open = (encrypted: Uint8Array, { name, text }: Identities): Effect.Effect<Uint8Array, NotOpened> =>
  Effect.tryPromise({
    try: () => decrypterOf(text, name).decrypt(bytesOf(encrypted)),
    catch: (cause) => new NotOpened({ reason: saidOf(cause, name) }),
  });
