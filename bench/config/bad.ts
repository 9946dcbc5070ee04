/**
 * Texts and files that are no config, each of them bad in a way of its own: none may take a reader more than two seconds and 200 MB.
 */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const letters = Array.from("bcdefghi");
const before = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) - 1);
const unit = (id: string, more = "", control = "executable: sleep"): string =>
  `- id: ${id}\n  management: { control: { ${control} } }\n${more}`;
const list = (count: number, entry: (index: number) => string): string =>
  `managed_processes:\n${Array.from({ length: count }, (_, index) => entry(index)).join("")}`;
/** As large as a file may be. */
const MOST = 16 * 1024 * 1024;
const upTo = (length: number, head: string, piece: string): string =>
  head + piece.repeat(Math.floor((length - head.length) / piece.length));

type Make = string | Buffer | ((path: string) => void);
/** What it is; its text, or what puts it there; and flags of `hsu validate`. */
export type Bad = readonly [name: string, make: Make, ...flags: ReadonlyArray<string>];

export const badInputs = (): ReadonlyArray<Bad> => [
  [
    "bomb of aliases",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${letters.map((name) => `${name}: &${name} [${`*${before(name)},`.repeat(9)}]\n`).join("")}`,
  ],
  ["bomb of merges", `a: &a {x: 1}\n${lines(1000, (index) => `k${index}: {<<: [${"*a,".repeat(200)}]}`)}`],
  ["alias in itself", "managed_processes: &a\n- id: x\n  management: *a\n"],
  ["20,000 anchors", `managed_processes: []\n${lines(20_000, (index) => `k${index}: &a${index} 1`)}`],
  [
    "an anchor in each of 40,000 units",
    list(40_000, (index) => `- &a${index}\n  id: u${index}\n  management: { control: { executable: sleep } }\n`),
  ],
  ["100 MB", (path) => (writeFileSync(path, ""), truncateSync(path, 100 * 1024 * 1024))],
  ["a file without end", (path) => symlinkSync("/dev/zero", path)],
  ["16 MB of units without an executable", upTo(MOST, "managed_processes:\n", "- id: a\n  management: {}\n")],
  ["16 MB of units of one name", upTo(MOST, "managed_processes:\n", unit("a"))],
  ["16 MB of unknown keys", upTo(MOST, "process_manager:\n", "  kkkkkkkk: 1\n")],
  ["16 MB of brackets", upTo(MOST, "a: ", "[")],
  ["16 MB of one text", upTo(MOST, "a: |\n", "  some text in a line\n")],
  ["16 MB of comments", upTo(MOST, "", "# comment\n")],
  ["16 MB of lines of dashes", upTo(MOST, "managed_processes:\n", "-\n")],
  ["16 MB in one line", upTo(MOST, "managed_processes: ", "x, ")],
  ["the same key 10,000 times", `process_manager: {${"port: 1, ".repeat(10_000)}}\n`],
  ["the same unit 40,000 times", list(40_000, () => unit("a"))],
  ["20,000 unknown keys", `process_manager:\n${lines(20_000, (index) => `  k${index}: 1`)}\nmanaged_processes: []\n`],
  ["an unknown key in each of 40,000 units", list(40_000, (index) => unit(`u${index}`, "  magement: 1\n"))],
  ["all 40,000 findings", list(40_000, (index) => unit(`u${index}`, "  magement: 1\n")), "--all"],
  ["all 40,000 findings, as JSON", list(40_000, (index) => unit(`u${index}`, "  magement: 1\n")), "-o", "json"],
  ["a circle of 10,000 units", list(10_000, (index) => unit(`u${index}`, `  after: [u${(index + 1) % 10_000}]\n`))],
  ["tabs", "managed_processes:\n\t- id: a\n"],
  ["a byte order mark in the middle", "managed_processes:\n\ufeff- id: a\n"],
  ["UTF-16", Buffer.from("\ufeffmanaged_processes: []\n", "utf16le")],
  ["16 MB of bytes", Buffer.alloc(MOST, 0xfe)],
  ["a key __proto__", `managed_processes:\n- { id: b, __proto__: { management: {} }, management: { control: { executable: x } } }\n`],
  ["an id out of its folder", `managed_processes:\n${unit('"../../etc/x"')}`],
  ["an include of everything", `include: ["/**/*.yaml"]\nmanaged_processes: []\n`],
  ["an include of itself", (path) => writeFileSync(path, `include: ["${path}"]\nmanaged_processes: []\n`)],
  ["an include out of its folder", `include: ["../../../etc/passwd"]\nmanaged_processes: []\n`],
  [
    "16 MB that it includes",
    (path) => {
      mkdirSync(`${path}.d`, { recursive: true });
      writeFileSync(join(`${path}.d`, "a.yaml"), upTo(MOST, "managed_processes:\n", unit("a")));
      writeFileSync(path, `include: ["${path}.d/*.yaml"]\nmanaged_processes: []\n`);
    },
  ],
  ["a million instances", `managed_processes:\n- id: a\n  count: 1000000\n  management: { control: { executable: sleep } }\n`],
  ["a template of itself", `templates: { a: { extends: a } }\nmanaged_processes:\n${unit("a", "  extends: a\n")}`],
  ["150 levels", `${lines(150, (level) => `${" ".repeat(level)}a:`)}\n`],
  [
    "150 levels of groups",
    `managed_processes:\n${lines(150, (level) => `${"  ".repeat(level)}- id: g${level}\n${"  ".repeat(level)}  children:`)}\n`,
  ],
];

export const put = (path: string, make: Make): void => {
  if (typeof make === "function") make(path);
  else writeFileSync(path, make);
};
