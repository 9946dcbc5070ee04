/**
 * Secrets that the master knows, and texts without them. Pure but for what it remembers.
 *
 * A secret is known by where it stands: the value of a name that says so, an option of a command line that does, the password of a URL; or because
 * somebody has read it and tells. From then on it is found wherever it stands.
 */

/** What stands in its place. */
export const hidden = "***";

/** Shorter ones are found by their names only: each text would be full of them. */
const leastLength = 6;

/** Of a value of many lines, such as a key, each line of this length is one. */
const leastLine = 16;

const secretWords = new Set([
  "PASSWORD",
  "PASSWD",
  "PASSPHRASE",
  "PASS",
  "PW",
  "SECRET",
  "TOKEN",
  "KEY",
  "APIKEY",
  "CREDENTIAL",
  "CREDENTIALS",
]);
const headers = new Set(["AUTHORIZATION", "PROXY_AUTHORIZATION", "COOKIE"]);
/** What a name ends with that says where something is, or how much of it there is. */
const harmlessEnds = new Set([
  "FILE",
  "PATH",
  "DIR",
  "NAME",
  "ID",
  "TTL",
  "LENGTH",
  "SIZE",
  "TIMEOUT",
  "EXPIRY",
  "TYPE",
  "ALGORITHM",
  "HEADER",
  "COUNT",
]);

/** Whether what is called so is not for everybody: `DB_PASSWORD`, `apiKey`, `github-token`. */
export const isSecretName = (name: string): boolean => {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== "");
  if (headers.has(words.join("_"))) return true;
  if (words.includes("PUBLIC") || harmlessEnds.has(words.at(-1) ?? "")) return false;
  // PGPASSWORD, CLIENTSECRET.
  return words.some((word) => secretWords.has(word) || /(PASSWORD|SECRET)$/.test(word));
};

/** Where the key of TLS lies is a path. */
const isPath = (value: string): boolean => value.startsWith("/");

/** Whether it is one by its name. */
export const isSecret = (name: string, value: unknown): value is string =>
  typeof value === "string" && value !== "" && !isPath(value) && isSecretName(name);

const option = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s;
const assignment = /\b([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|"']+)/g;
const urlPassword = /[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/gi;

const unquoted = (text: string): string => (/^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text);

const inText = function* (text: string): Iterable<string> {
  if (text.includes("://")) for (const [, password] of text.matchAll(urlPassword)) yield password!;
  if (text.includes("=")) for (const [, name, value] of text.matchAll(assignment)) if (isSecretName(name!)) yield unquoted(value!);
};

/** Secrets of a config, or of a part of one, by where they stand. */
export const secretsIn = function* (value: unknown): Iterable<string> {
  if (typeof value === "string") yield* inText(value);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* secretsIn(item);
      const [, name, given] = (typeof item === "string" && option.exec(item)) || [];
      if (name === undefined || !isSecretName(name)) continue;
      const next: unknown = value[index + 1];
      if (given !== undefined) yield given;
      else if (typeof next === "string" && !next.startsWith("-") && !isPath(next)) yield next;
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (isSecret(name, item)) yield item;
      else yield* secretsIn(item);
    }
  }
};

/** Keys whose values name things: programs go by them. */
const structural = new Set([
  "_tag",
  "action",
  "code",
  "group",
  "groups",
  "id",
  "kind",
  "path",
  "policy",
  "state",
  "stream",
  "strategy",
  "type",
  "unit",
]);

/** Secrets that somebody knows. */
export interface Masker {
  /** What was known once is never forgotten: texts outlive it. */
  readonly learn: (secrets: Iterable<string>) => void;
  readonly text: (text: string) => string;
  /** The same data without secrets; itself where there are none in it. What things are called stays. */
  readonly data: <A>(value: A) => A;
  /** The same, and without what stands under a name that says that it is one. */
  readonly config: <A>(value: A) => A;
  readonly error: <E>(error: E) => E;
}

/** How much of a text is looked up at once. */
const headLength = 4;

const linesOf = (secret: string): ReadonlyArray<string> =>
  secret.includes("\n") ? [secret, ...secret.split("\n").filter((line) => line.length >= leastLine)] : [secret];

export const make = (): Masker => {
  const known = new Set<string>();
  /** By their first characters, the longest first. */
  const heads = new Map<string, Array<string>>();
  const add = (secret: string): void => {
    if (secret.length < leastLength || known.has(secret)) return;
    known.add(secret);
    const head = secret.slice(0, headLength);
    const others = heads.get(head);
    if (others === undefined) heads.set(head, [secret]);
    else others.push(secret);
    others?.sort((one, other) => other.length - one.length);
  };
  const text = (from: string): string => {
    if (known.size === 0 || from.length < leastLength) return from;
    let to = "";
    let copied = 0;
    for (let at = 0; at <= from.length - leastLength; at++) {
      const found = heads.get(from.slice(at, at + headLength))?.find((secret) => from.startsWith(secret, at));
      if (found === undefined) continue;
      to += from.slice(copied, at) + hidden;
      copied = at + found.length;
      at = copied - 1;
    }
    return copied === 0 ? from : to + from.slice(copied);
  };
  const walk = (value: unknown, byName: boolean): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => walk(item, byName));
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    const other: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      if (structural.has(name) && (name !== "path" || Array.isArray(item))) continue;
      const now = byName && isSecret(name, item) ? hidden : walk(item, byName);
      if (now !== item) other[name] = now;
    }
    return Object.keys(other).length === 0 ? value : { ...value, ...other };
  };
  return {
    learn: (secrets) => {
      for (const secret of secrets) for (const line of linesOf(secret)) add(line);
    },
    text,
    data: <A>(value: A): A => (known.size === 0 ? value : (walk(value, false) as A)),
    config: <A>(value: A): A => walk(value, true) as A,
    error: (error) => {
      if (known.size === 0 || !(error instanceof Error)) return error;
      const fields: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(error);
      for (const field of Object.values(fields)) if ("value" in field) field.value = walk(field.value, false);
      fields["stack"] = { value: text(error.stack ?? ""), configurable: true, writable: true };
      return Object.create(Object.getPrototypeOf(error) as object, fields) as typeof error;
    },
  };
};
