import * as Result from "effect/Result";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { type MasterSpec, type UnitSpec, unitsOf } from "../../src/unit/UnitSpec.ts";
import { yaml } from "./support.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-own-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string, environment: Readonly<Record<string, string>> = {}) => parse(text, join(folder, "hsu.yaml"), environment);
const spec = (text: string, environment?: Readonly<Record<string, string>>): MasterSpec => {
  const result = read(text, environment);
  if (Result.isFailure(result)) throw new Error(result.failure.message);
  return result.success.spec;
};
const units = (text: string, environment?: Readonly<Record<string, string>>): ReadonlyArray<UnitSpec> =>
  unitsOf(spec(text, environment).root);
const said = (text: string, environment?: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const result = read(text, environment);
  const found = Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings;
  return found.map(({ code, column, line, message }) => `${line}:${column} ${code} ${message}`);
};
const withArgs = (args: string): string => `managed_processes: [{id: a, management: {control: {executable: x, arguments: ${args}}}}]`;

describe("variables", () => {
  it.each([
    ["${A}", "1"],
    ["${A:-2}", "1"],
    ["${B:-2}", "2"],
    ["${B:-}", ""],
    ["${E}", ""],
    ["${E:-2}", "2"],
    ["x${A}y${A}", "x1y1"],
    ["$${A}", "${A}"],
    ["$A", "$A"],
    ["${1}", "${1}"],
    ["${A:?no}", "1"],
    ["${B}", "${B}"],
  ])("%s is %j", (text, expected) => {
    expect(units(withArgs(`['${text}']`), { A: "1", E: "" })[0]!.args).toStrictEqual([expected]);
  });

  it("alone and without quotes is what it would be there: a number, a truth value", () => {
    const text =
      'process_manager:\n  port: ${P:-8080}\nmanaged_processes:\n- {id: a, enabled: "${ON}", management: {control: {executable: x}}}\n';
    expect(spec(text.replace('"${ON}"', "true")).port).toBe(8080);
    expect(said(text, { ON: "true" })).toStrictEqual(['4:20 HSU-CFG-007 "enabled" cannot be the text "true"']);
  });

  it("that is not set is told, and that has to be set is an error", () => {
    expect(said(withArgs("['${NONE}']"))[0]).toContain("HSU-CFG-108 the variable NONE is not set");
    expect(said(withArgs("['${NONE:?say it}']"))[0]).toContain("HSU-CFG-050 the variable NONE is not set: say it");
  });

  it("of JavaScript's own objects are none", () => {
    expect(units(withArgs("['${constructor:-x}', '${__proto__:-y}']"))[0]!.args).toStrictEqual(["x", "y"]);
  });

  it("are texts in upstream's dialects", () => {
    const nested =
      "managed_processes: [{id: a, management: {standard_managed: {control: {execution: {executable_path: x, args: ['${A}']}}}}}]";
    expect(units(nested, { A: "1" })[0]!.args).toStrictEqual(["${A}"]);
  });
});

describe("instances", () => {
  const text = yaml`
    managed_processes:
    - id: web
      count: 3
      management: {control: {executable: x, arguments: [--port, "808{index}"], environment: {INDEX: "{index}"}}}
    - id: proxy
      requires: [web]
      management: {control: {executable: y}}
    - id: none
      count: 0
      management: {control: {executable: y}}
  `;

  it("are as many units, each with its number, and who needs them needs all", () => {
    const [first, second, third, proxy, ...others] = units(text);
    expect(others).toStrictEqual([]);
    expect([first, second, third].map((each) => [each!.id, each!.args[1], each!.environment["INDEX"], each!.instanceOf])).toStrictEqual([
      ["web-0", "8080", "0", "web"],
      ["web-1", "8081", "1", "web"],
      ["web-2", "8082", "2", "web"],
    ]);
    expect(proxy!.requires).toStrictEqual(["web-0", "web-1", "web-2"]);
  });

  it("have the index where the id says", () => {
    expect(units(text.replace("id: web", 'id: "w{index}eb"').replace("requires: [web]", "requires: []")).map(({ id }) => id)).toStrictEqual(
      ["w0eb", "w1eb", "w2eb", "proxy"],
    );
  });

  it("cannot be what is no number, nor have the id of another", () => {
    expect(said(text.replace("count: 3", "count: three"))).toContainEqual(expect.stringContaining('3:10 HSU-CFG-007 "count" cannot be'));
    expect(said(text.replace("id: proxy", "id: web-1"))).toContainEqual(
      expect.stringContaining('HSU-CFG-012 the id "web-1" is given twice'),
    );
  });
});

describe("defaults and templates", () => {
  const text = yaml`
    defaults:
      management:
        restart_policy: {restart_delay: 7s}
        control: {environment: {A: default, B: default}, shutdown_timeout: 3s}
    templates:
      base: {management: {control: {executable: node, environment: {B: base, C: base}}}}
      server: {extends: base, enabled: false, management: {control: {arguments: [server]}}}
    managed_processes:
    - id: plain
      management: {control: {executable: x, shutdown_timeout: 1s}}
    - id: g
      children:
      - id: web
        extends: server
        management: {control: {environment: {C: own}}}
  `;

  it("are below what a unit says itself, key by key", () => {
    const [plain, web] = units(text);
    expect(plain).toMatchObject({ executable: "x", stopTimeoutMillis: 1000, enabled: true, restart: { delayMillis: 7000 } });
    expect(plain!.environment).toStrictEqual({ A: "default", B: "default" });
    expect(web).toMatchObject({ executable: "node", args: ["server"], enabled: false, stopTimeoutMillis: 3000 });
    expect(web!.environment).toStrictEqual({ A: "default", B: "base", C: "own" });
  });

  it("that are none, or extend themselves, are told where they are named", () => {
    expect(said(text.replace("extends: server", "extends: sever"))).toContainEqual(
      expect.stringContaining('14:14 HSU-CFG-051 there is no template "sever"'),
    );
    expect(said(text.replace("extends: base", "extends: server"))).toContainEqual(
      expect.stringContaining('HSU-CFG-051 the template "server" extends itself'),
    );
  });
});

describe("files of variables", () => {
  const using = (files: string) =>
    `managed_processes: [{id: a, management: {control: {executable: x, env_file: ${files}, environment: {B: own}}}}]`;

  it("are below the unit's own, the later above the earlier", () => {
    writeFileSync(join(folder, "one.env"), "# first\nexport A=1\nB=one\n\nQ=\"two words\\n\" # c\nS='as $it is'\n");
    writeFileSync(join(folder, "two.env"), "A = 2 # late\n");
    expect(units(using("[one.env, ./two.env]"))[0]!.environment).toStrictEqual({ A: "2", B: "own", Q: "two words\n", S: "as $it is" });
  });

  it("that are not there or hold something else are told, without what they hold", () => {
    writeFileSync(join(folder, "bad.env"), "A=1\nsecret\n");
    const [line] = said(using("bad.env"));
    expect(line).toContain(`HSU-CFG-052 ${join(folder, "bad.env")}:2 is no variable`);
    expect(line).not.toContain("secret");
    expect(said(using("none.env"))[0]).toContain("there is no such file");
  });
});

describe("secrets", () => {
  it("say where they are, and their values are read by nobody before the start", () => {
    const [unit] = units(
      "managed_processes: [{id: a, management: {control: {executable: x, environment: {A: 1, T: {file: token}, U: {env: HOME}}}}}]",
    );
    expect(unit).toMatchObject({ environment: { A: "1" }, secrets: { T: { file: join(folder, "token") }, U: { env: "HOME" } } });
  });

  it("may be encrypted, and are opened with the identity of the file", () => {
    const base64 = Buffer.from("age-encryption.org/v1\n-> X25519 x").toString("base64");
    const environment = `{T: {age: ${base64}}, U: {age: "-----BEGIN AGE ENCRYPTED FILE-----\\n${base64}\\n-----END AGE ENCRYPTED FILE-----\\n"}, V: {age_file: v.age}}`;
    const text = `managed_processes: [{id: a, management: {control: {executable: x, environment: ${environment}}}}, {id: b, management: {control: {executable: x}}}]\n`;
    const [a, b] = units(`${text}secrets: {identity_file: age.key}\n`);
    expect(a).toMatchObject({
      ageIdentity: join(folder, "age.key"),
      secrets: { T: { age: base64 }, V: { ageFile: join(folder, "v.age") } },
    });
    expect(b).not.toHaveProperty("ageIdentity");
    expect(units(text)[0]).not.toHaveProperty("ageIdentity");
  });

  it("that should be encrypted and are not are an error that does not show them", () => {
    const text = "managed_processes: [{id: a, management: {control: {executable: x, environment: {T: {age: hunter2}}}}}]";
    const result = read(text);
    expect(said(text)[0]).toMatch(/^1:\d+ HSU-CFG-061 /);
    expect(Result.isFailure(result) ? result.failure.message : "hunter2").not.toContain("hunter2");
  });

  it("are a file or a variable", () => {
    expect(said("managed_processes: [{id: a, management: {control: {executable: x, environment: {T: {fil: token}}}}}]")).toStrictEqual([
      '1:85 HSU-CFG-005 unknown key "fil" in "T"',
    ]);
  });
});
