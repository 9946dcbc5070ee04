import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tokens } from "../../src/security/index.ts";

let folder: string;
let file: Tokens.TokenFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-tokens-"));
  file = new Tokens.TokenFile(join(folder, "state/tokens.json"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const run = Effect.runPromise;
const fails = <A, E>(effect: Effect.Effect<A, E>) => run(Effect.flip(effect));

describe("tokens", () => {
  it("are known by what was told once, and only a hash of that is kept, for nobody else to read", async () => {
    const token = await run(file.create({ name: "prometheus", role: "viewer", createdAt: 1 }));
    expect(token).toMatch(/^hsu_[\w-]{43}$/);
    expect(await run(file.holder(token, 2))).toMatchObject({ name: "prometheus", role: "viewer" });
    for (const wrong of ["", "hsu_", `${token}x`, token.toUpperCase()]) expect(await run(file.holder(wrong, 2))).toBe(undefined);
    expect(readFileSync(file.path, "utf8")).not.toContain(token);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
  });

  it("end at their time, and when they are revoked by another program", async () => {
    const brief = await run(file.create({ name: "brief", role: "admin", createdAt: 1, expiresAt: 100 }));
    const other = await run(file.create({ name: "other", role: "operator", group: "web", createdAt: 1 }));
    expect(await run(file.holder(brief, 99))).toMatchObject({ name: "brief" });
    expect(await run(file.holder(brief, 100))).toBe(undefined);
    expect(await run(file.holder(other, 100))).toMatchObject({ role: "operator", group: "web" });
    await run(new Tokens.TokenFile(file.path).revoke("other"));
    expect(await run(file.holder(other, 100))).toBe(undefined);
    expect((await run(file.list)).map(({ name }) => name)).toEqual(["brief"]);
  });

  it("say when they were used last, to the minute, at any door; who shows a wrong one uses none", async () => {
    const [one, other] = [
      await run(file.create({ name: "one", role: "viewer", createdAt: 1 })),
      await run(file.create({ name: "other", role: "viewer", createdAt: 1 })),
    ];
    const another = new Tokens.TokenFile(file.path);
    const used = async () => Object.fromEntries(await run(file.used));
    await run(file.holder("hsu_wrong", 5));
    expect(await used()).toEqual({});
    await run(file.holder(one, 1000));
    await run(file.holder(one, 2000));
    await run(another.holder(other, 3000));
    expect(await used()).toEqual({ one: 1000, other: 3000 });
    await run(file.holder(one, 61_000));
    expect(await used()).toEqual({ one: 61_000, other: 3000 });
    expect(statSync(`${file.path}.used`).mode & 0o777).toBe(0o600);
    // One of that name that is made anew is another one.
    await run(file.revoke("one"));
    await run(file.create({ name: "one", role: "viewer", createdAt: 1 }));
    expect(await used()).toEqual({ other: 3000 });
    // What cannot be noted keeps nobody out.
    rmSync(`${file.path}.used`);
    mkdirSync(`${file.path}.used`);
    expect(await run(new Tokens.TokenFile(file.path).holder(other, 9000))).toMatchObject({ name: "other" });
  });

  it("have names of their own", async () => {
    await run(file.create({ name: "a", role: "viewer", createdAt: 1 }));
    expect(await fails(file.create({ name: "a", role: "admin", createdAt: 1 }))).toMatchObject({ code: "HSU-SEC-002" });
    expect(await fails(file.revoke("b"))).toMatchObject({ code: "HSU-SEC-003" });
  });

  it("in a file that is not theirs are an error, and the file stays as it is", async () => {
    await run(file.create({ name: "a", role: "viewer", createdAt: 1 }));
    for (const text of ["{", "{}", '{"tokens":[{"name":"a","role":"root","hash":"","createdAt":1}]}']) {
      writeFileSync(file.path, text);
      expect(await fails(file.holder("x", 1))).toMatchObject({ code: "HSU-SEC-001" });
      expect(await fails(file.create({ name: "b", role: "viewer", createdAt: 1 }))).toMatchObject({ code: "HSU-SEC-001" });
      expect(readFileSync(file.path, "utf8")).toBe(text);
    }
  });

  it("of a role may do what those below it may", () => {
    const table = Tokens.roles.map((has) => Tokens.roles.map((needed) => Tokens.includes(has, needed)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});
