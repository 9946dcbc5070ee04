/**
 * Files of sections and settings, `[section]` and `key=value`, with the place of each: as systemd and as Python's ConfigParser read them. Parsers of
 * npm keep no places. Pure.
 */
import type { Place, Teller, Text } from "./Finding.ts";

/** A setting; its place is that of its key. */
export interface Setting extends Place {
  readonly key: string;
  readonly value: string;
  /** Where the value begins. */
  readonly at: number;
}

/** A section; its place is that of its title. */
export interface Section extends Place {
  readonly name: string;
  readonly settings: ReadonlyArray<Setting>;
}

type Style = "systemd" | "supervisord";

interface Line {
  readonly text: string;
  readonly start: number;
}

const linesIn = (text: string): ReadonlyArray<Line> => {
  let start = 0;
  return text.split("\n").map((raw) => {
    const line = { text: raw.replace(/\r$/, ""), start };
    start += raw.length + 1;
    return line;
  });
};

/** Of ConfigParser: a comment behind a value begins with white space. */
const withoutComment = (value: string): string => value.replace(/(^|\s)[;#].*$/, "").trimEnd();

/** Lines that go on: with a backslash at the end of the one before (systemd), or with white space before them (ConfigParser). */
const joined = (lines: ReadonlyArray<Line>, index: number, first: string, style: Style): readonly [value: string, next: number] => {
  let next = index + 1;
  if (style === "systemd") {
    let value = first;
    while (value.endsWith("\\") && next < lines.length) {
      const { text } = lines[next++]!;
      // Comments in between are none of it.
      if (!/^\s*[#;]/.test(text)) value = `${value.slice(0, -1)} ${text.trim()}`;
    }
    return [value.trim(), next];
  }
  const parts = [withoutComment(first)];
  for (; next < lines.length && /^\s+\S/.test(lines[next]!.text); next++) {
    if (!/^\s*[#;]/.test(lines[next]!.text)) parts.push(withoutComment(lines[next]!.text).trim());
  }
  return [parts.join("\n").trim(), next];
};

/** What is neither is told. */
export const sectionsOf = (of: Text, style: Style, { wrong }: Teller): ReadonlyArray<Section> => {
  const lines = linesIn(of.text.replace(/^\ufeff/, " "));
  const sections: Array<Section & { readonly settings: Array<Setting> }> = [];
  for (let index = 0; index < lines.length;) {
    const { start, text } = lines[index]!;
    const place = (from: number, length: number): Place => ({ of, start: start + from, end: start + from + length });
    const indent = text.length - text.trimStart().length;
    if (/^\s*([#;]|$)/.test(text)) {
      index++;
      continue;
    }
    const title = /^\s*\[([^\]]*)\]/.exec(text);
    if (title !== null) {
      sections.push({ name: title[1]!.trim(), ...place(indent, title[0].length - indent), settings: [] });
      index++;
      continue;
    }
    const [, key, mark] = (style === "systemd" ? /^\s*([^=\s][^=]*?)(\s*=\s*)/ : /^\s*([^=:\s][^=:]*?)(\s*[=:]\s*)/).exec(text) ?? [];
    const section = sections.at(-1);
    if (key === undefined || mark === undefined || section === undefined) {
      wrong(
        place(indent, text.trim().length),
        section === undefined ? "a line before the first [section]" : "neither [section] nor key=value",
      );
      index++;
      continue;
    }
    const from = indent + key.length + mark.length;
    const [value, next] = joined(lines, index, text.slice(from), style);
    section.settings.push({ key, value, at: start + from, ...place(indent, key.length) });
    index = next;
  }
  return sections;
};

/** What is asked of a section is taken, and what nobody has taken is known. The last one of a key counts. */
export const taking = (settings: ReadonlyArray<Setting>) => {
  const taken = new Set<string>();
  return {
    take: (key: string): Setting | undefined => {
      taken.add(key);
      return settings.findLast((setting) => setting.key === key);
    },
    /** All of a key, in their order. */
    takeAll: (key: string): ReadonlyArray<Setting> => {
      taken.add(key);
      return settings.filter((setting) => setting.key === key);
    },
    rest: (): ReadonlyArray<Setting> => settings.filter(({ key }) => !taken.has(key)),
  };
};
export type Taking = ReturnType<typeof taking>;
