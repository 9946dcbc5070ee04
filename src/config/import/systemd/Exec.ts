/**
 * Command lines of systemd: prefixes, words, and variables, which systemd puts in itself. What is known when the file is read is put in here; for all else a
 * shell does it when the unit starts. Pure.
 */
import { quoted } from "../Words.ts";
import { wordsIn } from "./Values.ts";

export interface Command {
  /** Of `-@:+!`. */
  readonly prefix: string;
  readonly words: ReadonlyArray<string>;
}

/** Commands of one line: `;` as a word of its own is between two. Null: a quote is not closed. */
export const commandsOf = (text: string): ReadonlyArray<Command> | null => {
  const words = wordsIn(text);
  if (words === null) return null;
  const commands: Array<{ prefix: string; words: Array<string> }> = [];
  let isNew = true;
  for (const word of words) {
    if (word === ";") {
      isNew = true;
      continue;
    }
    if (isNew) {
      const [, prefix = "", program = ""] = /^([-@:+!|]*)(.*)$/s.exec(word) ?? [];
      commands.push({ prefix, words: [program] });
    } else commands.at(-1)!.words.push(word);
    isNew = false;
  }
  // Behind `@` comes the name that the program is told it has.
  return commands.map(({ prefix, words: [program = "", name, ...rest] }) => ({
    prefix,
    words: prefix.includes("@") ? [program, ...rest] : [program, ...(name === undefined ? [] : [name, ...rest])],
  }));
};

const VARIABLE = /\$\$|\$\{([A-Za-z_]\w*)\}|^\$([A-Za-z_]\w*)$/g;

/** With what is known put in; null: somebody else has to. */
const known = (words: ReadonlyArray<string>, environment: Readonly<Record<string, string>>): ReadonlyArray<string> | null => {
  let isWhole = true;
  const value = (name: string): string => {
    if (Object.hasOwn(environment, name)) return environment[name]!;
    isWhole = false;
    return "";
  };
  const made = words.flatMap((word) => {
    const alone = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1];
    if (alone !== undefined)
      return value(alone)
        .split(/\s+/)
        .filter((part) => part !== "");
    return [word.replaceAll(VARIABLE, (_, name: string | undefined) => (name === undefined ? "$" : value(name)))];
  });
  return isWhole ? made : null;
};

/** For a shell: variables stay what they are, and nothing else is one. */
const shellWord = (word: string): string => {
  if (/^\$[A-Za-z_]\w*$/.test(word)) return word;
  if (!/\$\{[A-Za-z_]\w*\}/.test(word)) return quoted(word.replaceAll("$$", () => "$"));
  const safe = word
    .split(/(\$\{[A-Za-z_]\w*\})/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll("$$", () => "$").replaceAll(/["\\`$]/g, (char) => `\\${char}`)));
  return `"${safe.join("")}"`;
};

const lineOf = (command: Command): string => command.words.map(shellWord).join(" ");
const isIgnored = ({ prefix }: Command): boolean => prefix.includes("-");
const stepOf = (command: Command): string => (isIgnored(command) ? `{ ${lineOf(command)} || :; }` : lineOf(command));

/** One program for all of them: those before the last one have to end well. */
export const programOf = (
  before: ReadonlyArray<Command>,
  main: ReadonlyArray<Command>,
  environment: Readonly<Record<string, string>>,
): { readonly executable: string; readonly args: ReadonlyArray<string> } => {
  const all = [...before, ...main];
  const last = all.at(-1);
  const plain = all.length === 1 && last !== undefined && !isIgnored(last) ? known(last.words, environment) : null;
  const [executable, ...args] = plain ?? [];
  if (executable !== undefined) return { executable: executable, args: args };
  const end = last === undefined ? "" : isIgnored(last) ? stepOf(last) : `exec ${lineOf(last)}`;
  const line = [...all.slice(0, -1).map(stepOf), end].join(" && ");
  // systemd takes words apart and does not look for files.
  const globs = all.some(({ words }) => words.some((word) => /^\$[A-Za-z_]\w*$/.test(word)));
  return { executable: "/bin/sh", args: ["-c", globs ? `set -f; ${line}` : line] };
};

/** The signal that a command sends to the main process and does nothing else; undefined: it is no such command. */
export const signalOf = (command: Command | undefined): string | undefined => {
  const [program = "", ...args] = command?.words ?? [];
  if (!/(^|\/)kill$/.test(program) || args.at(-1) !== "$MAINPID") return undefined;
  const said = args.slice(0, -1).join(" ");
  if (said === "") return "TERM";
  return /^-(?:s\s*|n\s*)?([A-Za-z0-9+]+)$/.exec(said)?.[1];
};
