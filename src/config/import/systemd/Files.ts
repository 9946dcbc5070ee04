/**
 * Unit files with their drop-ins, and what `%` stands for in them.
 */
import { basename, dirname, join } from "node:path";
import { variable } from "../../Written.ts";
import type { Place, Teller, Text } from "../Finding.ts";
import { type Section, sectionsOf, type Setting, type Taking, taking } from "../Ini.ts";
import type { World } from "../Source.ts";

/** A unit of systemd: its files together. */
export interface UnitFile extends Place {
  /** `web@1.service`. */
  readonly name: string;
  /** Without the suffix: `web@1`. */
  readonly stem: string;
  readonly suffix: string;
  readonly folder: string;
  readonly instance: string;
  readonly sections: ReadonlyMap<string, Taking>;
}

/** Whether it is a drop-in: it lies in `NAME.d`. */
const dropInOf = ({ file }: Text): string | undefined => {
  const folder = basename(dirname(file));
  return file.endsWith(".conf") && folder.endsWith(".d") ? folder.slice(0, -2) : undefined;
};

/** In the order of systemd: of one key the last counts, and an empty one forgets those before it. */
const merged = (sections: ReadonlyArray<Section>): ReadonlyMap<string, Taking> =>
  new Map([...Map.groupBy(sections, ({ name }) => name)].map(([name, same]) => [name, taking(same.flatMap(({ settings }) => settings))]));

export const unitFilesOf = (files: ReadonlyArray<Text>, world: World, tell: Teller): ReadonlyArray<UnitFile> => {
  const given = files.flatMap((file) => {
    const of = dropInOf(file);
    return of === undefined ? [] : [{ of, file }];
  });
  return files.flatMap((file) => {
    if (dropInOf(file) !== undefined) return [];
    const name = file.instance ?? basename(file.file);
    const dot = name.lastIndexOf(".");
    const [stem, suffix] = [name.slice(0, dot === -1 ? undefined : dot), dot === -1 ? "" : name.slice(dot + 1)];
    const folder = dirname(file.file);
    // Those of a template hold for each of its instances, and its own come behind them.
    const template = stem.includes("@") ? `${stem.slice(0, stem.indexOf("@") + 1)}.${suffix}` : name;
    const names = [...new Set([template, name])];
    const found = names.flatMap((of) => {
      const beside = join(folder, `${of}.d`);
      return world
        .list(beside)
        .filter((each) => each.endsWith(".conf"))
        .flatMap((each) => {
          const path = join(beside, each);
          if (files.some((one) => one.file === path)) return [];
          const text = world.readFile(path);
          return text === null ? [] : [{ file: path, text }];
        });
    });
    const own = given.filter(({ of }) => names.includes(of)).map((each) => each.file);
    const parts = [file, ...found, ...own].flatMap((each) => sectionsOf(each, "systemd", tell));
    const instance = stem.includes("@") ? stem.slice(stem.indexOf("@") + 1) : "";
    return [{ of: file, start: 0, end: 0, name, stem, suffix, folder, instance, sections: merged(parts) }];
  });
};

/** The text of a setting; an empty one is none. */
export const textIn = (setting: Setting | undefined): string | undefined =>
  setting === undefined || setting.value === "" ? undefined : setting.value;

/** Those behind the last empty one. */
export const listIn = (settings: ReadonlyArray<Setting>): ReadonlyArray<Setting> =>
  settings.slice(settings.findLastIndex(({ value }) => value === "") + 1);

const unescaped = (text: string): string =>
  text.replaceAll("-", "/").replaceAll(/\\x([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Its values with their specifiers written out. What is the user's is a variable: the system's units are root's. */
export const specifiersOf = (unit: UnitFile, world: World, tell: Teller) => {
  const prefix = unit.stem.includes("@") ? unit.stem.slice(0, unit.stem.indexOf("@")) : unit.stem;
  const table: Readonly<Record<string, string>> = {
    n: unit.name,
    N: unit.stem,
    p: prefix,
    P: unescaped(prefix),
    i: unit.instance,
    I: unescaped(unit.instance),
    f: `/${unescaped(unit.instance || prefix)}`,
    j: prefix.split("-").at(-1)!,
    H: world.hostname,
    l: world.hostname.split(".")[0]!,
    h: variable("HOME", "/root"),
    u: variable("USER", "root"),
    s: variable("SHELL", "/bin/sh"),
    t: variable("XDG_RUNTIME_DIR", "/run"),
    S: "/var/lib",
    C: "/var/cache",
    L: "/var/log",
    E: "/etc",
    T: "/tmp",
    V: "/var/tmp",
    "%": "%",
  };
  return (setting: Setting): string =>
    setting.value.replaceAll(/%([A-Za-z%])/g, (whole, letter: string) => {
      if (Object.hasOwn(table, letter)) return table[letter]!;
      tell.other(setting, `${whole} is not known here: it stays as it is`);
      return whole;
    });
};
