import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { beforeAll, describe, expect, it } from "vitest";
import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import * as Age from "../../src/security/Age.ts";
import { unit, until, withMaster } from "./support.ts";

const unitWith = (secrets: string): string => `
managed_processes:
- id: a
  management:
    control: { executable: sh, arguments: [-c, 'echo "got $T $U"; exec sleep 60'], environment: ${secrets} }
    restart_policy: { strategy: always, restart_delay: 20ms, max_attempts: 100 }
`;

it("a secret is read when the process starts, and shown nowhere; one that is not there is a failed start, tried again", () =>
  withMaster(unitWith("{ T: { file: token }, U: { env: HSU_TEST_SECRET } }"), ({ control, directory }) =>
    Effect.gen(function* () {
      const failed = yield* until(unit(control, "a"), ({ restarts }) => restarts > 0);
      expect(failed.pid).toBeNull();
      process.env["HSU_TEST_SECRET"] = "from-environment";
      writeFileSync(join(directory, "token"), "from-file\n", { mode: 0o600 });
      yield* until(unit(control, "a"), ({ state }) => state === "running");
      const lines = yield* until(Stream.runCollect(control.logs({ unit: "a", follow: false, lines: 10 })), (found) => found.length > 0);
      expect(lines.map(({ text }) => text)).toContain("got from-file from-environment");
      const shown = JSON.stringify([yield* control.status, yield* control.spec, yield* control.describe("a"), yield* control.revisions]);
      expect(shown).not.toMatch(/from-file|from-environment/);
      delete process.env["HSU_TEST_SECRET"];
    }),
  ));

describe("a secret that is encrypted", () => {
  let identity = "";
  let encrypted: Uint8Array = new Uint8Array();
  const armored = () =>
    `-----BEGIN AGE ENCRYPTED FILE-----\n${Buffer.from(encrypted)
      .toString("base64")
      .replace(/(.{64})/g, "$1\n")
      .trimEnd()}\n-----END AGE ENCRYPTED FILE-----\n`;
  beforeAll(async () => {
    identity = await generateIdentity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    encrypted = await encrypter.encrypt("from-age\n");
  });

  const opened = (bytes: Uint8Array, text: string) =>
    Effect.runPromise(
      Effect.match(Age.open(bytes, { text, name: "key" }), {
        onSuccess: (found) => Buffer.from(found).toString(),
        onFailure: (error) => error.message,
      }),
    );

  it("is opened, be it binary, armored or base64, by the identity that fits", async () => {
    const other = await generateIdentity();
    for (const bytes of [encrypted, Buffer.from(armored()), Buffer.from(Buffer.from(encrypted).toString("base64"))]) {
      expect(await opened(bytes, `# created: today\n${other}\n\n${identity}\n`)).toBe("from-age\n");
    }
  });

  it("says why it is not opened, and nothing of an identity", async () => {
    const other = await generateIdentity();
    expect(await opened(encrypted, other)).toBe("it is not encrypted for any identity of key");
    expect(await opened(encrypted, "# nothing\n")).toBe("key holds no age identity");
    expect(await opened(encrypted, `${identity}\n${identity.slice(0, -1)}`)).toBe(
      "key holds something that is no age identity (the 2. of its lines that are no comment)",
    );
    expect(await opened(encrypted, "-----BEGIN OPENSSH PRIVATE KEY-----\n")).toContain("is an SSH key");
    expect(await opened(encrypted, armored())).toContain("is encrypted itself");
    expect(await opened(encrypted.subarray(0, -1), identity)).toContain("no sound age file");
    expect(await opened(Buffer.from("age"), identity)).toContain("no sound age file");
  });

  it("is given to its process alone; without an identity that fits its start has failed, and is tried again", () =>
    withMaster(
      `secrets: { identity_file: age.key }\n${unitWith(`{ T: { age: ${Buffer.from(encrypted).toString("base64")} }, U: { age_file: u.age } }`)}`,
      ({ control, directory }) =>
        Effect.gen(function* () {
          writeFileSync(join(directory, "u.age"), armored());
          const failed = yield* until(unit(control, "a"), ({ restarts }) => restarts > 0);
          expect(failed.pid).toBeNull();
          writeFileSync(join(directory, "age.key"), identity, { mode: 0o600 });
          yield* until(unit(control, "a"), ({ state }) => state === "running");
          const lines = yield* until(Stream.runCollect(control.logs({ unit: "a", follow: false, lines: 10 })), (found) => found.length > 0);
          expect(lines.map(({ text }) => text)).toContain("got from-age from-age");
          const events = yield* Stream.runCollect(control.events({ follow: false, since: 0 }));
          expect(JSON.stringify(events)).toContain("age.key");
          const shown = JSON.stringify([
            yield* control.status,
            yield* control.spec,
            yield* control.describe("a"),
            yield* control.revisions,
            events,
          ]);
          expect(shown).not.toContain("from-age");
          expect(shown).not.toContain(identity);
        }),
    ));
});
