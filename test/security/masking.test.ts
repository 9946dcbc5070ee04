import fc from "fast-check";
import { expect, it } from "vitest";
import { Masking } from "../../src/security/index.ts";

it("names say which values are secrets", () => {
  const secret = [
    "DB_PASSWORD",
    "PGPASSWORD",
    "apiKey",
    "github-token",
    "CLIENT_SECRET",
    "KEY",
    "Authorization",
    "privateKey",
    "AWS_SECRET_ACCESS_KEY",
  ];
  const harmless = [
    "PWD",
    "PATH",
    "TOKENIZERS_PARALLELISM",
    "MAX_TOKENS",
    "TLS_KEY_FILE",
    "KEYBOARD",
    "AWS_ACCESS_KEY_ID",
    "PUBLIC_KEY",
    "MONKEY",
    "passive",
  ];
  expect(secret.filter((name) => !Masking.isSecretName(name))).toEqual([]);
  expect(harmless.filter(Masking.isSecretName)).toEqual([]);
});

it("secrets of a config are found by where they stand", () => {
  const config = {
    environment: { DB_PASSWORD: "of-a-name", MODE: "plain", DATABASE_URL: "postgres://me:of-a-url@db/app", EMPTY_TOKEN: "" },
    args: [
      "--token=of-an-option",
      "--password",
      "of-the-next",
      "--secret",
      "--port",
      "80",
      "-c",
      "PASSWORD='of a shell' run --key /etc/key.pem",
    ],
    tls: { key: "/etc/tls.pem" },
    probes: { http: { headers: { Authorization: "Bearer of-a-header" }, path: "/health?token=of-a-query" } },
  };
  expect([...new Set(Masking.secretsIn(config))]).toEqual([
    "of-a-name",
    "of-a-url",
    "of-an-option",
    "of-the-next",
    "of a shell",
    "Bearer of-a-header",
    "of-a-query",
  ]);
});

it("what is known is in no text, and what has none of it stays the same", () => {
  const masker = Masking.make();
  const key = `-----BEGIN-----\n${"a1b2".repeat(8)}\n-----END-----`;
  masker.learn(["hunter22", "hunter22-long", "short", key]);
  expect(masker.text("a hunter22-long, a hunter22 and a short one")).toBe("a ***, a *** and a short one");
  expect(masker.text(`it said ${"a1b2".repeat(8)}!`)).toBe("it said ***!");
  const clean = { id: "hunter22", list: ["x"], nested: { state: "ok" } };
  expect(masker.data(clean)).toBe(clean);
  expect(masker.data({ ...clean, reason: ["of hunter22"] })).toEqual({ ...clean, reason: ["of ***"] });
  expect(masker.config({ environment: { MY_TOKEN: "short", KEY_FILE: "short" } })).toEqual({
    environment: { MY_TOKEN: "***", KEY_FILE: "short" },
  });
  const error = masker.error(Object.assign(new TypeError("no hunter22"), { reason: "hunter22" }));
  expect([error instanceof TypeError, error.message, error.reason, error.stack?.includes("hunter22")]).toEqual([
    true,
    "no ***",
    "***",
    false,
  ]);
});

it("whatever the secrets and the text are", () => {
  const word = fc.string({ minLength: 6, maxLength: 12, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), fc.array(fc.oneof(word, fc.string()), { maxLength: 6 }), (secrets, parts) => {
      const masker = Masking.make();
      masker.learn(secrets);
      const told = masker.text(parts.join(" "));
      // Stars are no letters: nothing new comes about where something was cut out.
      return secrets.every((secret) => !told.includes(secret));
    }),
  );
});
