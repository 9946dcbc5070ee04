/**
 * A command line as words, as a POSIX shell, Python's shlex and Docker take it: quotes and backslashes, and nothing that a shell would do. Pure.
 */

/** Null: a quote is not closed. */
export const wordsOf = (text: string): ReadonlyArray<string> | null => {
  const words: Array<string> = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return null;
      word = (word ?? "") + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      let inside = "";
      for (at++; text[at] !== '"'; at++) {
        if (at >= text.length) return null;
        // In double quotes a backslash is one unless it stands before what it can quote.
        if (text[at] === "\\" && /["\\$`]/.test(text[at + 1] ?? "")) at++;
        inside += text[at]!;
      }
      word = (word ?? "") + inside;
    } else if (char === "\\") {
      if (at + 1 >= text.length) return null;
      at++;
      word = (word ?? "") + text[at]!;
    } else word = (word ?? "") + char;
  }
  if (word !== null) words.push(word);
  return words;
};

/** What only a shell does something with. */
const needsShell = (text: string): boolean => /[$`;&|<>()*?~#\n[\]{}!]|^\s*[A-Za-z_]\w*=/.test(text);

/** What is more than one command, or no command alone: it cannot be put behind `exec`. */
const isCompound = (text: string): boolean =>
  /[;&|()`\n{}!]|^\s*([A-Za-z_]\w*=|exec\s|(cd|if|for|while|until|case|source|export|set|umask|ulimit|\.)\s)/.test(text);

/** A program and its arguments for a line of a shell: the program itself where nothing in it needs one. */
export const commandOf = (given: string): { readonly executable: string; readonly args: ReadonlyArray<string> } => {
  // It is executed anyway.
  const line = given.replace(/^\s*exec\s+(?=[^-\s<>\d])/, "");
  const words = needsShell(line) ? null : wordsOf(line);
  const [executable, ...args] = words ?? [];
  if (executable !== undefined && executable !== "") return { executable, args };
  return { executable: "sh", args: ["-c", isCompound(line) ? line : `exec ${line}`] };
};

/** In a line of a shell, the word that is this text. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
