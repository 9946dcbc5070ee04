import * as Result from "effect/Result";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { matches } from "../../src/config/own/Glob.ts";
import { unitsOf } from "../../src/unit/UnitSpec.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-include-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (files: Readonly<Record<string, string | Buffer>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};
const unit = (id: string, more = ""): string => `- {id: ${id}, ${more}management: {control: {executable: ./x}}}\n`;
const file = (...ids: ReadonlyArray<string>): string => `managed_processes:\n${ids.map((id) => unit(id)).join("")}`;

const seen: Array<string> = [];
const read = (text: string, environment: Readonly<Record<string, string>> = {}) => {
  seen.length = 0;
  return parse(text, join(folder, "hsu.yaml"), environment, (path) => void seen.push(path.replace(`${folder}/`, "")));
};
const unitsIn = (text: string, environment?: Readonly<Record<string, string>>) => {
  const result = read(text, environment);
  if (Result.isFailure(result)) throw new Error(result.failure.message);
  return unitsOf(result.success.spec.root);
};
const ids = (text: string): ReadonlyArray<string> => unitsIn(text).map(({ id }) => id);
const said = (text: string, environment?: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const result = read(text, environment);
  const found = Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings;
  return found.map(({ code, column, file: at, hint, line, message }) =>
    `${at}:${line}:${column} ${code} ${message}${hint === undefined ? "" : `; ${hint}`}`.replaceAll(`${folder}/`, ""),
  );
};

describe("include", () => {
  it("takes in what a pattern matches, in the order of the names, behind the file's own units, and what those include", () => {
    put({
      "conf.d/20-b.yaml": file("b"),
      "conf.d/10-a.yaml": `include: more/c.yaml\n${file("a", "a2")}`,
      "conf.d/more/c.yaml": file("c"),
      "conf.d/.hidden.yaml": file("hidden"),
      "conf.d/readme.md": "no yaml: at all: [",
      "x/conf.yaml": file("x"),
      "y/conf.yaml": "# nothing yet\n",
    });
    expect(ids(`include: ["conf.d/*.yaml", "[xy]/conf.yam?"]\n${file("own")}`)).toStrictEqual(["own", "a", "a2", "c", "b", "x"]);
    const inFolder = ["conf.d", "conf.d/10-a.yaml", "conf.d/more/c.yaml", "conf.d/20-b.yaml"];
    expect(seen).toStrictEqual([...inFolder, folder, "x", "y", "x/conf.yaml", "y/conf.yaml"]);
  });

  it("is enough for a file: it needs no units of its own", () => {
    put({ "a.yaml": file("a") });
    expect(ids("include: a.yaml\n")).toStrictEqual(["a"]);
    expect(ids(`include: ${join(folder, "a.yaml")}\n`)).toStrictEqual(["a"]);
  });

  it("counts defaults, templates, instances and variables over all files, and the paths of a unit from its own file's folder", () => {
    put({
      "teams/web/units.yaml": `templates: {node: {management: {control: {env_file: web.env}}}}\nmanaged_processes:\n${unit("web", "extends: node, count: 2, ")}`,
      "teams/web/web.env": "PORT=1\n",
    });
    const text = `include: ["\${TEAMS}/*/units.yaml"]\ndefaults: {management: {control: {arguments: [x]}}}\nmanaged_processes:\n${unit("last", "after: [web], ")}`;
    const [last, web] = unitsIn(text, { TEAMS: "teams" });
    expect(last).toMatchObject({ id: "last", after: ["web-0", "web-1"], executable: join(folder, "x"), workingDirectory: folder });
    const own = join(folder, "teams/web");
    expect(web).toMatchObject({ id: "web-0", args: ["x"], environment: { PORT: "1" }, executable: join(own, "x"), workingDirectory: own });
  });

  it("a file that two patterns mean is taken once", () => {
    put({ "a.yaml": file("a"), "b.yaml": file("b") });
    expect(ids('include: [b.yaml, "?.yaml", ./a.yaml]\n')).toStrictEqual(["b", "a"]);
  });

  it("finds mistakes where they are, in every file at once", () => {
    put({
      "a.yaml": "managed_processes:\n  - id: a\n    management: {control: {executable: x, argments: []}}\n",
      "b.yaml": "managed_processes:\n- id: b\n   bad: [\n",
      "c.yaml": "process_manager: {}\nmanged_processes: []\n",
    });
    expect(said(`include: "[ac].yaml"\nmanaged_processes:\n${unit("own", "requires: [nobody], ")}`)).toStrictEqual([
      'hsu.yaml:3:24 HSU-CFG-020 "own" waits for "nobody", which is no unit and no group',
      'a.yaml:3:43 HSU-CFG-005 unknown key "argments" in "control"',
      'c.yaml:1:1 HSU-CFG-005 "process_manager" does not belong into a file that is included; it belongs into hsu.yaml',
      'c.yaml:2:1 HSU-CFG-005 there is no key "manged_processes" in a file that is included',
    ]);
    // Behind a syntax error nobody knows who there is.
    expect(said(`include: b.yaml\nmanaged_processes:\n${unit("own", "requires: [later], ")}`)[0]).toMatch(/^b\.yaml:2:7 HSU-CFG-003 /);
  });

  it("an id and a template that are given twice are told with both places", () => {
    put({ "a.yaml": `templates: {t: {}}\n${file("a", "web")}`, "b.yaml": `templates:\n  t: {}\n${file("web")}` });
    expect(said(`include: ["*.yaml"]\n${file("web")}`)).toStrictEqual([
      'a.yaml:4:8 HSU-CFG-012 the id "web" is given twice; it is first given in hsu.yaml:3:8',
      'b.yaml:2:3 HSU-CFG-004 the template "t" is given twice; it is first given in a.yaml:1:13',
      'b.yaml:4:8 HSU-CFG-012 the id "web" is given twice; it is first given in hsu.yaml:3:8',
    ]);
  });

  it("a circle is an error at the include that closes it", () => {
    put({ "hsu.yaml": "include: a.yaml\n", "a.yaml": `include: [b.yaml]\n${file("a")}`, "b.yaml": `include: ["h*.yaml"]\n${file("b")}` });
    expect(said("include: a.yaml\n")).toStrictEqual([
      "b.yaml:1:11 HSU-CFG-060 hsu.yaml cannot be included: it would include itself; a pattern means every file that it matches: h*.yaml",
    ]);
  });

  it("what cannot be read is an error where it is named", () => {
    put({ "binary.yaml": Buffer.from([0x61, 0x0a, 0x62, 0xff, 0xfe]), "list.yaml": "- a\n", "old.yaml": "workers: []\n" });
    mkdirSync(join(folder, "d.yaml"));
    writeFileSync(join(folder, "huge.yaml"), Buffer.alloc(17 * 1024 * 1024, "#"));
    const names = ["gone.yaml", "binary.yaml", "d.yaml", "huge.yaml", "/dev/zero", "list.yaml", "old.yaml", '"**/x"', "3"];
    expect(said(`include:\n${names.map((name) => `- ${name}\n`).join("")}${file("own")}`)).toStrictEqual([
      "hsu.yaml:2:3 HSU-CFG-060 gone.yaml cannot be included: there is no such file",
      "hsu.yaml:3:3 HSU-CFG-060 binary.yaml cannot be included: this is not UTF-8 (2:2)",
      "hsu.yaml:4:3 HSU-CFG-060 d.yaml cannot be included: it is no regular file",
      "hsu.yaml:5:3 HSU-CFG-060 huge.yaml cannot be included: the file is larger than 16 MiB",
      "hsu.yaml:6:3 HSU-CFG-060 /dev/zero cannot be included: it is no regular file",
      'hsu.yaml:9:3 HSU-CFG-060 "**/x": "**" means nothing here; name each folder: one * is any name',
      'hsu.yaml:10:3 HSU-CFG-007 "include" is a path, or a list of paths; include: ["conf.d/*.yaml"]',
      "list.yaml:1:1 HSU-CFG-007 an included file is a map, as the one that includes it; managed_processes: […]",
      'old.yaml:1:1 HSU-CFG-016 "workers" is of the master dialect, which includes nothing; hsu convert writes it as HSU\'s own',
    ]);
  });

  it.skipIf(process.getuid?.() === 0)("nor may what nobody may read be included", () => {
    put({ "a.yaml": file("a") });
    chmodSync(join(folder, "a.yaml"), 0);
    expect(said("include: a.yaml\n")).toStrictEqual(["hsu.yaml:1:10 HSU-CFG-060 a.yaml cannot be included: it may not be read"]);
  });

  it("a link may lead to what is below the config's folder or its own, and nowhere else", () => {
    put({ "available/a.yaml": file("a") });
    mkdirSync(join(folder, "enabled"));
    symlinkSync("../available/a.yaml", join(folder, "enabled/a.yaml"));
    expect(ids('include: ["enabled/*.yaml"]\n')).toStrictEqual(["a"]);
    symlinkSync("/etc/passwd", join(folder, "enabled/b.yaml"));
    symlinkSync("c.yaml", join(folder, "enabled/c.yaml"));
    expect(said('include: ["enabled/*.yaml"]\n')).toStrictEqual([
      "hsu.yaml:1:11 HSU-CFG-060 enabled/b.yaml cannot be included: it is a symbolic link that leads out of its folder, to /etc/passwd: include that",
      "hsu.yaml:1:11 HSU-CFG-060 enabled/c.yaml cannot be included: its symbolic links lead nowhere",
    ]);
  });

  it("all files together are no larger than one may be", () => {
    const line = `# ${"x".repeat(1000)}\n`;
    put(Object.fromEntries(["a", "b", "c"].map((name) => [`${name}.yaml`, `${line.repeat(6 * 1024)}${file(name)}`])));
    expect(said('include: ["*.yaml"]\n')).toStrictEqual([
      "hsu.yaml:1:11 HSU-CFG-060 c.yaml cannot be included: with it all files are larger than 16 MiB",
    ]);
  });

  it("a pattern that matches nothing is a warning, and nothing else of the master dialect's", () => {
    expect(said(`include: ["none.d/*.yaml"]\n${file("a")}`)).toStrictEqual(["hsu.yaml:1:11 HSU-CFG-109 none.d/*.yaml matches no file"]);
    expect(said("include: a.yaml\nworkers: []\n")[0]).toMatch(/^hsu\.yaml:1:1 HSU-CFG-016 "include" is of another dialect/);
  });
});

describe("a pattern", () => {
  it.each([
    ["*.yaml", "a.yaml", true],
    ["*.yaml", ".a.yaml", false],
    [".*", ".a", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[]]", "]", true],
    ["[a", "[a", true],
    ["*a*b", "xaxxb", true],
    ["*a*b", "xaxxbc", false],
    ["é*", "éa", true],
  ])("%s and %s: %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it("of many stars takes no time", () => {
    expect(matches(`${"*a".repeat(100)}b`, "a".repeat(255))).toBe(false);
  });

  it("means what the same regular expression does", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 }), (one, name) => {
        const same = new RegExp(`^${one.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(matches(one, name)).toBe(same.test(name));
      }),
    );
  });
});
