/**
 * Bearer tokens: made once, kept as hashes, with a role, perhaps a group, and perhaps an end.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import { includes, type Role, roles } from "../protocol/Rights.ts";
import { makeFolder } from "../platform/Folder.ts";

export { includes, type Role, roles };

const Entry = Schema.Struct({
  name: Schema.String,
  role: Schema.Literals(roles),
  /** What it is good for is below this group alone. */
  group: Schema.optionalKey(Schema.String),
  /** SHA-256 of the token, in hex. A token has 256 random bits: there is nothing to guess, so that a slow hash would protect nothing. */
  hash: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  /** Unix milliseconds. */
  createdAt: Schema.Number,
  expiresAt: Schema.optionalKey(Schema.Number),
});
export type Entry = typeof Entry.Type;

const decode = Schema.decodeUnknownExit(Schema.fromJsonString(Schema.Struct({ tokens: Schema.Array(Entry) })));

/** Tokens cannot be read or kept. */
export class TokensUnusable extends Schema.TaggedError<TokensUnusable>()("TokensUnusable", { file: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-SEC-001";
  override get message(): string {
    return `tokens cannot be kept in ${this.file}: ${this.reason}`;
  }
  get hint(): string {
    return "mend the file or remove it, which revokes all tokens, and see that its folder can be written";
  }
}

/** Another one has the name. */
export class TokenNameTaken extends Schema.TaggedError<TokenNameTaken>()("TokenNameTaken", { name: Schema.String }) {
  readonly code = "HSU-SEC-002";
  override get message(): string {
    return `there is a token ${JSON.stringify(this.name)} already`;
  }
  get hint(): string {
    return `take another name, or revoke that one: hsu token revoke ${this.name}`;
  }
}

/** Nobody has the name. */
export class TokenNotFound extends Schema.TaggedError<TokenNotFound>()("TokenNotFound", { name: Schema.String }) {
  readonly code = "HSU-SEC-003";
  override get message(): string {
    return `there is no token ${JSON.stringify(this.name)}`;
  }
  get hint(): string {
    return "`hsu token list` lists them";
  }
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Who has this token; undefined when nobody has, or not any more. Pure. */
export const holderOf = (entries: ReadonlyArray<Entry>, token: string, now: number): Entry | undefined => {
  const given = Buffer.from(hashOf(token), "hex");
  let found: Entry | undefined;
  // All of them, in a time that does not tell which one was near.
  for (const entry of entries) if (timingSafeEqual(Buffer.from(entry.hash, "hex"), given)) found = entry;
  return found === undefined || (found.expiresAt !== undefined && found.expiresAt <= now) ? undefined : found;
};

/** When a token was used last is known as exactly as that. */
const usedEveryMillis = 60_000;

const decodeUsed = Schema.decodeUnknownExit(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Number)));

/** By their hashes. What cannot be read is not known: nothing hangs on it. */
const readUsed = (path: string): Readonly<Record<string, number>> => {
  try {
    const read = decodeUsed(readFileSync(path, "utf8"));
    return Exit.isSuccess(read) ? read.value : {};
  } catch {
    return {};
  }
};

/** Tokens in a file that nobody else can read. A command changes it while the master runs: what is revoked does not work from then on. */
export class TokenFile {
  readonly path: string;
  #seen = "";
  #entries: ReadonlyArray<Entry> = [];
  readonly #noted = new Map<string, number>();

  constructor(path: string) {
    this.path = path;
  }

  /** All of them; read anew when the file has changed. A missing file is an empty one. */
  get list(): Effect.Effect<ReadonlyArray<Entry>, TokensUnusable> {
    return Effect.suspend(() => {
      try {
        const { ino, mtimeNs, size } = statSync(this.path, { bigint: true });
        const seen = `${ino} ${mtimeNs} ${size}`;
        if (seen !== this.#seen) {
          const read = decode(readFileSync(this.path, "utf8"));
          if (Exit.isFailure(read)) return this.#unusable("it is not as `hsu token` has written it");
          this.#entries = read.value.tokens;
          this.#seen = seen;
        }
        return Effect.succeed(this.#entries);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        return code === "ENOENT" ? Effect.succeed([]) : this.#unusable(code ?? String(error));
      }
    });
  }

  /** Who has this token. */
  holder(token: string, now: number): Effect.Effect<Entry | undefined, TokensUnusable> {
    return Effect.map(this.list, (entries) => {
      const found = holderOf(entries, token, now);
      if (found !== undefined) this.#note(found, entries, now);
      return found;
    });
  }

  /** When each was used last, by their names: Unix milliseconds, to the minute. */
  get used(): Effect.Effect<ReadonlyMap<string, number>, TokensUnusable> {
    return Effect.map(this.list, (entries) => {
      const used = readUsed(this.#usedPath);
      return new Map(entries.flatMap(({ hash, name }) => (used[hash] === undefined ? [] : [[name, used[hash]] as const])));
    });
  }

  get #usedPath(): string {
    return `${this.path}.used`;
  }

  #note({ hash }: Entry, entries: ReadonlyArray<Entry>, now: number): void {
    if (now - (this.#noted.get(hash) ?? Number.NEGATIVE_INFINITY) < usedEveryMillis) return;
    this.#noted.set(hash, now);
    try {
      // Another door of this master may have noted others.
      const before = readUsed(this.#usedPath);
      const kept = entries.flatMap((entry) => (before[entry.hash] === undefined ? [] : [[entry.hash, before[entry.hash]] as const]));
      this.#replace(this.#usedPath, JSON.stringify({ ...Object.fromEntries(kept), [hash]: now }));
    } catch {
      // Who has a good token comes in, also where nobody can note that.
    }
  }

  /** Makes one, and tells it: nobody can tell it again. */
  create(given: Omit<Entry, "hash">): Effect.Effect<string, TokensUnusable | TokenNameTaken> {
    return Effect.gen({ self: this }, function* () {
      const entries = yield* this.list;
      if (entries.some(({ name }) => name === given.name)) return yield* new TokenNameTaken({ name: given.name });
      const token = `hsu_${randomBytes(32).toString("base64url")}`;
      yield* this.#write([...entries, { ...given, hash: hashOf(token) }]);
      return token;
    });
  }

  revoke(name: string): Effect.Effect<void, TokensUnusable | TokenNotFound> {
    return Effect.gen({ self: this }, function* () {
      const entries = yield* this.list;
      const left = entries.filter((entry) => entry.name !== name);
      if (left.length === entries.length) return yield* new TokenNotFound({ name });
      yield* this.#write(left);
    });
  }

  #unusable(reason: string): Effect.Effect<never, TokensUnusable> {
    return Effect.fail(new TokensUnusable({ file: this.path, reason }));
  }

  #replace(path: string, text: string): void {
    const next = `${path}.${process.pid}`;
    writeFileSync(next, text, { mode: 0o600 });
    chmodSync(next, 0o600);
    renameSync(next, path);
  }

  /** Whole or not at all. */
  #write(tokens: ReadonlyArray<Entry>): Effect.Effect<void, TokensUnusable> {
    return Effect.try({
      try: () => {
        makeFolder(dirname(this.path), 0o700);
        this.#replace(this.path, `${JSON.stringify({ tokens }, undefined, 2)}\n`);
      },
      catch: (error) => new TokensUnusable({ file: this.path, reason: (error as NodeJS.ErrnoException).code ?? String(error) }),
    });
  }
}
