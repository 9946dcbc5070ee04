/**
 * A tree as the TypeScript that makes it, for `hsu/master`. What is as it would be anyway is left out: each value is tried, and what the tree is the same
 * without is not written. Pure.
 */
import { relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { GroupSpec, MasterSpec, UnitSpec } from "../../unit/UnitSpec.ts";
import { define, type GroupOptions, type MasterOptions, type UnitOptions } from "./Define.ts";
import { printed } from "./Print.ts";

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

const without = (fields: Plain, key: string): Plain => Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
const replaced = (fields: Plain, key: string, value: unknown): Plain =>
  Object.fromEntries(Object.entries(fields).map(([name, was]) => [name, name === key ? value : was]));

/** As little of it as will do. `isSame`: whether that still makes the same. */
const least = (value: unknown, isSame: (candidate: unknown) => boolean, short: (text: string) => string): unknown => {
  if (typeof value === "string") {
    const shorter = short(value);
    return shorter !== value && isSame(shorter) ? shorter : value;
  }
  if (Array.isArray(value)) {
    let list: ReadonlyArray<unknown> = value;
    for (const index of value.keys()) {
      const with_ = (item: unknown): ReadonlyArray<unknown> => list.map((each, at) => (at === index ? item : each));
      list = with_(least(list[index], (item) => isSame(with_(item)), short));
    }
    return list;
  }
  if (!isPlain(value)) return value;
  let fields: Plain = value;
  for (const key of Object.keys(value)) {
    const less = without(fields, key);
    if (isSame(less)) {
      fields = less;
      continue;
    }
    const inner = least(fields[key], (candidate) => isSame(replaced(fields, key, candidate)), short);
    fields = replaced(fields, key, inner);
  }
  return fields;
};

/** What makes this, as options of `make`. */
const optionsOf = <Spec, Options>(
  spec: Spec,
  options: unknown,
  make: (options: Options) => Spec,
  short: (text: string) => string,
): Plain => {
  const isSame = (candidate: unknown): boolean => {
    try {
      return isDeepStrictEqual(make(candidate as Options), spec);
    } catch {
      // It cannot be made without what is missing.
      return false;
    }
  };
  return least(options, isSame, short) as Plain;
};

const RESERVED = new Set(
  "abstract any as async await boolean break case catch class const continue debugger declare default define delete do else enum export extends false finally for from function get group if implements import in instanceof interface layer let master millis new null number object of package private protected public return set spec static string super switch symbol this throw true try type typeof undefined unit unknown var void while with yield".split(
    " ",
  ),
);

/** Names of constants, each only once: `web-0` is `web0`. */
const naming = () => {
  const taken = new Set<string>();
  return (id: string): string => {
    const camel = id
      .split(/[^A-Za-z0-9]+/)
      .filter((part) => part !== "")
      .map((part, index) => (index === 0 ? part.charAt(0).toLowerCase() : part.charAt(0).toUpperCase()) + part.slice(1))
      .join("");
    const base = /^[A-Za-z]/.test(camel) ? camel : `unit${camel}`;
    let name = RESERVED.has(base) ? `${base}1` : base;
    for (let next = 2; taken.has(name); next++) name = `${base}${next}`;
    taken.add(name);
    return name;
  };
};

/** `file`: where the code will be. `source`: the file that it is made of, for people to read. */
export const eject = (spec: MasterSpec, file: string, source: string): string => {
  const folder = file.slice(0, file.lastIndexOf("/")) || "/";
  const short = (text: string): string => {
    if (!text.startsWith("/")) return text;
    const path = relative(folder, text);
    if (path === "") return ".";
    return path.startsWith("../") ? text : `./${path}`;
  };
  const { group, master, unit } = define(file);
  const nameOf = naming();
  const parts: Array<string> = [];

  const child = (each: UnitSpec | GroupSpec): string => {
    if (each._tag === "Unit") {
      const { _tag, ...rest } = each;
      const name = nameOf(each.id);
      const options = optionsOf<UnitSpec, UnitOptions>(each, rest, unit, short);
      parts.push(`const ${name} = unit(${printed(options)});`);
      return name;
    }
    const { _tag, children, ...rest } = each;
    const names = children.map(child);
    const name = nameOf(each.id);
    const make = (options: GroupOptions): GroupSpec => group({ ...options, children });
    parts.push(`const ${name} = group(${printed({ ...optionsOf<GroupSpec, GroupOptions>(each, rest, make, short) }, names)});`);
    return name;
  };

  const { marks: _marks, root, source: _source, ...rest } = spec;
  const names = root.children.map(child);
  const { _tag, children, id: _id, ...own } = root;
  const whole: MasterSpec = { ...rest, root, source: file };
  const make = (options: MasterOptions): MasterSpec => master({ ...options, children });
  const options = optionsOf<MasterSpec, MasterOptions>(whole, { ...rest, ...own }, make, short);
  const [calls, types] = [
    ["group", "master", "unit"].filter((word) => word === "master" || parts.some((part) => part.includes(` = ${word}(`))),
    ["define", "layer", ...([...parts, printed(options)].some((part) => part.includes("millis(")) ? ["millis"] : [])],
  ];
  return [
    `/**\n * The tree of ${source.replaceAll("*/", "* /")}, in code: \`hsu eject\` has made it. \`node FILE\` runs it.\n */`,
    'import * as NodeRuntime from "@effect/platform-node/NodeRuntime";\nimport * as Layer from "effect/Layer";',
    `import { ${types.join(", ")} } from "hsu/master";\n`,
    `const { ${calls.join(", ")} } = define(import.meta.filename);\n`,
    ...parts.map((part) => `${part}\n`),
    `export const spec = master(${printed(options, names)});\n`,
    "if (import.meta.main) NodeRuntime.runMain(Layer.launch(layer(spec)));\n",
  ].join("\n");
};
